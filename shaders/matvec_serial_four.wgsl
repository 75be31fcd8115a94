// out[out_row + t, o] (+)= sum_i weight[o, i] * x[t, i], an output of four tokens an invocation, which reads its weights once for all
// For a CPU that plays GPU, as matvec_serial.wgsl. The four sums have names: an array that a loop runs through would lie in memory.
// grid: (ceil(outputs / WORKGROUP_SIZE), ceil(tokens / 4)); columns is a multiple of 4
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
  if (output >= params.outputs) {
    return;
  }
  let columns = params.columns / 4u;
  let weight_row = output * columns;
  // Past the last token, that one again.
  let token = invocation.y * 4u;
  let x_rows = min(token + vec4u(0u, 1u, 2u, 3u), vec4u(params.tokens - 1u)) * columns;
  var a = 0.0;
  var b = 0.0;
  var c = 0.0;
  var d = 0.0;
  for (var i = 0u; i < columns; i++) {
    let weights = load_weight4(weight_row + i);
    a += dot(weights, x[x_rows.x + i]);
    b += dot(weights, x[x_rows.y + i]);
    c += dot(weights, x[x_rows.z + i]);
    d += dot(weights, x[x_rows.w + i]);
  }
  let sums = vec4f(a, b, c, d);
  for (var t = 0u; t < min(4u, params.tokens - token); t++) {
    let at = (params.out_row + token + t) * params.outputs + output;
    out[at] = select(sums[t], out[at] + sums[t], ACCUMULATE);
  }
}
