// h[first_row + r, :] += vectors[vector_row, :]
// grid: (ceil(d_model / NUMBERS_A_WORD / WORKGROUP_SIZE), rows)
#define RESIDUAL residual_f32
#define ACCESS read_write
#define TARGET h
#include "RESIDUAL.wgsl"
override WORKGROUP_SIZE: u32 = 64u;

struct Params {
  d_model: u32,
  first_row: u32,
  vector_row: u32,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(2) var<storage, read> vectors: array<f32>; // (steps, d_model), coefficients multiplied in

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let words = params.d_model / NUMBERS_A_WORD;
  if (id.x < words) {
    let word = (params.first_row + id.y) * words + id.x;
    let i = params.vector_row * params.d_model + id.x * NUMBERS_A_WORD;
    TARGET[word] = pack_word(word, load_word(word) + vec2f(vectors[i], vectors[i + NUMBERS_A_WORD - 1u]));
  }
}
