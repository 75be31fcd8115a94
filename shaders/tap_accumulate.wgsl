// sums[slot, :] += sum over r < rows of h[first_row + r, :]
// grid: (ceil(d_model / WORKGROUP_SIZE))
override WORKGROUP_SIZE: u32 = 64u;

struct Params {
  d_model: u32,
  first_row: u32,
  rows: u32,
  slot: u32,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> h: array<f32>; // (tokens, d_model)
@group(0) @binding(2) var<storage, read_write> sums: array<f32>; // (slots, d_model)

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= params.d_model) {
    return;
  }
  var sum = 0.0;
  for (var r = 0u; r < params.rows; r++) {
    sum += h[(params.first_row + r) * params.d_model + id.x];
  }
  sums[params.slot * params.d_model + id.x] += sum;
}
