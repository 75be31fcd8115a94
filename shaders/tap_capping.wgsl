// h <- h + (clamp(<h, u>, lowest, highest) - <h, u>) u,   u = vectors[vector_row, :], |u| = 1
// Capping with a floor, a ceiling or both; ablation is lowest = highest = 0, clamping lowest = highest = target.
// A row that is inside its bounds is not written, so it stays bit for bit as it was.
// grid: (rows); one workgroup a row
#include "workgroup_sum.wgsl"

struct Params {
  d_model: u32,
  first_row: u32,
  vector_row: u32,
  lowest: f32,
  highest: f32,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> vectors: array<f32>; // (steps, d_model)
@group(0) @binding(2) var<storage, read_write> h: array<f32>; // (tokens, d_model)

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row = (params.first_row + workgroup.x) * params.d_model;
  let vector = params.vector_row * params.d_model;
  var dot = 0.0;
  for (var i = lane; i < params.d_model; i += WORKGROUP_SIZE) {
    dot += h[row + i] * vectors[vector + i];
  }
  dot = workgroup_sum(dot, lane);
  let change = clamp(dot, params.lowest, params.highest) - dot;
  if (change == 0.0) {
    return;
  }
  for (var i = lane; i < params.d_model; i += WORKGROUP_SIZE) {
    h[row + i] += change * vectors[vector + i];
  }
}
