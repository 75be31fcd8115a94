// The residual stream stored as f32, a number a word.
const NUMBERS_A_WORD = 1u;
@group(0) @binding(1) var<storage, ACCESS> h: array<f32>; // (tokens, d_model)

fn load_word(word: u32) -> vec2f {
  return vec2f(h[word], 0.0);
}

fn pack_word(_word: u32, numbers: vec2f) -> f32 {
  return numbers.x;
}
