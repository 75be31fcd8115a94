// out[out_row + t, o] (+)= sum_i weight[o, i] * x[t, i], an output an invocation
// For a CPU that plays GPU: with a barrier it saves and restores every invocation's variables.
// grid: (ceil(outputs / WORKGROUP_SIZE), tokens); columns is a multiple of 4
#define WEIGHTS weights_f32
#include "WEIGHTS.wgsl"
override WORKGROUP_SIZE: u32 = 64u;
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

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) invocation: vec3u) {
  let output = invocation.x;
  let token = invocation.y;
  if (output >= params.outputs) {
    return;
  }
  let columns = params.columns / 4u;
  let weight_row = output * columns;
  let x_row = token * columns;
  var sum = 0.0;
  for (var i = 0u; i < columns; i++) {
    sum += dot(load_weight4(weight_row + i), x[x_row + i]);
  }
  let at = (params.out_row + token) * params.outputs + output;
  out[at] = select(sum, out[at] + sum, ACCUMULATE);
}
