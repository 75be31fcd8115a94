// h[first_row + r, :] += vectors[vector_row, :]
// grid: (ceil(d_model / WORKGROUP_SIZE), rows)
override WORKGROUP_SIZE: u32 = 64u;

struct Params {
  d_model: u32,
  first_row: u32,
  vector_row: u32,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> vectors: array<f32>; // (steps, d_model), coefficients multiplied in
@group(0) @binding(2) var<storage, read_write> h: array<f32>; // (tokens, d_model)

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x < params.d_model) {
    h[(params.first_row + id.y) * params.d_model + id.x] += vectors[params.vector_row * params.d_model + id.x];
  }
}
