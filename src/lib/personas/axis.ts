/** The Assistant Axis (Lu et al. 2026, arXiv 2601.10387), of mean residuals per layer. All arrays are (nLayers, dModel). */
import { dot, layerOf, meanVector, norm, subtract } from '../maths/linear';
import { quantile } from '../maths/stats';

/** axis = default - mean over roles. It points TOWARD the Assistant. */
export function computeAxis(defaultMean: Float64Array, roleMeans: readonly Float64Array[]): Float64Array {
  return subtract(defaultMean, meanVector(roleMeans));
}

/** <centre, u> per layer, centre = mean over roles and default, each counted once: where 0 on the axis is. */
export function axisCentre(
  defaultMean: Float64Array,
  roleMeans: readonly Float64Array[],
  axis: Float64Array,
  dModel: number,
): number[] {
  return projectPerLayer(meanVector([...roleMeans, defaultMean]), axis, dModel);
}

/** |v[l]| per layer. */
export function normPerLayer(vectors: Float32Array | Float64Array, dModel: number): number[] {
  return Array.from({ length: vectors.length / dModel }, (_, layer) => norm(layerOf(vectors, layer, dModel)));
}

/** <h[l], u[l]> per layer, u = v / |v|; 0 where v is zero. */
export function projectPerLayer(
  h: Float32Array | Float64Array,
  v: Float32Array | Float64Array,
  dModel: number,
): number[] {
  return normPerLayer(v, dModel).map((length, layer) =>
    length === 0 ? 0 : dot(layerOf(h, layer, dModel), layerOf(v, layer, dModel)) / length,
  );
}

/**
 * Floors of a cap: at each of `layers`, the percentile (0 to 100; the paper's is 25) of <h, u> over ordinary Assistant
 * replies.
 *
 * @param projections one (nLayers) a reply, from `projectPerLayer`
 */
export function capFloors(projections: readonly number[][], layers: readonly number[], percentile: number) {
  const floorAt = (layer: number) =>
    quantile(
      projections.map((reply) => reply[layer]!),
      percentile / 100,
    );
  return Object.fromEntries(layers.map((layer) => [layer, floorAt(layer)])) as Record<number, number>;
}
