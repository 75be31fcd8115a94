// Weights stored as f32. Row-major; index counts groups of four.
@group(0) @binding(1) var<storage, read> weight: array<vec4f>; // (rows, columns / 4)

fn load_weight4(index: u32) -> vec4f {
  return weight[index];
}
