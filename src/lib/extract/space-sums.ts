/**
 * What a persona space is computed from: counts and sums, which can be added up over machines, where means could not.
 */
import { PersonascopeError } from '../errors';
import { axisCentre, capFloors, computeAxis, normPerLayer, projectPerLayer } from '../personas/axis';
import { cosine, dot, layerOf, meanVector, scale, subtract } from '../maths/linear';
import { computePca } from '../maths/pca';
import { rankOnAxis } from '../personas/position';
import { quantile, standardDeviation } from '../maths/stats';
import type { AxisEntry, CapEntry, PcaEntry, RoleEntry } from '../personas/persona-space';

export interface RoleSum {
  name: string;
  label: string;
  family: string;
  /** Replies. */
  count: number;
  /** (nLayers, dModel), of each reply's mean over its tokens. */
  sum: Float64Array;
}

export interface SpaceSums {
  modelDigest: string;
  promptSet: string;
  nLayers: number;
  dModel: number;
  /** One a run: a run that is there twice is refused, because its replies would count twice. */
  runs: string[];
  roles: RoleSum[];
  /** The default Assistant's replies one by one, (nLayers, dModel) each: percentiles cannot be had from a sum. */
  defaults: Float32Array[];
  /** Of |h| at one token of each of `count` replies, (nLayers). */
  residualNorm: { count: number; sum: number[] };
}

export interface CapPlace {
  layers: number[];
  /** 0 to 100; default 25. */
  percentile?: number;
}

export interface SpacePlace {
  targetLayer: number;
  cap: CapPlace;
}

/** Everything of a `PersonaSpace` that comes from roles. Tensors are (nLayers, dModel) unless they say. */
export interface ExtractedSpace {
  roleMeans: Float64Array[];
  defaultMean: Float64Array;
  axisVector: Float64Array;
  /** Null: the cap's axis is `axisVector`. */
  capAxis: Float64Array | null;
  /** (3, dModel) */
  components: Float64Array;
  /** (dModel) */
  pcaCentre: Float64Array;
  residualNorm: number[];
  axis: Omit<AxisEntry, 'coherentUpTo'>;
  pca: PcaEntry;
  roles: RoleEntry[];
  cap: CapEntry;
  /** Roles farther toward the Assistant than the default is, plus one: 1 is as in large models. */
  defaultRank: number;
  /** Replies behind each role's mean. */
  kept: number[];
}

/** Sums of the same model under the same prompts. Roles that only some ran count as often as they were run. */
export function mergeSums(parts: readonly SpaceSums[]): SpaceSums {
  const [first] = parts;
  if (!first) throw bad('there is nothing to merge');
  for (const part of parts) {
    for (const field of ['modelDigest', 'promptSet', 'nLayers', 'dModel'] as const) {
      if (part[field] !== first[field]) throw bad(`${field} differs: ${part[field]} is not ${first[field]}`);
    }
  }
  const runs = parts.flatMap((part) => part.runs);
  const twice = runs.find((run, i) => runs.indexOf(run) !== i);
  if (twice)
    throw bad(
      `the run "${twice}" is there twice, so its replies would count twice; machines that share the work take different numbers`,
    );
  const roles = new Map<string, RoleSum>();
  for (const role of parts.flatMap((part) => part.roles)) {
    const known = roles.get(role.name);
    if (!known) roles.set(role.name, { ...role, sum: role.sum.slice() });
    else {
      known.count += role.count;
      role.sum.forEach((x, i) => (known.sum[i]! += x));
    }
  }
  return {
    ...first,
    runs,
    roles: [...roles.values()],
    defaults: parts.flatMap((part) => part.defaults),
    residualNorm: {
      count: parts.reduce((sum, part) => sum + part.residualNorm.count, 0),
      sum: first.residualNorm.sum.map((_, layer) =>
        parts.reduce((sum, part) => sum + part.residualNorm.sum[layer]!, 0),
      ),
    },
  };
}

/**
 * Axis, PCA, places and cap (Lu et al. 2026, arXiv 2601.10387).
 *
 * @throws PersonascopeError `BadRequest` if the roles do not span three dimensions
 */
export function spaceFromSums(sums: SpaceSums, { targetLayer, cap }: SpacePlace): ExtractedSpace {
  const { dModel } = sums;
  const at = (vectors: Float64Array) => layerOf(vectors, targetLayer, dModel);
  const defaults = sums.defaults.map((mean) => Float64Array.from(mean));
  const defaultMean = meanVector(defaults);
  const roleMeans = sums.roles.map(({ sum, count }) => scale(sum, 1 / count));
  const axisVector = computeAxis(defaultMean, roleMeans);
  const centre = axisCentre(defaultMean, roleMeans, axisVector, dModel);
  const onAxis = (mean: Float64Array) => projectPerLayer(mean, axisVector, dModel)[targetLayer]! - centre[targetLayer]!;
  const { components, explainedVariance, pcaCentre } = orientedPca(roleMeans.map(at), at(axisVector));
  const onComponents = (h: Float64Array) => components.map((c) => dot(h, c)) as [number, number, number];
  const relative = (mean: Float64Array) => onComponents(subtract(at(mean), pcaCentre));
  const roles = sums.roles.map(({ name, label, family }, i) => {
    return { name, label, family, pc: relative(roleMeans[i]!), axis: onAxis(roleMeans[i]!) };
  });
  const projections = defaults.map((mean) => projectPerLayer(mean, axisVector, dModel));
  const places = projections.map((projection) => projection[targetLayer]!);
  const threshold = quantile(places, (cap.percentile ?? 25) / 100) - centre[targetLayer]!;
  const assistant = {
    mean: onAxis(defaultMean),
    sd: standardDeviation(places),
  };
  return {
    ...{ roleMeans, defaultMean, axisVector, pcaCentre, roles, kept: sums.roles.map(({ count }) => count) },
    components: Float64Array.from(components.flatMap((c) => [...c])),
    residualNorm: sums.residualNorm.sum.map((sum) => sum / sums.residualNorm.count),
    axis: { norm: normPerLayer(axisVector, dModel), centre, assistant },
    pca: {
      layer: targetLayer,
      explainedVariance,
      cosPc1Axis: cosine(components[0]!, at(axisVector)),
      centre: onComponents(pcaCentre),
      assistant: relative(defaultMean),
    },
    capAxis: null,
    cap: { ...capOn(axisVector, defaults, cap, dModel), positions: 'response', threshold },
    defaultRank: rankOnAxis(roles, assistant.mean),
  };
}

/** A cap whose floors are the percentile of the default's means on the axis. */
export function capOn(
  axis: Float64Array,
  defaults: readonly Float64Array[],
  { layers, percentile = 25 }: CapPlace,
  dModel: number,
) {
  const floor = capFloors(
    defaults.map((mean) => projectPerLayer(mean, axis, dModel)),
    layers,
    percentile,
  );
  return { layers, percentile, floor, norm: normPerLayer(axis, dModel) };
}

/** PCA of the mean-centred role means, PC1 turned toward the Assistant. */
function orientedPca(rows: readonly Float64Array[], axis: Float64Array) {
  const { centre, components, explainedVariance } = computePca(rows, 3);
  if (components.length < 3) {
    const message = `The roles span only ${components.length} of the 3 dimensions of persona space.`;
    throw new PersonascopeError('BadRequest', message, 'Add roles that differ more from each other.');
  }
  const turned = components.map((c, k) => (k === 0 && dot(c, axis) < 0 ? scale(c, -1) : c));
  return { components: turned, explainedVariance, pcaCentre: centre };
}

function bad(reason: string): PersonascopeError {
  return new PersonascopeError(
    'BadRequest',
    `These results can't be merged: ${reason}.`,
    'Merge results of one model under one prompt set, each once.',
  );
}
