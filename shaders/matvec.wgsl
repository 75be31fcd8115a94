// out[out_row + t, o] (+)= sum_i weight[o, i] * x[t, i]: decode's matrix product
// LANES invocations share an output, so that they read its weights side by side.
// grid: (ceil(outputs / (WORKGROUP_SIZE / LANES)), tokens); columns is a multiple of 4
#define WEIGHTS weights_f32
#include "WEIGHTS.wgsl"
override WORKGROUP_SIZE: u32 = 64u;
override LANES: u32 = 16u;
override ACCUMULATE: bool = false;

struct Params {
  tokens: u32,
  columns: u32,
  outputs: u32,
  out_row: u32,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(2) var<storage, read> x: array<vec4f>; // (tokens, columns / 4)
@group(0) @binding(3) var<storage, read_write> out: array<f32>; // (out_row + tokens, outputs)

var<workgroup> partial_dots: array<f32, WORKGROUP_SIZE>;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) index: u32) {
  let lane = index % LANES;
  let output = workgroup.x * (WORKGROUP_SIZE / LANES) + index / LANES;
  let token = workgroup.y;
  let columns = params.columns / 4u;
  var sum = 0.0;
  if (output < params.outputs) {
    for (var i = lane; i < columns; i += LANES) {
      sum += dot(load_weight4(output * columns + i), x[token * columns + i]);
    }
  }
  partial_dots[index] = sum;
  workgroupBarrier();
  if (lane != 0u || output >= params.outputs) {
    return;
  }
  for (var i = 1u; i < LANES; i++) {
    sum += partial_dots[index + i];
  }
  let at = (params.out_row + token) * params.outputs + output;
  out[at] = select(sum, out[at] + sum, ACCUMULATE);
}
