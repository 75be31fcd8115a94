import { describe, expect, it } from 'vitest';
import { Random, uniformAt } from '../../../src/lib/maths/random';
import { mean, standardDeviation } from '../../../src/lib/maths/stats';

/** Chi-squared of counts against equal shares. */
function chiSquared(counts: number[]): number {
  const expected = counts.reduce((a, b) => a + b) / counts.length;
  return counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
}

describe('uniformAt', () => {
  it('is the same number on every machine', () => {
    expect([0, 1, 2, 3].map((index) => uniformAt(1, index))).toMatchInlineSnapshot(`
      [
        0.17023427574895322,
        0.27549260039813817,
        0.23130233655683696,
        0.324115697061643,
      ]
    `);
  });

  it('fills [0, 1) evenly along a sequence, across seeds, and for seeds that differ above 32 bits', () => {
    const sequences = {
      indices: (i: number) => uniformAt(42, i),
      seeds: (i: number) => uniformAt(i, 7),
      highBits: (i: number) => uniformAt(i * 2 ** 32, 7),
    };
    for (const at of Object.values(sequences)) {
      const counts = new Array<number>(20).fill(0);
      for (let i = 0; i < 20_000; i++) {
        const u = at(i);
        expect(u >= 0 && u < 1).toBe(true);
        counts[Math.floor(u * 20)]! += 1;
      }
      // 99.9th percentile of chi-squared with 19 degrees of freedom
      expect(chiSquared(counts)).toBeLessThan(43.8);
    }
  });

  it('has no echo between neighbouring indices or seeds', () => {
    const correlation = (shift: (i: number) => number) => {
      const pairs = Array.from({ length: 20_000 }, (_, i) => (uniformAt(5, i) - 0.5) * (shift(i) - 0.5));
      return mean(pairs) * 12;
    };
    // 4 standard errors
    expect(Math.abs(correlation((i) => uniformAt(5, i + 1)))).toBeLessThan(4 / Math.sqrt(20_000));
    expect(Math.abs(correlation((i) => uniformAt(6, i)))).toBeLessThan(4 / Math.sqrt(20_000));
  });
});

describe('Random', () => {
  it('repeats with its seed only', () => {
    const draw = (seed: number) =>
      Array.from(
        { length: 5 },
        (
          (random) => () =>
            random.uniform()
        )(new Random(seed)),
      );
    expect(draw(9)).toEqual(draw(9));
    expect(draw(9)).not.toEqual(draw(10));
    expect(draw(9)).not.toEqual(draw(9 + 2 ** 32));
  });

  it('draws normals of mean 0 and variance 1', () => {
    const random = new Random(1);
    const values = Array.from({ length: 20_000 }, () => random.normal());
    expect(Math.abs(mean(values))).toBeLessThan(0.03);
    expect(standardDeviation(values)).toBeCloseTo(1, 1);
    expect(values.filter((x) => Math.abs(x) > 1.96).length / values.length).toBeCloseTo(0.05, 2);
  });

  it('shuffles into every order equally often, and leaves the list alone', () => {
    const random = new Random(2);
    const counts = new Map<string, number>();
    const items = ['a', 'b', 'c'] as const;
    for (let i = 0; i < 6000; i++) {
      const order = random.shuffle(items).join('');
      counts.set(order, (counts.get(order) ?? 0) + 1);
    }
    expect([...counts.keys()].sort()).toEqual(['abc', 'acb', 'bac', 'bca', 'cab', 'cba']);
    // 99.9th percentile with 5 degrees of freedom
    expect(chiSquared([...counts.values()])).toBeLessThan(20.5);
    expect(items).toEqual(['a', 'b', 'c']);
  });

  it('integers reach both ends and no further', () => {
    const random = new Random(4);
    expect([...new Set(Array.from({ length: 200 }, () => random.integer(3)))].sort()).toEqual([0, 1, 2]);
  });
});
