// The residual stream as a sum that the next kernel is about to form, h = trunk + branch, both f16, two numbers a word. What changes h is written into the branch.
const NUMBERS_A_WORD = 2u;
@group(0) @binding(1) var<storage, read> trunk: array<u32>; // (tokens, d_model / 2)
@group(0) @binding(4) var<storage, ACCESS> branch: array<u32>; // (tokens, d_model / 2)

fn load_word(word: u32) -> vec2f {
  return unpack2x16float(trunk[word]) + unpack2x16float(branch[word]);
}

fn pack_word(word: u32, numbers: vec2f) -> u32 {
  return pack2x16float(numbers - unpack2x16float(trunk[word]));
}
