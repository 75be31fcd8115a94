// out[r, :] = x[first_row + r, :] / sqrt(mean(x[first_row + r, :]^2) + eps) * weight
// A row too large for its squares to be summed in f32 gives NaN, not the zeros that 1 / sqrt(infinity) would: the sampler then tells.
// grid: (rows); one workgroup a row
#include "is_finite.wgsl"
#include "workgroup_sum.wgsl"

struct Params {
  width: u32,
  first_row: u32,
  eps: f32,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>; // (first_row + rows, width)
@group(0) @binding(2) var<storage, read> weight: array<f32>; // (width)
@group(0) @binding(3) var<storage, read_write> out: array<f32>; // (rows, width)

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) lane: u32) {
  let source = (params.first_row + workgroup.x) * params.width;
  let target_row = workgroup.x * params.width;
  var squares = 0.0;
  for (var i = lane; i < params.width; i += WORKGROUP_SIZE) {
    squares += x[source + i] * x[source + i];
  }
  squares = workgroup_sum(squares, lane);
  var scale = inverseSqrt(squares / f32(params.width) + params.eps);
  if (!is_finite(squares)) {
    scale = bitcast<f32>(bitcast<u32>(squares) | 0x7fc00000u);
  }
  for (var i = lane; i < params.width; i += WORKGROUP_SIZE) {
    out[target_row + i] = x[source + i] * scale * weight[i];
  }
}
