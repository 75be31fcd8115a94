/** The vectors that a persona vector must beat: as long as it at every layer, but of no meaning. */
import { normPerLayer } from '../interp/axis';
import { dot, layerOf, meanVector, norm, scale, subtract } from '../interp/linear';
import { Random } from '../interp/random';

/** Mean over the positives - mean over the negatives. */
export function meanDifference(positives: readonly Float64Array[], negatives: readonly Float64Array[]): Float64Array {
  return subtract(meanVector(positives), meanVector(negatives));
}

/**
 * The same computation on shuffled labels, scaled to |v[l]| at every layer.
 *
 * Labels are shuffled inside each stratum (the samples of one label under one system prompt), half against half. A plain
 * shuffle is uneven by chance, and even one that splits each label evenly mixes prompts that ask with different force: the
 * remainder then points along v or -v, and scaling it up makes a copy of v out of it.
 *
 * @param vector (nLayers, dModel), the true difference
 * @throws RangeError if no stratum has two samples
 */
export function shuffledTwin(
  vector: Float64Array,
  strata: readonly (readonly Float64Array[])[],
  dModel: number,
  random: Random,
): Float64Array {
  const differences = strata.flatMap((samples) => {
    const shuffled = random.shuffle(samples);
    // An odd one out would tip the balance.
    const half = Math.floor(shuffled.length / 2);
    return half === 0 ? [] : [meanDifference(shuffled.slice(0, half), shuffled.slice(half, 2 * half))];
  });
  if (differences.length === 0) throw new RangeError('no two samples to exchange labels between');
  return rescale(meanVector(differences), normPerLayer(vector, dModel), dModel);
}

/** Scales layer l to `norms[l]`; a zero layer stays zero. */
function rescale(vectors: Float64Array, norms: readonly number[], dModel: number): Float64Array {
  const scaled = vectors.slice();
  norms.forEach((length, layer) => {
    const part = layerOf(scaled, layer, dModel);
    part.set(scale(part, length / (norm(part) || 1)));
  });
  return scaled;
}

/**
 * v under a random rotation: all norms |v[l]| and all angles between layers stay, so steering by increments adds steps
 * of the very same sizes. The layers' coordinates in an orthonormal basis of their span (Gram and Schmidt) are carried
 * over to a random orthonormal basis.
 *
 * @param vector (nLayers, dModel), nLayers <= dModel
 */
export function randomTwin(vector: Float64Array, dModel: number, random: Random): Float64Array {
  const nLayers = vector.length / dModel;
  const basis: Float64Array[] = [];
  const target: Float64Array[] = [];
  const twin = new Float64Array(vector.length);
  for (let layer = 0; layer < nLayers; layer++) {
    const v = layerOf(vector, layer, dModel);
    const rest = orthogonalPart(v, basis);
    if (norm(rest) > 1e-9 * norm(v)) {
      basis.push(scale(rest, 1 / norm(rest)));
      target.push(randomUnit(target, dModel, random));
    }
    const into = layerOf(twin, layer, dModel);
    basis.forEach((axis, k) => {
      const coordinate = dot(v, axis);
      target[k]!.forEach((x, i) => (into[i]! += coordinate * x));
    });
  }
  return twin;
}

/** v without its part in the span of an orthonormal basis; twice, because once leaves rounding behind. */
function orthogonalPart(v: Float64Array, basis: readonly Float64Array[]): Float64Array {
  const rest = v.slice();
  for (const axis of [...basis, ...basis]) {
    const along = dot(rest, axis);
    axis.forEach((x, i) => (rest[i]! -= along * x));
  }
  return rest;
}

function randomUnit(orthogonalTo: readonly Float64Array[], dModel: number, random: Random): Float64Array {
  const normal = Float64Array.from({ length: dModel }, () => random.normal());
  const rest = orthogonalPart(normal, orthogonalTo);
  return scale(rest, 1 / norm(rest));
}
