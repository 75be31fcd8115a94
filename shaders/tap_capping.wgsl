// h <- h + (clamp(<h, u>, lowest, highest) - <h, u>) u,   u = vectors[vector_row, :], |u| = 1
// Capping with a floor, a ceiling or both; ablation is lowest = highest = 0, clamping lowest = highest = target.
// A row that is inside its bounds is not written, so it stays bit for bit as it was.
// grid: (rows); one workgroup a row
#define RESIDUAL residual_f32
#define ACCESS read_write
#define TARGET h
#include "RESIDUAL.wgsl"
#include "workgroup_sum.wgsl"

struct Params {
  d_model: u32,
  first_row: u32,
  vector_row: u32,
  lowest: f32,
  highest: f32,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(2) var<storage, read> vectors: array<f32>; // (steps, d_model)

/// Numbers of u beside a word of h.
fn load_unit(word: u32) -> vec2f {
  let i = params.vector_row * params.d_model + word * NUMBERS_A_WORD;
  return vec2f(vectors[i], vectors[i + NUMBERS_A_WORD - 1u]);
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) lane: u32) {
  let words = params.d_model / NUMBERS_A_WORD;
  let row = (params.first_row + workgroup.x) * words;
  var reading = 0.0;
  for (var i = lane; i < words; i += WORKGROUP_SIZE) {
    reading += dot(load_word(row + i), load_unit(i));
  }
  reading = workgroup_sum(reading, lane);
  let change = clamp(reading, params.lowest, params.highest) - reading;
  if (change == 0.0) {
    return;
  }
  for (var i = lane; i < words; i += WORKGROUP_SIZE) {
    TARGET[row + i] = pack_word(row + i, load_word(row + i) + change * load_unit(i));
  }
}
