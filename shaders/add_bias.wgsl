// x[first_row + r, :] += bias
// grid: (ceil(width / WORKGROUP_SIZE), rows)
override WORKGROUP_SIZE: u32 = 64u;

struct Params {
  width: u32,
  first_row: u32,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> bias: array<f32>; // (width)
@group(0) @binding(2) var<storage, read_write> x: array<f32>; // (first_row + rows, width)

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x < params.width) {
    x[(params.first_row + id.y) * params.width + id.x] += bias[id.x];
  }
}
