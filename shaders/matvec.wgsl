// out[out_row + t, o] (+)= sum_i weight[o, i] * x[t, i]: decode's matrix product, TOKENS tokens a workgroup
// LANES invocations share an output, so that they read its weights side by side. More than one token reads them once for all.
// grid: (ceil(outputs / (WORKGROUP_SIZE / LANES)), ceil(tokens / TOKENS)); columns is a multiple of 4
#define WEIGHTS weights_f32
#define TOKENS 1
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

const tokens_a_workgroup = u32(TOKENS);
var<workgroup> partial_dots: array<array<f32, tokens_a_workgroup>, WORKGROUP_SIZE>;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) index: u32) {
  let lane = index % LANES;
  let output = workgroup.x * (WORKGROUP_SIZE / LANES) + index / LANES;
  let first_token = workgroup.y * tokens_a_workgroup;
  let columns = params.columns / 4u;
  var sums: array<f32, tokens_a_workgroup>;
  if (output < params.outputs) {
    for (var i = lane; i < columns; i += LANES) {
      let weights = load_weight4(output * columns + i);
      for (var t = 0u; t < tokens_a_workgroup; t++) {
        // Past the last token, that one again: a fixed count unrolls.
        sums[t] += dot(weights, x[min(first_token + t, params.tokens - 1u) * columns + i]);
      }
    }
  }
  partial_dots[index] = sums;
  workgroupBarrier();
  if (lane != 0u || output >= params.outputs) {
    return;
  }
  for (var t = 0u; t < min(tokens_a_workgroup, params.tokens - first_token); t++) {
    var sum = sums[t];
    for (var i = 1u; i < LANES; i++) {
      sum += partial_dots[index + i][t];
    }
    let at = (params.out_row + first_token + t) * params.outputs + output;
    out[at] = select(sum, out[at] + sum, ACCUMULATE);
  }
}
