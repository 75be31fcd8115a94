/** Adding a vector little by little. */
import type { LayerVectors } from './intervention';

/**
 * What to add after each layer so that the sum added up to there is v[l]: at the first of the layers v[l] itself, then
 * v[l] - v[previous]. The residual stream carries what was added, so after the last layer it has moved by v[last].
 */
export function toIncrements(vectors: LayerVectors): Map<number, Float32Array> {
  const layers = [...vectors.keys()].sort((a, b) => a - b);
  return new Map(
    layers.map((layer, i) => {
      const here = vectors.get(layer)!;
      const before = i === 0 ? undefined : vectors.get(layers[i - 1]!)!;
      return [layer, before ? here.map((x, j) => x - before[j]!) : here];
    }),
  );
}
