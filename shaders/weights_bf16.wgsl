// Weights stored as bf16, two to a word: the upper half of an f32. Row-major; index counts groups of four.
@group(0) @binding(1) var<storage, read> weight: array<vec2u>; // (rows, columns / 4)

fn load_weight4(index: u32) -> vec4f {
  let packed = weight[index];
  let low = bitcast<vec2f>(packed << vec2u(16u));
  let high = bitcast<vec2f>(packed & vec2u(0xffff0000u));
  return vec4f(low.x, high.x, low.y, high.y);
}
