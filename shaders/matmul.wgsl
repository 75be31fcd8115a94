// out[out_row + t, o] (+)= sum_i x[t, i] * weight[o, i]: several tokens, prefill's matrix product
// A workgroup of 8 x 8 invocations computes a tile of 32 tokens x 32 outputs, 4 x 4 an invocation, 16 columns at a time.
// grid: (ceil(outputs / 32), ceil(tokens / 32)); columns is a multiple of 4
#define WEIGHTS weights_f32
#include "WEIGHTS.wgsl"
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

const TILE = 32u; // tokens, and outputs, of a workgroup
const DEPTH = 4u; // vec4 columns a step
var<workgroup> x_tile: array<vec4f, 128>; // (TILE, DEPTH)
var<workgroup> weight_tile: array<vec4f, 128>; // (TILE, DEPTH)

@compute @workgroup_size(8, 8)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(local_invocation_id) local: vec3u,
  @builtin(local_invocation_index) index: u32,
) {
  let columns = params.columns / 4u;
  let first_output = workgroup.x * TILE;
  let first_token = workgroup.y * TILE;
  var sums: array<vec4f, 4>; // [token][output]
  for (var start = 0u; start < columns; start += DEPTH) {
    for (var i = index; i < TILE * DEPTH; i += 64u) {
      let row = i / DEPTH;
      let column = start + i % DEPTH;
      let token = first_token + row;
      let output = first_output + row;
      x_tile[i] = vec4f();
      weight_tile[i] = vec4f();
      if (column < columns && token < params.tokens) {
        x_tile[i] = x[token * columns + column];
      }
      if (column < columns && output < params.outputs) {
        weight_tile[i] = load_weight4(output * columns + column);
      }
    }
    workgroupBarrier();
    for (var k = 0u; k < DEPTH; k++) {
      let w0 = weight_tile[(local.x * 4u) * DEPTH + k];
      let w1 = weight_tile[(local.x * 4u + 1u) * DEPTH + k];
      let w2 = weight_tile[(local.x * 4u + 2u) * DEPTH + k];
      let w3 = weight_tile[(local.x * 4u + 3u) * DEPTH + k];
      for (var t = 0u; t < 4u; t++) {
        let v = x_tile[(local.y * 4u + t) * DEPTH + k];
        sums[t] += vec4f(dot(v, w0), dot(v, w1), dot(v, w2), dot(v, w3));
      }
    }
    workgroupBarrier();
  }
  for (var t = 0u; t < 4u; t++) {
    let token = first_token + local.y * 4u + t;
    for (var o = 0u; o < 4u; o++) {
      let output = first_output + local.x * 4u + o;
      if (token < params.tokens && output < params.outputs) {
        let at = (params.out_row + token) * params.outputs + output;
        out[at] = select(sums[t][o], out[at] + sums[t][o], ACCUMULATE);
      }
    }
  }
}
