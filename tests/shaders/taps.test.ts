/** The taps' kernels against float64, rows outside their range untouched bit for bit. */
import { expect, test } from 'vitest';
import { expectClose, randomFloats, runKernel, zeros } from './harness';

const constants = { WORKGROUP_SIZE: 64 };
const ceil = (a: number, b: number) => Math.ceil(a / b);
const dot = (a: Float32Array, b: Float32Array) => a.reduce((sum, value, i) => sum + value * b[i]!, 0);
const unit = (v: Float32Array) => v.map((x) => x / Math.hypot(...v));

test.each([
  [1, 1, 0, 1],
  [5, 192, 2, 2],
  [3, 77, 0, 3],
])('tap_addition: %i tokens of %i, rows from %i, %i of them', async (tokens, dModel, firstRow, rows) => {
  const h = randomFloats(31, tokens * dModel);
  const vectors = randomFloats(32, 3 * dModel);
  const got = await runKernel(
    { file: 'tap_addition', constants },
    { h: { shape: [tokens, dModel], data: h }, vectors: { shape: [3, dModel], data: vectors } },
    'h',
    { d_model: dModel, first_row: firstRow, vector_row: 1 },
    [ceil(dModel, 64), rows],
  );
  const want = h.map((value, i) => {
    const row = Math.floor(i / dModel);
    return row < firstRow || row >= firstRow + rows ? value : Math.fround(value + vectors[dModel + (i % dModel)]!);
  });
  expect([...got]).toEqual([...want]);
});

test.each([
  { name: 'floor', lowest: 0.5, highest: 3.4e38 },
  { name: 'ceiling', lowest: -3.4e38, highest: -0.2 },
  { name: 'both', lowest: -0.1, highest: 0.1 },
  { name: 'ablation', lowest: 0, highest: 0 },
  { name: 'clamping', lowest: 2.5, highest: 2.5 },
])('tap_capping: $name', async ({ lowest, highest }) => {
  for (const [tokens, dModel] of [
    [1, 3],
    [9, 192],
    [4, 77],
  ] as const) {
    const h = randomFloats(33, tokens * dModel);
    const u = unit(randomFloats(34, dModel));
    const vectors = new Float32Array(2 * dModel);
    vectors.set(u, dModel);
    const got = await runKernel(
      { file: 'tap_capping', constants },
      { h: { shape: [tokens, dModel], data: h }, vectors: { shape: [2, dModel], data: vectors } },
      'h',
      { d_model: dModel, first_row: 0, vector_row: 1, lowest, highest },
      [tokens],
    );
    for (let t = 0; t < tokens; t++) {
      const before = h.subarray(t * dModel, (t + 1) * dModel);
      const after = got.subarray(t * dModel, (t + 1) * dModel);
      const reading = dot(before, u);
      const held = Math.min(Math.max(reading, lowest), highest);
      if (reading > lowest + 1e-4 && reading < highest - 1e-4) expect([...after]).toEqual([...before]);
      expectClose(
        after,
        before.map((value, i) => value + (held - reading) * u[i]!),
        2e-6,
      );
      expect(Math.abs(dot(after, u) - held)).toBeLessThan(2e-5);
    }
  }
});

test('tap_capping leaves rows before its first alone', async () => {
  const h = randomFloats(35, 3 * 8);
  const got = await runKernel(
    { file: 'tap_capping', constants },
    { h: { shape: [3, 8], data: h }, vectors: { shape: [1, 8], data: unit(randomFloats(36, 8)) } },
    'h',
    { d_model: 8, first_row: 2, vector_row: 0, lowest: 9, highest: 9 },
    [1],
  );
  expect([...got.subarray(0, 16)]).toEqual([...h.subarray(0, 16)]);
  expect([...got.subarray(16)]).not.toEqual([...h.subarray(16)]);
});

test.each([
  [1, 1, 1],
  [1, 192, 5],
  [7, 77, 3],
])('tap_probe: %i tokens of %i, %i probes', async (tokens, dModel, probes) => {
  const h = randomFloats(37, tokens * dModel);
  const vectors = randomFloats(38, (probes + 1) * dModel);
  const got = await runKernel(
    { file: 'tap_probe', constants },
    {
      h: { shape: [tokens, dModel], data: h },
      vectors: { shape: [probes + 1, dModel], data: vectors },
      readings: zeros(probes + 2, tokens),
    },
    'readings',
    { d_model: dModel, vector_row: 1, first_slot: 2, tokens },
    [tokens, probes],
  );
  const want = new Float64Array((probes + 2) * tokens);
  for (let p = 0; p < probes; p++) {
    for (let t = 0; t < tokens; t++) {
      const row = h.subarray(t * dModel, (t + 1) * dModel);
      want[(p + 2) * tokens + t] = dot(row, vectors.subarray((p + 1) * dModel, (p + 2) * dModel));
    }
  }
  expectClose(got, want, 1e-5);
});

test('tap_accumulate adds rows to what its slot holds', async () => {
  const [tokens, dModel] = [6, 70];
  const h = randomFloats(39, tokens * dModel);
  const held = randomFloats(40, 3 * dModel);
  const got = await runKernel(
    { file: 'tap_accumulate', constants },
    { h: { shape: [tokens, dModel], data: h }, sums: { shape: [3, dModel], data: held } },
    'sums',
    { d_model: dModel, first_row: 2, rows: 3, slot: 1 },
    [ceil(dModel, 64)],
  );
  const want = Float64Array.from(held);
  for (let i = 0; i < dModel; i++) {
    for (let t = 2; t < 5; t++) want[dModel + i]! += h[t * dModel + i]!;
  }
  expectClose(got, want, 1e-6);
});
