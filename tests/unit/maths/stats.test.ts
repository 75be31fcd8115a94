import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cosine, dot, meanVector, norm, normalise, subtract } from '../../../src/lib/maths/linear';
import {
  auroc,
  bootstrapInterval,
  cohensD,
  jackknifeInterval,
  mean,
  pearson,
  permutationTest,
  quantile,
  standardDeviation,
} from '../../../src/lib/maths/stats';

const numbers = fc.array(fc.double({ min: -1e6, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 30 });

describe('statistics', () => {
  it('mean and standard deviation of a sample', () => {
    expect(mean([2, 4, 4, 4, 5, 5, 7, 9])).toBe(5);
    expect(standardDeviation([2, 4, 4, 4, 5, 5, 7, 9])).toBeCloseTo(Math.sqrt(32 / 7), 12);
    expect(standardDeviation([3])).toBe(0);
    expect(() => mean([])).toThrow(RangeError);
  });

  it('quantiles are those of R type 7', () => {
    // quantile(c(1, 3, 8, 20), c(0, .1, .25, .5, .9, 1)) in R
    const expected = [1, 1.6, 2.5, 5.5, 16.4, 20];
    [0, 0.1, 0.25, 0.5, 0.9, 1].forEach((p, i) => expect(quantile([20, 1, 8, 3], p)).toBeCloseTo(expected[i]!, 12));
    expect(quantile([7], 0.25)).toBe(7);
    expect(() => quantile([1], 1.1)).toThrow(RangeError);
    expect(() => quantile([], 0.5)).toThrow(RangeError);
  });

  it('AUROC is the share of pairs won, a tie counting half', () => {
    expect(auroc([3, 4], [1, 2])).toBe(1);
    expect(auroc([1, 2], [3, 4])).toBe(0);
    expect(auroc([1, 2, 2], [2, 2, 3])).toBeCloseTo((0 + 0 + 0 + 2 * (0.5 + 0.5)) / 9, 12);
    const property = fc.property(numbers, numbers, (positives, negatives) => {
      const pairs = positives.flatMap((p) => negatives.map((n) => (p > n ? 1 : p === n ? 0.5 : 0)));
      expect(auroc(positives, negatives)).toBeCloseTo(mean(pairs), 10);
    });
    fc.assert(property);
  });

  it("Cohen's d is the difference in pooled standard deviations", () => {
    expect(cohensD([2, 4, 6], [1, 3, 5])).toBeCloseTo(0.5, 12);
    expect(cohensD([1, 1, 1, 5], [3, 5])).toBeCloseTo(-2 / Math.sqrt((3 * 4 + 1 * 2) / 4), 12);
    expect(cohensD([1, 1], [1, 1])).toBe(0);
    expect(() => cohensD([1], [1, 2])).toThrow(RangeError);
  });

  it('a bootstrap interval repeats with its seed, and covers a mean as theory says', () => {
    const sample = Array.from({ length: 100 }, (_, i) => i);
    const interval = bootstrapInterval(sample, mean, { seed: 3 });
    expect(bootstrapInterval(sample, mean, { seed: 3 })).toEqual(interval);
    expect(bootstrapInterval(sample, mean, { seed: 4 })).not.toEqual(interval);
    const halfWidth = (1.96 * standardDeviation(sample)) / 10;
    expect(interval.low).toBeGreaterThan(49.5 - halfWidth * 1.1);
    expect(interval.low).toBeLessThan(49.5 - halfWidth * 0.9);
    expect(interval.high).toBeGreaterThan(49.5 + halfWidth * 0.9);
    expect(interval.high).toBeLessThan(49.5 + halfWidth * 1.1);
  });
});

describe('correlation and tests', () => {
  it('Pearson’s r against the textbook, exact lines, and what does not vary', () => {
    // cor(c(1, 2, 3, 4, 5), c(2, 1, 4, 3, 5)) in R
    expect(pearson([1, 2, 3, 4, 5], [2, 1, 4, 3, 5])).toBeCloseTo(0.8, 12);
    expect(pearson([1, 2, 4], [-1, -3, -7])).toBeCloseTo(-1, 12);
    expect(pearson([1, 1], [1, 2])).toBeNaN();
    expect(() => pearson([1], [1, 2])).toThrow(RangeError);
  });

  it('the jackknife of a mean is the standard error of the mean', () => {
    const sample = [2, 4, 4, 4, 5, 5, 7, 9];
    const half = (1.96 * standardDeviation(sample)) / Math.sqrt(sample.length);
    const { low, high } = jackknifeInterval(sample, mean);
    expect(low).toBeCloseTo(5 - half, 10);
    expect(high).toBeCloseTo(5 + half, 10);
    expect(() => jackknifeInterval([1], mean)).toThrow(RangeError);
  });

  it('a permutation test finds a difference where there is one, and its p is that of counting', () => {
    const apart = permutationTest([5, 6, 7, 8], [1, 2, 3, 4], { seed: 1, permutations: 20_000 });
    expect(apart.difference).toBe(4);
    // One of the 70 ways to choose four of eight is as far apart.
    expect(apart.p).toBeGreaterThan(0.8 / 70);
    expect(apart.p).toBeLessThan(1.2 / 70);
    expect(apart.chance.low).toBeLessThan(0);
    expect(apart.chance.high).toBeGreaterThan(0);
    expect(permutationTest([1, 2, 3, 4], [5, 6, 7, 8]).p).toBeGreaterThan(0.95);
    expect(permutationTest([3, 3], [3, 3]).p).toBe(1);
  });
});

describe('vectors', () => {
  it('dot, norm, cosine, difference and mean', () => {
    expect(dot([1, 2, 3], [4, -5, 6])).toBe(12);
    expect(norm([3, 4])).toBe(5);
    expect(cosine([1, 0], [1, 1])).toBeCloseTo(Math.SQRT1_2, 12);
    expect(cosine([0, 0], [1, 1])).toBe(0);
    expect([...subtract([3, 1], [1, 4])]).toEqual([2, -3]);
    expect([...meanVector([Float32Array.of(1, 2), [3, 6]])]).toEqual([2, 4]);
    expect([...normalise([0, 0])]).toEqual([0, 0]);
    expect(norm(normalise([3, 4, 12]))).toBeCloseTo(1, 12);
  });

  it('of different lengths never meet', () => {
    expect(() => dot([1], [1, 2])).toThrow(RangeError);
    expect(() => subtract([1], [1, 2])).toThrow(RangeError);
    expect(() => meanVector([[1], [1, 2]])).toThrow(RangeError);
    expect(() => meanVector([])).toThrow(RangeError);
  });
});
