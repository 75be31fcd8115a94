// Rotary position embedding, halves rotated against each other as Hugging Face's Llama does, with i < d_head / 2:
//   out[t, h, i]              = x[t, h, i] * cos(a) - x[t, h, i + d_head / 2] * sin(a)
//   out[t, h, i + d_head / 2] = x[t, h, i + d_head / 2] * cos(a) + x[t, h, i] * sin(a),   a = (position + t) * frequency[i]
// cos and sin come from a table made in f64: WGSL's own lose precision at large angles.
// grid: (ceil(n_heads * d_head / 2 / WORKGROUP_SIZE), tokens)
override WORKGROUP_SIZE: u32 = 64u;

struct Params {
  n_heads: u32,
  d_head: u32,
  position: u32, // of token 0
  out_row: u32,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>; // (tokens, n_heads, d_head)
@group(0) @binding(2) var<storage, read> rotations: array<vec2f>; // (context_length, d_head / 2): cos, sin
@group(0) @binding(3) var<storage, read_write> out: array<f32>; // (out_row + tokens, n_heads, d_head)

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let half = params.d_head / 2u;
  if (id.x >= params.n_heads * half) {
    return;
  }
  let token = id.y;
  let width = params.n_heads * params.d_head;
  let offset = (id.x / half) * params.d_head + id.x % half;
  let rotation = rotations[(params.position + token) * half + id.x % half];
  let a = x[token * width + offset];
  let b = x[token * width + offset + half];
  let to = (params.out_row + token) * width + offset;
  out[to] = a * rotation.x - b * rotation.y;
  out[to + half] = b * rotation.x + a * rotation.y;
}
