// readings[first_slot + p, t] = <h[t, :], vectors[vector_row + p, :]>
// grid: (tokens, probes); one workgroup a reading
#define RESIDUAL residual_f32
#define ACCESS read
#include "RESIDUAL.wgsl"
#include "workgroup_sum.wgsl"

struct Params {
  d_model: u32,
  vector_row: u32,
  first_slot: u32,
  tokens: u32,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(2) var<storage, read> vectors: array<f32>; // (probes of all layers, d_model)
@group(0) @binding(3) var<storage, read_write> readings: array<f32>; // (slots, tokens)

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) lane: u32) {
  let words = params.d_model / NUMBERS_A_WORD;
  let row = workgroup.x * words;
  let vector = (params.vector_row + workgroup.y) * params.d_model;
  var reading = 0.0;
  for (var i = lane; i < words; i += WORKGROUP_SIZE) {
    let v = vector + i * NUMBERS_A_WORD;
    reading += dot(load_word(row + i), vec2f(vectors[v], vectors[v + NUMBERS_A_WORD - 1u]));
  }
  reading = workgroup_sum(reading, lane);
  if (lane == 0u) {
    readings[(params.first_slot + workgroup.y) * params.tokens + workgroup.x] = reading;
  }
}
