// out[t, :] = weight[token_ids[t], :]
// grid: (ceil(d_model / 4 / WORKGROUP_SIZE), tokens); d_model is a multiple of 4
#define WEIGHTS weights_f32
#include "WEIGHTS.wgsl"
override WORKGROUP_SIZE: u32 = 64u;

struct Params {
  d_model: u32,
  d_vocab: u32,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(2) var<storage, read> token_ids: array<u32>; // (tokens)
@group(0) @binding(3) var<storage, read_write> out: array<vec4f>; // (tokens, d_model / 4)

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let columns = params.d_model / 4u;
  if (id.x >= columns) {
    return;
  }
  let token_id = min(token_ids[id.y], params.d_vocab - 1u);
  out[id.y * columns + id.x] = load_weight4(token_id * columns + id.x);
}
