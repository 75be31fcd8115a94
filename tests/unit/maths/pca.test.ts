import { describe, expect, it } from 'vitest';
import { cosine, dot, meanVector, norm, scale, subtract } from '../../../src/lib/maths/linear';
import { computePca, eigenSymmetric } from '../../../src/lib/maths/pca';
import { Random } from '../../../src/lib/maths/random';

function randomRows(n: number, d: number, seed: number): Float64Array[] {
  const random = new Random(seed);
  return Array.from({ length: n }, () =>
    Float64Array.from({ length: d }, (_, j) => random.normal() * (1 + 3 / (j + 1)) + j),
  );
}

/** The oracle: power iteration with deflation on the covariance itself, (d, d). */
function powerIteration(rows: Float64Array[], count: number): { vector: Float64Array; share: number }[] {
  const centre = meanVector(rows);
  let centred = rows.map((row) => subtract(row, centre));
  const variance = (data: Float64Array[]) => data.reduce((sum, row) => sum + dot(row, row), 0);
  const total = variance(centred);
  return Array.from({ length: count }, () => {
    let vector: Float64Array = Float64Array.from({ length: centre.length }, (_, i) => Math.cos(i + 1));
    for (let step = 0; step < 3000; step++) {
      const next = new Float64Array(vector.length);
      for (const row of centred) row.forEach((x, i) => (next[i]! += x * dot(row, vector)));
      vector = scale(next, 1 / norm(next));
    }
    const before = variance(centred);
    centred = centred.map((row) => subtract(row, scale(vector, dot(row, vector))));
    return { vector, share: (before - variance(centred)) / total };
  });
}

describe('PCA', () => {
  it.each([
    [12, 7],
    [9, 40],
  ])('of %i rows of %i agrees with power iteration', (n, d) => {
    const rows = randomRows(n, d, n);
    const { components, explainedVariance, centre } = computePca(rows, 3);
    powerIteration(rows, 3).forEach(({ vector, share }, k) => {
      expect(Math.abs(cosine(components[k]!, vector))).toBeGreaterThan(1 - 1e-9);
      expect(explainedVariance[k]).toBeCloseTo(share, 9);
    });
    expect([...centre]).toEqual([...meanVector(rows)]);
  });

  it('has orthonormal components, and all of them explain everything', () => {
    const { components, explainedVariance } = computePca(randomRows(8, 20, 1), 8);
    // 8 rows span 7 dimensions once their mean is off.
    expect(components).toHaveLength(7);
    expect(explainedVariance.reduce((a, b) => a + b)).toBeCloseTo(1, 12);
    components.forEach((a, i) => components.forEach((b, j) => expect(dot(a, b)).toBeCloseTo(i === j ? 1 : 0, 10)));
  });

  it('recovers known directions, with the largest entry positive', () => {
    const [u, w] = [Float64Array.of(0, -0.6, 0.8, 0), Float64Array.of(0, -0.8, -0.6, 0)];
    const scores: [number, number][] = [
      [3, 1],
      [3, -1],
      [-3, 1],
      [-3, -1],
    ];
    const rows = scores.map(([a, b]) => Float64Array.from(u, (x, i) => 10 + a * x + b * w[i]!));
    const { components, explainedVariance } = computePca(rows, 2);
    components[0]!.forEach((x, i) => expect(x).toBeCloseTo(u[i]!, 12));
    components[1]!.forEach((x, i) => expect(x).toBeCloseTo(-w[i]!, 12));
    expect(explainedVariance[0]).toBeCloseTo(0.9, 12);
    expect(explainedVariance[1]).toBeCloseTo(0.1, 12);
  });

  it('of rows that do not differ has no component', () => {
    const rows = [Float64Array.of(1, 2), Float64Array.of(1, 2)];
    expect(computePca(rows, 3)).toMatchObject({ components: [], explainedVariance: [] });
  });
});

describe('eigenSymmetric', () => {
  it('finds values and vectors of a known matrix, also with a repeated value', () => {
    const pairs = eigenSymmetric([
      [2, 0, 0],
      [0, 3, 4],
      [0, 4, 9],
    ]);
    expect(pairs.map(({ value }) => value)).toEqual([11, 2, 1].map((value) => expect.closeTo(value, 12)));
    expect(Math.abs(cosine(pairs[0]!.vector, [0, 1, 2]))).toBeCloseTo(1, 12);
    const same = eigenSymmetric([
      [5, 0],
      [0, 5],
    ]);
    expect(same.map(({ value }) => value)).toEqual([5, 5]);
  });
});
