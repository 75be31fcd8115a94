// out = silu(gate) * up,   silu(x) = x / (1 + exp(-x))
// grid: (ceil(width / WORKGROUP_SIZE), tokens)
override WORKGROUP_SIZE: u32 = 64u;

struct Params {
  width: u32,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> gate: array<f32>; // (tokens, width)
@group(0) @binding(2) var<storage, read> up: array<f32>; // (tokens, width)
@group(0) @binding(3) var<storage, read_write> out: array<f32>; // (tokens, width)

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x < params.width) {
    let i = id.y * params.width + id.x;
    out[i] = gate[i] / (1.0 + exp(-gate[i])) * up[i];
  }
}
