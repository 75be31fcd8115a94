/** Checks of a vector as a whole: its numbers against its fields, and both against the loaded model. */
import type { ModelSize } from '../engine/intervention-check';
import type { VectorHeader } from './vector-header';
import { badFile } from '../formats/bad-file';
import type { VectorFile } from './vector-file';
import { parseVectorHeader } from './vector-schema';

/**
 * Checks a whole vector, its fields against the schema and its numbers against its fields. Every reader and every writer
 * goes through here: what can't be opened is not written.
 *
 * @returns a vector of its own: fields the schema does not know are left out
 * @throws PersonascopeError `BadRequest` naming the field and the reason
 */
export function checkVector({ vectors, ...fields }: VectorFile, where: string): VectorFile {
  const header = parseVectorHeader(fields, where);
  const { layers, model, steering } = header;
  if (layers.some((layer, i) => i > 0 && layer <= layers[i - 1]!)) {
    throw badFile(where, `layers: must be ascending, each once`);
  }
  if (model.nLayers !== null && layers.at(-1)! >= model.nLayers) {
    throw badFile(where, `layers: ${layers.at(-1)} is not one of 0 to ${model.nLayers - 1}, the model's`);
  }
  for (const layer of steering.layers) {
    if (!layers.includes(layer)) throw badFile(where, `steering.layers: the vector has no numbers for layer ${layer}`);
  }
  if (vectors.size !== layers.length) {
    throw badFile(where, `layers: ${layers.length} are named, there are numbers for ${vectors.size}`);
  }
  const numbers = layers.map((layer) => [layer, checkNumbers(vectors.get(layer), layer, model.dModel, where)] as const);
  return { ...header, vectors: new Map(numbers) };
}

/** A copy, so that the vector does not hang on the file's bytes. */
function checkNumbers(row: Float32Array | undefined, layer: number, dModel: number, where: string): Float32Array {
  if (!row) throw badFile(where, `layers: there are no numbers for layer ${layer}`);
  if (row.length !== dModel)
    throw badFile(where, `layer ${layer} has ${row.length} numbers, model.dModel is ${dModel}`);
  const wrong = row.findIndex((x) => !Number.isFinite(x));
  if (wrong >= 0) throw badFile(where, `layer ${layer} holds no finite number at ${wrong}`);
  return row.slice();
}

/** @throws PersonascopeError `BadRequest` if two vectors of a file have one name */
export function refuseSameNames(vectors: readonly VectorHeader[], where: string): void {
  const seen = new Set<string>();
  for (const { name } of vectors) {
    if (seen.has(name)) throw badFile(where, `two vectors are named ${JSON.stringify(name.slice(0, 120))}`);
    seen.add(name);
  }
}

/**
 * Whether a vector can be used on a loaded model at all. That it was made on this very model is another question: compare
 * `model.digest`.
 *
 * @throws PersonascopeError `BadRequest` naming the field and the reason
 */
export function checkFits(vector: VectorHeader, { nLayers, dModel }: ModelSize): void {
  const where = `The vector ${JSON.stringify(vector.name)}:`;
  if (vector.model.dModel !== dModel) {
    throw badFile(where, `model.dModel is ${vector.model.dModel}, the loaded model's is ${dModel}`);
  }
  if (vector.model.nLayers !== null && vector.model.nLayers !== nLayers) {
    throw badFile(where, `model.nLayers is ${vector.model.nLayers}, the loaded model has ${nLayers}`);
  }
  const outside = vector.layers.find((layer) => layer >= nLayers);
  if (outside !== undefined) {
    throw badFile(where, `layers: ${outside} is not one of 0 to ${nLayers - 1}, the loaded model's`);
  }
}
