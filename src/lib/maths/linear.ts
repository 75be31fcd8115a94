/** Vectors as plain arrays of numbers; sums are taken in float64. */

export type Numbers = ArrayLike<number>;

export function dot(a: Numbers, b: Numbers): number {
  if (a.length !== b.length) throw new RangeError(`dot of ${a.length} and ${b.length} numbers`);
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

/** Euclidean norm. */
export function norm(a: Numbers): number {
  return Math.sqrt(dot(a, a));
}

/** 0 if either vector is zero. */
export function cosine(a: Numbers, b: Numbers): number {
  const scale = norm(a) * norm(b);
  return scale === 0 ? 0 : dot(a, b) / scale;
}

export function subtract(a: Numbers, b: Numbers): Float64Array {
  if (a.length !== b.length) throw new RangeError(`difference of ${a.length} and ${b.length} numbers`);
  return Float64Array.from(a, (x, i) => x - b[i]!);
}

export function scale(a: Numbers, factor: number): Float64Array {
  return Float64Array.from(a, (x) => x * factor);
}

/** a / |a|; a zero vector stays zero. */
export function normalise(a: Numbers): Float64Array {
  const length = norm(a);
  return scale(a, length === 0 ? 0 : 1 / length);
}

/** Elementwise mean of at least one vector. */
export function meanVector(vectors: readonly Numbers[]): Float64Array {
  const [first] = vectors;
  if (!first) throw new RangeError('mean of no vectors');
  const sum = new Float64Array(first.length);
  for (const vector of vectors) {
    if (vector.length !== sum.length) throw new RangeError(`mean of ${sum.length} and ${vector.length} numbers`);
    for (let i = 0; i < sum.length; i++) sum[i]! += vector[i]!;
  }
  return scale(sum, 1 / vectors.length);
}

/** Layer l of a (nLayers, dModel) array, as a view. */
export function layerOf<A extends Float32Array | Float64Array>(layers: A, layer: number, dModel: number): A {
  return layers.subarray(layer * dModel, (layer + 1) * dModel) as A;
}
