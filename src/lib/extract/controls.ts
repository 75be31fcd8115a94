/** The vectors that a persona vector must beat: as long as it at every layer, but of no meaning. */
import { normPerLayer } from '../personas/axis';
import { dot, layerOf, meanVector, norm, scale, subtract } from '../maths/linear';
import { Random } from '../maths/random';

/** Mean over the positives - mean over the negatives. */
export function meanDifference(positives: readonly Float64Array[], negatives: readonly Float64Array[]): Float64Array {
  return subtract(meanVector(positives), meanVector(negatives));
}

/** A sample's mean residual (nLayers, dModel), and the system prompt that it was written under. */
export interface Labelled {
  prompt: string | null;
  mean: Float64Array;
}

/**
 * The same computation on shuffled labels, scaled to |v[l]| at every layer.
 *
 * Each system prompt's samples are split evenly between the two shuffled labels. With a plain shuffle the split is uneven
 * by chance, between labels or between strong and weak prompts of a label; the remainder points along v or -v, and scaling
 * it up makes a copy of v out of it. Some of v is left in a single draw even so (see the cosine): take several.
 *
 * @param vector (nLayers, dModel), the true difference
 */
export function shuffledTwin(
  vector: Float64Array,
  labels: readonly (readonly Labelled[])[],
  dModel: number,
  random: Random,
): Float64Array {
  // Mean of the labels' own differences, so that labels of unequal size cancel too.
  const shuffled = meanVector(labels.map((samples) => meanDifference(...splitEvenly(samples, random))));
  return rescale(shuffled, normPerLayer(vector, dModel), dModel);
}

/** Halves with as many samples of each prompt; an odd one out would tip the balance and is left out. */
function splitEvenly(samples: readonly Labelled[], random: Random): [Float64Array[], Float64Array[]] {
  const prompts = [...new Set(samples.map(({ prompt }) => prompt))];
  const groups = prompts.map((prompt) => samples.filter((sample) => sample.prompt === prompt));
  const halves: [Float64Array[], Float64Array[]] = [[], []];
  // Where no prompt has two samples, halves of different prompts are the best there is.
  for (const group of groups.some(({ length }) => length > 1) ? groups : [samples]) {
    const means = random.shuffle(group.map(({ mean }) => mean));
    const half = Math.floor(means.length / 2);
    halves[0].push(...means.slice(0, half));
    halves[1].push(...means.slice(half, 2 * half));
  }
  return halves;
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
