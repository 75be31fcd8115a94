// Causal attention of new tokens over the cache, with n_heads / n_kv_heads query heads to a key head:
//   out[t, h, :] = sum_j softmax_j(<q[t, h], k[j, h']> / sqrt(d_head)) v[j, h', :],   j <= position + t,   h' = h / group
// Keys are taken WORKGROUP_SIZE at a time with a running maximum and sum (online softmax: Milakov and Gimelshein 2018).
// grid: (n_heads, tokens); d_head <= 4 * WORKGROUP_SIZE
override WORKGROUP_SIZE: u32 = 64u;
override D_HEAD: u32 = 64u;

struct Params {
  n_heads: u32,
  n_kv_heads: u32,
  position: u32, // of token 0
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> q: array<f32>; // (tokens, n_heads, d_head)
@group(0) @binding(2) var<storage, read> k_cache: array<f32>; // (context_length, n_kv_heads, d_head)
@group(0) @binding(3) var<storage, read> v_cache: array<f32>; // (context_length, n_kv_heads, d_head)
@group(0) @binding(4) var<storage, read_write> out: array<f32>; // (tokens, n_heads, d_head)

var<workgroup> query: array<f32, D_HEAD>;
var<workgroup> scores: array<f32, WORKGROUP_SIZE>;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) lane: u32) {
  let head = workgroup.x;
  let token = workgroup.y;
  let row = (token * params.n_heads + head) * D_HEAD;
  let kv_head = head / (params.n_heads / params.n_kv_heads);
  let stride = params.n_kv_heads * D_HEAD;
  let keys = params.position + token + 1u;
  let scale = 1.0 / sqrt(f32(D_HEAD));
  for (var i = lane; i < D_HEAD; i += WORKGROUP_SIZE) {
    query[i] = q[row + i] * scale;
  }
  var maximum = -3.4e38;
  var total = 0.0;
  var sums = vec4f(); // of dimensions lane, lane + WORKGROUP_SIZE, ...
  for (var start = 0u; start < keys; start += WORKGROUP_SIZE) {
    workgroupBarrier();
    let count = min(WORKGROUP_SIZE, keys - start);
    if (lane < count) {
      let key = (start + lane) * stride + kv_head * D_HEAD;
      var score = 0.0;
      for (var i = 0u; i < D_HEAD; i++) {
        score += query[i] * k_cache[key + i];
      }
      scores[lane] = score;
    }
    workgroupBarrier();
    var tile_maximum = maximum;
    for (var j = 0u; j < count; j++) {
      tile_maximum = max(tile_maximum, scores[j]);
    }
    let correction = exp(maximum - tile_maximum);
    maximum = tile_maximum;
    total *= correction;
    sums *= correction;
    for (var j = 0u; j < count; j++) {
      let p = exp(scores[j] - maximum);
      let value = (start + j) * stride + kv_head * D_HEAD;
      total += p;
      for (var d = 0u; d * WORKGROUP_SIZE + lane < D_HEAD; d++) {
        sums[d] += p * v_cache[value + d * WORKGROUP_SIZE + lane];
      }
    }
  }
  for (var d = 0u; d * WORKGROUP_SIZE + lane < D_HEAD; d++) {
    out[row + d * WORKGROUP_SIZE + lane] = sums[d] / total;
  }
}
