/** Principal components of a few long vectors, through their Gram matrix. */
import { dot, meanVector, scale, subtract, type Numbers } from './linear';

export interface Pca {
  /** (d), the mean that was taken off. */
  centre: Float64Array;
  /** Up to `count` orthonormal (d), the one with the most variance first. Of each, the entry of largest magnitude is positive. */
  components: Float64Array[];
  /** Share of the total variance per component; all of them would sum to 1. */
  explainedVariance: number[];
}

/**
 * PCA of the mean-centred rows. With X (n, d), n << d, the eigenvectors w of X X^T (n, n) give the components
 * X^T w / |X^T w|. Components without variance are left out, so there may be fewer than `count`.
 */
export function computePca(rows: readonly Numbers[], count: number): Pca {
  const centre = meanVector(rows);
  const centred = rows.map((row) => subtract(row, centre));
  const gram = centred.map((a) => Float64Array.from(centred, (b) => dot(a, b)));
  const total = gram.reduce((sum, row, i) => sum + row[i]!, 0);
  const found = eigenSymmetric(gram).filter(({ value }) => value > total * 1e-12);
  const kept = found.slice(0, count);
  return {
    centre,
    components: kept.map(({ vector, value }) => fixSign(combine(centred, scale(vector, 1 / Math.sqrt(value))))),
    explainedVariance: kept.map(({ value }) => value / total),
  };
}

function combine(rows: readonly Float64Array[], weights: Float64Array): Float64Array {
  const sum = new Float64Array(rows[0]!.length);
  rows.forEach((row, r) => row.forEach((x, i) => (sum[i]! += weights[r]! * x)));
  return sum;
}

function fixSign(vector: Float64Array): Float64Array {
  const peak = vector.reduce((best, x) => (Math.abs(x) > Math.abs(best) ? x : best), 0);
  return peak < 0 ? scale(vector, -1) : vector;
}

/**
 * Eigenvalues, largest first, and orthonormal eigenvectors of a symmetric matrix (n, n), by cyclic Jacobi rotations
 * (Golub and Van Loan, Matrix Computations, section 8.5).
 */
export function eigenSymmetric(matrix: readonly Numbers[]): { value: number; vector: Float64Array }[] {
  const n = matrix.length;
  const a = matrix.map((row) => Float64Array.from(row));
  /** Row i is the i-th eigenvector. */
  const vectors = a.map((_, i) => Float64Array.from({ length: n }, (_unused, j) => (i === j ? 1 : 0)));
  const size = Math.sqrt(a.reduce((sum, row) => sum + dot(row, row), 0));
  for (let sweep = 0; sweep < 60 && offDiagonal(a) > size * 1e-15; sweep++) {
    for (let p = 0; p < n; p++) for (let q = p + 1; q < n; q++) rotate(a, vectors, p, q);
  }
  return vectors.map((vector, i) => ({ value: a[i]![i]!, vector })).sort((x, y) => y.value - x.value);
}

/** Makes a[p][q] zero. */
function rotate(a: Float64Array[], vectors: Float64Array[], p: number, q: number): void {
  const off = a[p]![q]!;
  if (off === 0) return;
  const theta = (a[q]![q]! - a[p]![p]!) / (2 * off);
  const tangent = (theta < 0 ? -1 : 1) / (Math.abs(theta) + Math.sqrt(theta * theta + 1));
  const cosine = 1 / Math.sqrt(tangent * tangent + 1);
  const sine = tangent * cosine;
  for (const row of a) turn(row, row, p, q, cosine, sine);
  for (let i = 0; i < a.length; i++) {
    turn(a[p]!, a[q]!, i, i, cosine, sine);
    turn(vectors[p]!, vectors[q]!, i, i, cosine, sine);
  }
}

function turn(x: Float64Array, y: Float64Array, i: number, j: number, cosine: number, sine: number): void {
  const [u, w] = [x[i]!, y[j]!];
  x[i] = cosine * u - sine * w;
  y[j] = sine * u + cosine * w;
}

function offDiagonal(a: readonly Float64Array[]): number {
  let sum = 0;
  a.forEach((row, i) => row.forEach((x, j) => (sum += i === j ? 0 : x * x)));
  return Math.sqrt(sum);
}
