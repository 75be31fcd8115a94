/** Each op of the forward pass against float64: one token, sizes that are no multiple of a workgroup, grouped heads. Tolerance 2e-5 relative (f32 sums). */
import { describe, expect, test } from 'vitest';
import {
  expectClose,
  fromBrain,
  fromHalf,
  randomFloats,
  runKernel,
  toBrain,
  toHalf,
  zeros,
  type Input,
} from './harness';

const TOLERANCE = 2e-5;
const constants = { WORKGROUP_SIZE: 64 };
const ceil = (a: number, b: number) => Math.ceil(a / b);

type Storage = 'f32' | 'f16' | 'bf16';

/** Stored weights and the numbers they stand for. */
function weights(
  storage: Storage,
  seed: number,
  rows: number,
  columns: number,
): { input: Input; values: Float32Array } {
  const random = randomFloats(seed, rows * columns);
  const shape = [rows, columns];
  if (storage === 'f32') return { input: { shape, data: random }, values: random };
  const data = storage === 'f16' ? toHalf(random) : toBrain(random);
  return { input: { shape, data, dtype: storage }, values: storage === 'f16' ? fromHalf(data) : fromBrain(data) };
}

function product(x: Float32Array, w: Float32Array, tokens: number, columns: number, outputs: number): Float64Array {
  const out = new Float64Array(tokens * outputs);
  for (let t = 0; t < tokens; t++) {
    for (let o = 0; o < outputs; o++) {
      for (let i = 0; i < columns; i++) out[t * outputs + o]! += x[t * columns + i]! * w[o * columns + i]!;
    }
  }
  return out;
}

describe.each<Storage>(['f32', 'f16', 'bf16'])('%s weights', (storage) => {
  const defines = { WEIGHTS: `weights_${storage}` };

  test.each([
    [1, 4, 5],
    [3, 12, 7],
    [5, 260, 3],
  ])('embedding of %i tokens, d_model %i, vocabulary %i', async (tokens, dModel, dVocab) => {
    const table = weights(storage, 1, dVocab, dModel);
    const ids = Uint32Array.from({ length: tokens }, (_, t) => (t * 2 + 1) % dVocab);
    const got = await runKernel(
      { file: 'embedding', defines, constants },
      { weight: table.input, token_ids: { shape: [tokens], data: ids, dtype: 'u32' }, out: zeros(tokens, dModel) },
      'out',
      { d_model: dModel, d_vocab: dVocab },
      [ceil(dModel / 4, 64), tokens],
    );
    const want = [...ids].flatMap((id) => [...table.values.subarray(id * dModel, (id + 1) * dModel)]);
    expect([...got]).toEqual(want);
  });

  test.each([
    [4, 1],
    [192, 64],
    [36, 131],
    [516, 33],
  ])('matvec %i -> %i, plain, accumulated, into a later row', async (columns, outputs) => {
    const w = weights(storage, 2, outputs, columns);
    const tokens = 11;
    const x = randomFloats(3, tokens * columns);
    const dot = product(x, w.values, tokens, columns, outputs);
    const held = randomFloats(4, (tokens + 2) * outputs);
    const group = { WORKGROUP_SIZE: 64 };
    for (const [file, constants, accumulate, wide, each] of [
      ['matvec', { ...group, LANES: 16 }, 0, 4, 1],
      ['matvec', { ...group, LANES: 16 }, 1, 4, 1],
      ['matvec', { ...group, LANES: 1 }, 0, 64, 1],
      ['matvec_serial', group, 0, 64, 1],
      ['matvec_serial', group, 1, 64, 1],
      ['matvec_serial_four', group, 0, 64, 4],
      ['matvec_serial_four', group, 1, 64, 4],
    ] as const) {
      const got = await runKernel(
        { file, defines, constants: { ...constants, ACCUMULATE: accumulate } },
        {
          weight: w.input,
          x: { shape: [tokens, columns], data: x },
          out: { shape: [tokens + 2, outputs], data: held },
        },
        'out',
        { tokens, columns, outputs, out_row: 2 },
        [ceil(outputs, wide), ceil(tokens, each)],
      );
      const want = Float64Array.from(held);
      dot.forEach((value, i) => (want[2 * outputs + i] = value + accumulate * held[2 * outputs + i]!));
      expectClose(got, want, TOLERANCE);
    }
  });

  test.each([
    [1, 4, 3],
    [2, 20, 33],
    [31, 192, 64],
    [33, 36, 31],
    [70, 68, 129],
  ])('matmul of %i tokens, %i -> %i, plain, accumulated, into a later row', async (tokens, columns, outputs) => {
    const w = weights(storage, 5, outputs, columns);
    const x = randomFloats(6, tokens * columns);
    const dot = product(x, w.values, tokens, columns, outputs);
    const held = randomFloats(7, (tokens + 1) * outputs);
    for (const accumulate of [0, 1]) {
      const got = await runKernel(
        { file: 'matmul', defines, constants: { ACCUMULATE: accumulate } },
        {
          weight: w.input,
          x: { shape: [tokens, columns], data: x },
          out: { shape: [tokens + 1, outputs], data: held },
        },
        'out',
        { tokens, columns, outputs, out_row: 1 },
        [ceil(outputs, 32), ceil(tokens, 32)],
      );
      const want = Float64Array.from(held);
      dot.forEach((value, i) => (want[outputs + i] = value + accumulate * held[outputs + i]!));
      expectClose(got, want, TOLERANCE);
    }
  });
});

test.each([
  [1, 1, 0],
  [1, 192, 2],
  [5, 77, 1],
  [3, 896, 0],
])('rms_norm of %i rows of %i from row %i', async (rows, width, firstRow) => {
  const x = randomFloats(8, (firstRow + rows) * width, 3);
  const weight = randomFloats(9, width);
  const eps = 1e-5;
  const got = await runKernel(
    { file: 'rms_norm', constants },
    {
      x: { shape: [firstRow + rows, width], data: x },
      weight: { shape: [width], data: weight },
      out: zeros(rows, width),
    },
    'out',
    { width, first_row: firstRow, eps },
    [rows],
  );
  const want = new Float64Array(rows * width);
  for (let r = 0; r < rows; r++) {
    const row = x.subarray((firstRow + r) * width, (firstRow + r + 1) * width);
    const scale = 1 / Math.sqrt(row.reduce((sum, value) => sum + value * value, 0) / width + eps);
    row.forEach((value, i) => (want[r * width + i] = value * scale * weight[i]!));
  }
  expectClose(got, want, TOLERANCE);
});

test.each([
  [1, 3, 0],
  [4, 130, 2],
])('add_bias to %i rows of %i from row %i, leaving the others alone', async (rows, width, firstRow) => {
  const x = randomFloats(10, (firstRow + rows) * width);
  const bias = randomFloats(11, width);
  const got = await runKernel(
    { file: 'add_bias', constants },
    { bias: { shape: [width], data: bias }, x: { shape: [firstRow + rows, width], data: x } },
    'x',
    { width, first_row: firstRow },
    [ceil(width, 64), rows],
  );
  const want = x.map((value, i) => (i < firstRow * width ? value : value + bias[i % width]!));
  expectClose(got, want, 1e-7);
});

test.each([
  [1, 1, 2, 0, 0],
  [3, 6, 32, 5, 0],
  [4, 2, 6, 1000, 1],
])(
  'rope of %i tokens, %i heads of %i, from position %i into row %i',
  async (tokens, heads, dHead, position, outRow) => {
    const half = dHead / 2;
    const x = randomFloats(12, tokens * heads * dHead);
    const table = new Float32Array((position + tokens) * half * 2);
    const angle = (p: number, i: number) => p * 1000 ** (-i / half);
    for (let p = 0; p < position + tokens; p++) {
      for (let i = 0; i < half; i++) {
        table[(p * half + i) * 2] = Math.cos(angle(p, i));
        table[(p * half + i) * 2 + 1] = Math.sin(angle(p, i));
      }
    }
    const got = await runKernel(
      { file: 'rope', constants },
      {
        x: { shape: [tokens, heads, dHead], data: x },
        rotations: { shape: [position + tokens, half, 2], data: table },
        out: zeros(outRow + tokens, heads, dHead),
      },
      'out',
      { n_heads: heads, d_head: dHead, position, out_row: outRow },
      [ceil(heads * half, 64), tokens],
    );
    const want = new Float64Array((outRow + tokens) * heads * dHead);
    for (let t = 0; t < tokens; t++) {
      for (let h = 0; h < heads; h++) {
        for (let i = 0; i < half; i++) {
          const from = (t * heads + h) * dHead + i;
          const to = ((outRow + t) * heads + h) * dHead + i;
          const [a, b, turn] = [x[from]!, x[from + half]!, angle(position + t, i)];
          want[to] = a * Math.cos(turn) - b * Math.sin(turn);
          want[to + half] = b * Math.cos(turn) + a * Math.sin(turn);
        }
      }
    }
    expectClose(got, want, TOLERANCE);
  },
);

test.each([
  [1, 1, 1, 2, 0],
  [1, 6, 2, 32, 200],
  [5, 4, 4, 6, 0],
  [7, 6, 2, 32, 61],
  [3, 8, 1, 128, 9],
  [2, 2, 1, 256, 64],
])(
  'attention of %i tokens, %i heads over %i of %i, from position %i',
  async (tokens, heads, kvHeads, dHead, position) => {
    const keys = position + tokens;
    const q = randomFloats(13, tokens * heads * dHead, 2);
    const k = randomFloats(14, keys * kvHeads * dHead, 2);
    const v = randomFloats(15, keys * kvHeads * dHead);
    const got = await runKernel(
      { file: 'attention', constants: { WORKGROUP_SIZE: dHead > 32 ? 64 : 32, D_HEAD: dHead } },
      {
        q: { shape: [tokens, heads, dHead], data: q },
        k_cache: { shape: [keys, kvHeads, dHead], data: k },
        v_cache: { shape: [keys, kvHeads, dHead], data: v },
        out: zeros(tokens, heads, dHead),
      },
      'out',
      { n_heads: heads, n_kv_heads: kvHeads, position },
      [heads, tokens],
    );
    const want = new Float64Array(tokens * heads * dHead);
    for (let t = 0; t < tokens; t++) {
      for (let h = 0; h < heads; h++) {
        const kvHead = Math.floor(h / (heads / kvHeads));
        const row = (t * heads + h) * dHead;
        const scores = Array.from({ length: position + t + 1 }, (_, j) => {
          let score = 0;
          for (let i = 0; i < dHead; i++) score += q[row + i]! * k[(j * kvHeads + kvHead) * dHead + i]!;
          return score / Math.sqrt(dHead);
        });
        const maximum = Math.max(...scores);
        const masses = scores.map((score) => Math.exp(score - maximum));
        const total = masses.reduce((a, b) => a + b, 0);
        masses.forEach((mass, j) => {
          for (let i = 0; i < dHead; i++) want[row + i]! += (mass / total) * v[(j * kvHeads + kvHead) * dHead + i]!;
        });
      }
    }
    expectClose(got, want, TOLERANCE);
  },
);

test.each([
  [1, 3],
  [4, 131],
])('swiglu of %i tokens, width %i, large negative gates included', async (tokens, width) => {
  const gate = randomFloats(16, tokens * width, 30);
  const up = randomFloats(17, tokens * width);
  const got = await runKernel(
    { file: 'swiglu', constants },
    {
      gate: { shape: [tokens, width], data: gate },
      up: { shape: [tokens, width], data: up },
      out: zeros(tokens, width),
    },
    'out',
    { width },
    [ceil(width, 64), tokens],
  );
  const want = Array.from(gate, (g, i) => (g / (1 + Math.exp(-g))) * up[i]!);
  expectClose(got, want, TOLERANCE);
});
