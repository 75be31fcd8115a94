/**
 * A steering vector on its way out of, or into, the page: numbers, and what has to be known to use them.
 *
 * Three formats carry it, each in a file of its own: `vector-json.ts`, `vector-safetensors.ts`, `vector-gguf.ts`.
 * In all of them every f32 comes back bit for bit, and the fields of the header come back as they were.
 */
import { badFile } from '../formats/bad-file';
import type { LayerVectors } from '../engine/intervention';
import type { VectorHeader } from './vector-header';

/** Formats that vectors are written in. */
export type VectorFormat = 'json' | 'safetensors' | 'gguf';

export interface VectorFile extends VectorHeader {
  /** layer -> (dModel), one for each of `layers`. */
  vectors: LayerVectors;
}

/** The header of a vector, in the order it is written. */
export function headerOf(vector: VectorHeader): VectorHeader {
  const { name, label, description, model, layers, units, positions, contrast, steering } = vector;
  const { coherentUpTo, onset, centre, precision, provenance } = vector;
  return {
    ...{
      name,
      label,
      description,
      model,
      layers,
      units,
      positions,
      contrast,
      steering,
      coherentUpTo,
      onset,
      ...(centre && { centre }),
      precision,
      provenance,
    },
  };
}

/** The numbers of a vector as (layers, dModel), in the order of `layers`. */
export function stackRows({ layers, vectors, model }: VectorFile): Float32Array {
  const data = new Float32Array(layers.length * model.dModel);
  layers.forEach((layer, i) => data.set(vectors.get(layer)!, i * model.dModel));
  return data;
}

/**
 * The reverse.
 *
 * @param layers as a file has them: they may be anything
 * @throws PersonascopeError `BadRequest` if the numbers are not as many rows as there are layers
 */
export function unstackRows(data: Float32Array, layers: unknown, where: string): Map<number, Float32Array> {
  if (!Array.isArray(layers)) throw badFile(where, 'layers: must be a list');
  const dModel = data.length / layers.length;
  if (!Number.isInteger(dModel)) throw badFile(where, `layers: ${data.length} numbers are not ${layers.length} rows`);
  return new Map((layers as number[]).map((layer, i) => [layer, data.subarray(i * dModel, (i + 1) * dModel)]));
}
