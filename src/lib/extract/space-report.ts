/** The figures of a persona space that the papers report too. */
import { cosine, layerOf } from '../maths/linear';
import { computePca } from '../maths/pca';
import type { ExtractedSpace } from './space-sums';

export interface SpaceReport {
  roles: number;
  /** Replies of roles, and of the default. */
  replies: { roles: number; default: number };
  /** |cos(PC1, axis)| per layer. */
  cosPc1Axis: number[];
  /** At the target layer, share of the roles' variance per component. */
  explainedVariance: number[];
  componentsFor70: number;
  /** Place of the default among roles and itself, counted from the Assistant's end. */
  defaultRank: number;
}

type Described = Pick<ExtractedSpace, 'roleMeans' | 'axisVector' | 'pca' | 'roles' | 'kept' | 'defaultRank'>;

export function reportSpace(space: Described, dModel: number, defaultReplies: number): SpaceReport {
  const nLayers = space.axisVector.length / dModel;
  const pcaAt = (layer: number, count: number) =>
    computePca(
      space.roleMeans.map((mean) => layerOf(mean, layer, dModel)),
      count,
    );
  const { explainedVariance } = pcaAt(space.pca.layer, 20);
  let sum = 0;
  const needed = explainedVariance.findIndex((share) => (sum += share) >= 0.7);
  return {
    roles: space.roles.length,
    replies: { roles: space.kept.reduce((a, b) => a + b, 0), default: defaultReplies },
    cosPc1Axis: Array.from({ length: nLayers }, (_, layer) =>
      Math.abs(cosine(pcaAt(layer, 1).components[0] ?? [], layerOf(space.axisVector, layer, dModel))),
    ),
    explainedVariance,
    componentsFor70: needed < 0 ? explainedVariance.length : needed + 1,
    defaultRank: space.defaultRank,
  };
}

/** The paper's cap: about a fifth of the layers, in the upper middle (Lu et al.: 46-53 of 64, 56-71 of 80). */
export function capLayers(nLayers: number): number[] {
  const count = Math.max(1, Math.round(nLayers / 5));
  const first = Math.min(nLayers - count, Math.round(nLayers * 0.7));
  return Array.from({ length: count }, (_, i) => first + i);
}
