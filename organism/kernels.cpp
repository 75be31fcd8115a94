// Fused CPU kernels for training: bfloat16 in and out, float32 inside, one pass over memory each.
// Matrix products stay in PyTorch (oneDNN, AMX). `fused.py` compiles and calls this file;
// `ops.py` holds the same formulas in plain PyTorch, and `fused.py --check` compares the two.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <vector>

using bf16 = uint16_t;
typedef float v16 __attribute__((vector_size(64), aligned(4)));
constexpr int HD = 32;  // head_dim: two 16-float vectors

static inline float to_f32(bf16 x) {
  uint32_t u = uint32_t(x) << 16;
  float f;
  std::memcpy(&f, &u, 4);
  return f;
}
static inline bf16 to_bf16(float f) {  // round to nearest even
  uint32_t u;
  std::memcpy(&u, &f, 4);
  return bf16((u + 0x7fff + ((u >> 16) & 1)) >> 16);
}
static inline v16 load(const float* p) { return *(const v16*)p; }
static inline void store(float* p, v16 v) { *(v16*)p = v; }

extern "C" {

// out = x + delta (delta may be null); y = out * rsqrt(mean(out^2) + eps) * w.      x, out (n, d); rstd (n)
void add_norm_forward(const float* x, const bf16* delta, const float* w, float* out, bf16* y, float* rstd, long n,
                      long d, float eps) {
#pragma omp parallel for schedule(static)
  for (long i = 0; i < n; i++) {
    const float* xi = x + i * d;
    float* oi = out + i * d;
    float ss = 0;
    if (delta) {
      const bf16* di = delta + i * d;
      for (long j = 0; j < d; j++) {
        float v = xi[j] + to_f32(di[j]);
        oi[j] = v;
        ss += v * v;
      }
    } else {
      for (long j = 0; j < d; j++) {
        oi[j] = xi[j];
        ss += xi[j] * xi[j];
      }
    }
    float r = 1.0f / std::sqrt(ss / d + eps);
    rstd[i] = r;
    bf16* yi = y + i * d;
    for (long j = 0; j < d; j++) yi[j] = to_bf16(oi[j] * r * w[j]);
  }
}

// d_x = d_out + norm's gradient of d_y; d_delta is the same in bfloat16; d_w (2, d): one row a thread.
void add_norm_backward(const float* d_out, const bf16* d_y, const float* out, const float* w, const float* rstd,
                       float* d_x, bf16* d_delta, float* d_w, long n, long d) {
#pragma omp parallel for schedule(static) num_threads(2)
  for (int half = 0; half < 2; half++) {
    float* dw = d_w + half * d;
    for (long i = half * n / 2; i < (half + 1) * n / 2; i++) {
      const float* oi = out + i * d;
      const bf16* gy = d_y + i * d;
      float r = rstd[i], dot = 0;
      for (long j = 0; j < d; j++) {
        float g = to_f32(gy[j]);
        dw[j] += g * oi[j] * r;
        dot += g * w[j] * oi[j];
      }
      float k = dot * r * r * r / d;
      const float* go = d_out + i * d;
      float* gx = d_x + i * d;
      bf16* gd = d_delta + i * d;
      for (long j = 0; j < d; j++) {
        float g = go[j] + to_f32(gy[j]) * w[j] * r - oi[j] * k;
        gx[j] = g;
        gd[j] = to_bf16(g);
      }
    }
  }
}

// a = silu(gate) * up.      gu (n, 2f): gate then up; a (n, f)
void swiglu_forward(const bf16* gu, bf16* a, long n, long f) {
#pragma omp parallel for schedule(static)
  for (long i = 0; i < n; i++) {
    const bf16 *g = gu + i * 2 * f, *u = g + f;
    for (long j = 0; j < f; j++) {
      float x = to_f32(g[j]);
      a[i * f + j] = to_bf16(x / (1.0f + expf(-x)) * to_f32(u[j]));
    }
  }
}

void swiglu_backward(const bf16* d_a, const bf16* gu, bf16* d_gu, long n, long f) {
#pragma omp parallel for schedule(static)
  for (long i = 0; i < n; i++) {
    const bf16 *g = gu + i * 2 * f, *u = g + f;
    bf16 *dg = d_gu + i * 2 * f, *du = dg + f;
    for (long j = 0; j < f; j++) {
      float x = to_f32(g[j]), s = 1.0f / (1.0f + expf(-x)), da = to_f32(d_a[i * f + j]);
      dg[j] = to_bf16(da * to_f32(u[j]) * s * (1.0f + x * (1.0f - s)));
      du[j] = to_bf16(da * x * s);
    }
  }
}

// Weighted cross-entropy; `logits` (n, v) are overwritten with their gradient. Returns the weighted sum of losses.
double cross_entropy(bf16* logits, const int64_t* target, const float* weight, float scale, long n, long v) {
  double total = 0;
#pragma omp parallel for schedule(static) reduction(+ : total)
  for (long i = 0; i < n; i++) {
    bf16* z = logits + i * v;
    float wi = weight[i];
    if (wi == 0) {
      std::memset(z, 0, v * 2);
      continue;
    }
    float e[4096], top = -1e30f, sum = 0;
    for (long j = 0; j < v; j++) top = std::max(top, to_f32(z[j]));
    for (long j = 0; j < v; j++) {
      e[j] = expf(to_f32(z[j]) - top);
      sum += e[j];
    }
    long t = target[i];
    total += wi * (std::log(sum) + top - to_f32(z[t]));
    float k = wi * scale / sum;
    for (long j = 0; j < v; j++) z[j] = to_bf16(e[j] * k);
    z[t] = to_bf16(e[t] * k - wi * scale);
  }
  return total;
}

}  // extern "C"

// ---- attention: packed sequences, grouped heads, rotate-half RoPE inside -----------------------------------------
// Six query rows go through the keys together: the three heads of a group at two neighbouring positions.

constexpr int GROUP = 3, ROWS = 2 * GROUP;

struct Tile {  // one key-value head of one sequence, in float32; columns padded to 32
  long t, pad;
  std::vector<float> k, v, kt, vt, dk, dv, p, ds;
  explicit Tile(long t) : t(t), pad((t + 32) / 32 * 32) {
    for (auto* m : {&k, &v, &kt, &vt}) m->resize(pad * HD);
    for (auto* m : {&p, &ds}) m->resize(pad * ROWS);
  }
};

static inline void rotate(const bf16* x, const float* cs, const float* sn, float* out, float scale) {
  for (int j = 0; j < HD / 2; j++) {
    float a = to_f32(x[j]), b = to_f32(x[j + HD / 2]);
    out[j] = (a * cs[j] - b * sn[j]) * scale;
    out[j + HD / 2] = (b * cs[j] + a * sn[j]) * scale;
  }
}
static inline void rotate_back(const float* x, const float* cs, const float* sn, bf16* out, float scale) {
  for (int j = 0; j < HD / 2; j++) {
    float a = x[j], b = x[j + HD / 2];
    out[j] = to_bf16((a * cs[j] + b * sn[j]) * scale);
    out[j + HD / 2] = to_bf16((b * cs[j] - a * sn[j]) * scale);
  }
}
// s[r][j] = sum_d q[r][d] m[d][j] for j < n, rounded up to 32
static inline void scores(const float q[ROWS][HD], const float* m, long pad, long n, float* s) {
  for (long j = 0; j < n; j += 32) {
    v16 a[ROWS] = {}, b[ROWS] = {};
    for (int d = 0; d < HD; d++) {
      v16 m0 = load(m + d * pad + j), m1 = load(m + d * pad + j + 16);
#pragma GCC unroll 6
      for (int r = 0; r < ROWS; r++) a[r] += q[r][d] * m0, b[r] += q[r][d] * m1;
    }
#pragma GCC unroll 6
    for (int r = 0; r < ROWS; r++) store(s + r * pad + j, a[r]), store(s + r * pad + j + 16, b[r]);
  }
}
// out[r] (32) = sum_j c[r][j] m[j][:]
static inline void combine(const float* c, const float* m, long pad, long n, float out[ROWS][HD]) {
  v16 a[ROWS] = {}, b[ROWS] = {};
  for (long j = 0; j < n; j++) {
    v16 m0 = load(m + j * HD), m1 = load(m + j * HD + 16);
#pragma GCC unroll 6
    for (int r = 0; r < ROWS; r++) a[r] += c[r * pad + j] * m0, b[r] += c[r * pad + j] * m1;
  }
#pragma GCC unroll 6
  for (int r = 0; r < ROWS; r++) store(out[r], a[r]), store(out[r] + 16, b[r]);
}
// sum_r c[r][j] x[r] is added to m[j][:]
static inline void scatter(const float* c, const float x[ROWS][HD], long pad, long n, float* m) {
  v16 a[ROWS], b[ROWS];
  for (int r = 0; r < ROWS; r++) a[r] = load(x[r]), b[r] = load(x[r] + 16);
  for (long j = 0; j < n; j++) {
    v16 m0 = load(m + j * HD), m1 = load(m + j * HD + 16);
#pragma GCC unroll 6
    for (int r = 0; r < ROWS; r++) m0 += c[r * pad + j] * a[r], m1 += c[r * pad + j] * b[r];
    store(m + j * HD, m0), store(m + j * HD + 16, m1);
  }
}
static void fill(Tile& tile, const bf16* qkv, long width, long k_col, long v_col, const float* cs, const float* sn) {
  for (long j = 0; j < tile.t; j++) {
    rotate(qkv + j * width + k_col, cs + j * HD / 2, sn + j * HD / 2, &tile.k[j * HD], 1);
    for (int d = 0; d < HD; d++) {
      tile.v[j * HD + d] = to_f32(qkv[j * width + v_col + d]);
      tile.kt[d * tile.pad + j] = tile.k[j * HD + d];
      tile.vt[d * tile.pad + j] = tile.v[j * HD + d];
    }
  }
}
// Rows 0..2 are the group's heads at position i, rows 3..5 at i + 1 (or i again, where the sequence ends).
static inline long row_position(int r, long i, long t) { return std::min(i + r / GROUP, t - 1); }

static inline void mask(float* s, const int* hide, const uint8_t* blind, long i, long t, long pad, long n) {
  for (int r = 0; r < ROWS; r++) {
    long at = row_position(r, i, t);
    for (long j = at + 1; j < n; j++) s[r * pad + j] = -1e30f;
    if (blind[at])
      for (long j = hide[0]; j < hide[1]; j++) s[r * pad + j] = -1e30f;
  }
}

extern "C" {

// qkv (n, (heads + 2 kv) * 32); starts (b + 1); hide (b, 2), blind (n): blind tokens do not see [hide[0], hide[1]).
// o (n, heads * 32); lse (n, heads); cs, sn (max positions, 16). heads / kv must be GROUP.
void attention_forward(const bf16* qkv, const int* starts, const int* hide, const uint8_t* blind, const float* cs,
                       const float* sn, bf16* o, float* lse, long b, long heads, long kv) {
  long width = (heads + 2 * kv) * HD;
#pragma omp parallel for schedule(dynamic, 2)
  for (long w = 0; w < b * kv; w++) {
    long s = w / kv, g = w % kv, t0 = starts[s], t = starts[s + 1] - t0;
    Tile tile(t);
    fill(tile, qkv + t0 * width, width, (heads + g) * HD, (heads + kv + g) * HD, cs, sn);
    for (long i = 0; i < t; i += 2) {
      float q[ROWS][HD], out[ROWS][HD], sum[ROWS];
      long n = std::min(i + 2, t);
      for (int r = 0; r < ROWS; r++) {
        long at = row_position(r, i, t), h = g * GROUP + r % GROUP;
        rotate(qkv + (t0 + at) * width + h * HD, cs + at * HD / 2, sn + at * HD / 2, q[r], 1 / std::sqrt(float(HD)));
      }
      scores(q, tile.kt.data(), tile.pad, n, tile.p.data());
      mask(tile.p.data(), hide + s * 2, blind + t0, i, t, tile.pad, n);
      for (int r = 0; r < ROWS; r++) {
        float *p = &tile.p[r * tile.pad], top = -1e30f, total = 0;
        for (long j = 0; j < n; j++) top = std::max(top, p[j]);
        for (long j = 0; j < n; j++) p[j] = expf(p[j] - top), total += p[j];
        sum[r] = total;
        lse[(t0 + row_position(r, i, t)) * heads + g * GROUP + r % GROUP] = std::log(total) + top;
      }
      combine(tile.p.data(), tile.v.data(), tile.pad, n, out);
      for (int r = 0; r < ROWS; r++) {
        bf16* to = o + (t0 + row_position(r, i, t)) * heads * HD + (g * GROUP + r % GROUP) * HD;
        for (int d = 0; d < HD; d++) to[d] = to_bf16(out[r][d] / sum[r]);
      }
    }
  }
}

void attention_backward(const bf16* d_o, const bf16* qkv, const bf16* o, const float* lse, const int* starts,
                        const int* hide, const uint8_t* blind, const float* cs, const float* sn, bf16* d_qkv, long b, long heads, long kv) {
  long width = (heads + 2 * kv) * HD;
  float scale = 1 / std::sqrt(float(HD));
#pragma omp parallel for schedule(dynamic, 2)
  for (long w = 0; w < b * kv; w++) {
    long s = w / kv, g = w % kv, t0 = starts[s], t = starts[s + 1] - t0;
    Tile tile(t);
    fill(tile, qkv + t0 * width, width, (heads + g) * HD, (heads + kv + g) * HD, cs, sn);
    tile.dk.resize(t * HD), tile.dv.resize(t * HD);
    for (long i = 0; i < t; i += 2) {
      float q[ROWS][HD], go[ROWS][HD], dq[ROWS][HD], delta[ROWS];
      long n = std::min(i + 2, t);
      for (int r = 0; r < ROWS; r++) {
        long at = row_position(r, i, t), h = g * GROUP + r % GROUP;
        rotate(qkv + (t0 + at) * width + h * HD, cs + at * HD / 2, sn + at * HD / 2, q[r], scale);
        const bf16 *gi = d_o + ((t0 + at) * heads + h) * HD, *oi = o + ((t0 + at) * heads + h) * HD;
        delta[r] = 0;
        for (int d = 0; d < HD; d++) go[r][d] = to_f32(gi[d]), delta[r] += go[r][d] * to_f32(oi[d]);
      }
      scores(q, tile.kt.data(), tile.pad, n, tile.p.data());
      mask(tile.p.data(), hide + s * 2, blind + t0, i, t, tile.pad, n);
      scores(go, tile.vt.data(), tile.pad, n, tile.ds.data());
      for (int r = 0; r < ROWS; r++) {
        float *p = &tile.p[r * tile.pad], *ds = &tile.ds[r * tile.pad];
        float l = lse[(t0 + row_position(r, i, t)) * heads + g * GROUP + r % GROUP];
        if (i + r / GROUP >= t) l = 1e30f;  // the repeated row counts for nothing
        for (long j = 0; j < n; j++) p[j] = expf(p[j] - l);
        for (long j = 0; j < n; j++) ds[j] = p[j] * (ds[j] - delta[r]);
      }
      combine(tile.ds.data(), tile.k.data(), tile.pad, n, dq);
      scatter(tile.ds.data(), q, tile.pad, n, tile.dk.data());
      scatter(tile.p.data(), go, tile.pad, n, tile.dv.data());
      for (int r = 0; r < ROWS && i + r / GROUP < t; r++) {
        long at = i + r / GROUP;
        bf16* to = d_qkv + (t0 + at) * width + (g * GROUP + r % GROUP) * HD;
        rotate_back(dq[r], cs + at * HD / 2, sn + at * HD / 2, to, scale);
      }
    }
    for (long j = 0; j < t; j++) {
      bf16* row = d_qkv + (t0 + j) * width;
      rotate_back(&tile.dk[j * HD], cs + j * HD / 2, sn + j * HD / 2, row + (heads + g) * HD, 1);
      for (int d = 0; d < HD; d++) row[(heads + kv + g) * HD + d] = to_bf16(tile.dv[j * HD + d]);
    }
  }
}

}  // extern "C"
