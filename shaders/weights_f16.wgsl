// Weights stored as f16, two to a word: unpacking needs no shader-f16 feature. Row-major; index counts groups of four.
@group(0) @binding(1) var<storage, read> weight: array<vec2u>; // (rows, columns / 4)

fn load_weight4(index: u32) -> vec4f {
  let packed = weight[index];
  return vec4f(unpack2x16float(packed.x), unpack2x16float(packed.y));
}
