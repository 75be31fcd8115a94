import { expect, test } from 'vitest';
import { dequantiseRow, encodeRows, fromHalf, quantiseRow, toHalf } from '../../webllm/weights';
import { RandomWeights } from '../../webllm/random-weights';

test('4-bit groups: the largest is kept, others are off by half a step, zeros stay zeros', () => {
  const row = Float32Array.from({ length: 96 }, (_, i) => (i < 64 ? Math.sin(i * 7) * (i < 32 ? 1 : 1e-3) : 0));
  const quantised = quantiseRow(row);
  expect(quantised.words.length).toBe(12);
  const back = dequantiseRow(quantised);
  row.forEach((x, i) => expect(Math.abs(back[i]! - x)).toBeLessThanOrEqual(quantised.scales[i >> 5]! / 2 + 1e-9));
  for (let i = 64; i < 96; i++) expect(Math.abs(back[i]!)).toBe(0);
});

test('the first number of eight is in the lowest bits, and 7 is zero', () => {
  const row = new Float32Array(32);
  row.set([7, -7, 1]);
  const { words, scales } = quantiseRow(row);
  expect(words[0]!.toString(16)).toBe('7777780e');
  expect(words[1]!.toString(16)).toBe('77777777');
  expect(scales[0]).toBe(1);
});

test('any cut of a byte source gives the same bytes', () => {
  const rows = { rows: 5, columns: 64, row: (i: number) => (i === 2 ? null : new Float32Array(64).fill(i + 0.5)) };
  for (const part of ['weight', 'q_weight', 'q_scale'] as const) {
    const source = encodeRows(rows, { part, dtype: part === 'q_weight' ? 'uint32' : 'float32' });
    const whole = new Uint8Array(source.length);
    source.fill(0, whole);
    const cut = new Uint8Array(source.length);
    for (let begin = 0; begin < cut.length; begin += 37) source.fill(begin, cut.subarray(begin, begin + 37));
    expect(cut).toEqual(whole);
  }
});

test('halves there and back', () => {
  for (let half = 0; half < 0x7c00; half++) expect(toHalf(fromHalf(half))).toBe(half);
  expect([toHalf(1), toHalf(-2), toHalf(65504), toHalf(1e6), toHalf(1 + 2 ** -11)]).toEqual([
    0x3c00, 0xc000, 0x7bff, 0x7c00, 0x3c00,
  ]);
});

test('made-up weights: seeded, zero past the vocabulary in use, ones in norms', () => {
  const read = (seed: number, name: string, shape: number[]) => {
    const source = new RandomWeights(seed, 10).source({ name, shape, dtype: 'float32' });
    const bytes = new Uint8Array(source.length);
    source.fill(0, bytes);
    return new Float32Array(bytes.buffer);
  };
  const embedding = read(1, 'model.embed_tokens.weight', [20, 64]);
  expect(embedding).toEqual(read(1, 'model.embed_tokens.weight', [20, 64]));
  expect(embedding).not.toEqual(read(2, 'model.embed_tokens.weight', [20, 64]));
  expect(embedding.subarray(640).every((x) => x === 0)).toBe(true);
  expect(Math.hypot(...embedding.subarray(0, 640)) / Math.sqrt(640)).toBeCloseTo(0.02, 2);
  expect(read(1, 'model.norm.weight', [64]).every((x) => x === 1)).toBe(true);
});
