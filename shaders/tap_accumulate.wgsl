// sums[slot, :] += sum over r < rows of h[first_row + r, :]
// grid: (ceil(d_model / NUMBERS_A_WORD / WORKGROUP_SIZE))
#define RESIDUAL residual_f32
#define ACCESS read
#include "RESIDUAL.wgsl"
override WORKGROUP_SIZE: u32 = 64u;

struct Params {
  d_model: u32,
  first_row: u32,
  rows: u32,
  slot: u32,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(2) var<storage, read_write> sums: array<f32>; // (slots, d_model)

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let words = params.d_model / NUMBERS_A_WORD;
  if (id.x >= words) {
    return;
  }
  var sum = vec2f();
  for (var r = 0u; r < params.rows; r++) {
    sum += load_word((params.first_row + r) * words + id.x);
  }
  let i = params.slot * params.d_model + id.x * NUMBERS_A_WORD;
  sums[i] += sum.x;
  if (NUMBERS_A_WORD == 2u) {
    sums[i + 1u] += sum.y;
  }
}
