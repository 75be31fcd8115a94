// The residual stream stored as f16, two numbers a word: unpacking and packing need no shader-f16 feature. d_model is even.
const NUMBERS_A_WORD = 2u;
@group(0) @binding(1) var<storage, ACCESS> h: array<u32>; // (tokens, d_model / 2)

fn load_word(word: u32) -> vec2f {
  return unpack2x16float(h[word]);
}

fn pack_word(_word: u32, numbers: vec2f) -> u32 {
  return pack2x16float(numbers);
}
