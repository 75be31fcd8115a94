/**
 * A vector as a llama.cpp control vector: a GGUF file of architecture `controlvector` with one F32 tensor `direction.N`
 * (dModel) for each layer.
 *
 * **Layers: our layer l, the output of block l (0-based), is `direction.l`.** Read in the sources:
 *
 * - llama.cpp `common/common.cpp`, `common_control_vector_load_one`: `direction.N` goes to `data + n_embd * (N - 1)`;
 *   N = 0, a type other than F32, or more than one dimension is an error.
 * - llama.cpp `src/llama-adapter.cpp`, `llama_adapter_cvec::apply`: the tensor of block il (0-based) is read from
 *   `n_embd * (il - 1)`, for il from 1 ("there's never a tensor for layer 0"). The two minus ones cancel: N = il.
 * - llama.cpp `src/models/llama.cpp`: `build_cvec(cur, il)` comes after the block's last residual sum, just before `l_out`:
 *   at `blocks.{il}.hook_resid_post`.
 * - repeng `repeng/extract.py`: `export_gguf` writes `direction.{layer}` for the keys of `directions`; layer k's hidden
 *   states are `hidden_states[k + 1]`, the output of block k, and `ControlModel` adds there. The same numbering.
 * - llama.cpp `tools/cvector-generator` (`mean.hpp`, `pca.hpp`) names what it computed from `l_out-i` `direction.{i + 1}`:
 *   such a file is added one block later than it was read. We go by where llama.cpp adds it, so that a vector does here what
 *   it does there.
 *
 * **Directions are what the dial adds** at coefficient 1 (`control-vector.ts`): llama.cpp adds every `direction.N` at once,
 * times one scale. The vector itself and all our fields travel in pairs (`gguf-pairs.ts`).
 *
 * **Others' numbers** are read as they are. They may be of unit length or not (repeng's PCA and cvector-generator's are,
 * differences of means are not), and no field says: their units count as unknown. `direction.0`, which llama.cpp refuses,
 * is repeng's name for block 0; a direction past the last block is one that llama.cpp never adds, and is left out; a file
 * that has both counts as Hugging Face's `hidden_states` do, from the embeddings.
 */
import { limits } from '../limits';
import type { ModelSize } from '../engine/intervention-check';
import { toControlVector } from './control-vector';
import { architecture, Pairs, pairsOf } from './gguf-pairs';
import { readGguf, type GgufTensor } from '../formats/gguf-reader';
import { writeGguf } from '../formats/gguf-writer';
import { toBlocks, type PlacedRows } from './layer-numbers';
import { checkVector } from './vector-check';
import { badFile } from '../formats/bad-file';
import { unstackRows, type VectorFile } from './vector-file';
import { baseName, foreignHeader, nameFrom } from './vector-foreign';

/** @throws PersonascopeError `BadRequest` if it could not be read again, or its model has block 0 alone */
export function writeVectorGguf(vector: VectorFile): Uint8Array<ArrayBuffer> {
  const checked = checkVector(vector, 'The vector:');
  const control = toControlVector(checked);
  const isItself = checked.steering.mode === 'direct' && checked.layers.join() === control.layers.join();
  const directions = isItself ? checked : control;
  return writeGguf(
    pairsOf(checked, directions),
    directions.layers.map((layer) => ({ name: `direction.${layer}`, data: directions.vectors.get(layer)! })),
  );
}

/**
 * @param model the loaded one: it decides how others' directions are counted
 * @throws PersonascopeError `BadRequest` naming the file, the key or tensor, and the reason
 */
export function readVectorGguf(bytes: Uint8Array, file: string, model: ModelSize): VectorFile {
  const { metadata, tensors } = readGguf(bytes, file);
  const pairs = new Pairs(metadata, file);
  pairs.checkUse(tensors.length);
  const directions = readDirections(tensors, file);
  const header = pairs.header('personascope.vector');
  if (!header) return describeForeign(directions, pairs, file, model);
  const vectors = new Map(directions);
  const layerZero = pairs.layerZero();
  if (layerZero) vectors.set(0, layerZero);
  const read = checkVector({ ...header, vectors }, `${file}: personascope.vector:`);
  const digest = pairs.text('personascope.model_digest');
  if (digest !== null && digest !== read.model.digest) {
    throw pairs.bad('personascope.model_digest', 'is another than in personascope.vector');
  }
  return readItself(read, pairs, file);
}

/** The vector whose control vector this is, where the file has it. */
function readItself(control: VectorFile, pairs: Pairs, file: string): VectorFile {
  const header = pairs.header('personascope.dial');
  if (!header) return control;
  const numbers = pairs.numbers();
  if (!numbers) throw pairs.bad('personascope.numbers', 'is missing');
  const vectors = unstackRows(numbers, header.layers, `${file}: personascope.dial:`);
  const vector = checkVector({ ...header, vectors }, `${file}: personascope.dial:`);
  const { layers, vectors: added } = toControlVector(vector);
  const isSame =
    layers.join() === control.layers.join() &&
    layers.every((layer) => haveSameBits(added.get(layer)!, control.vectors.get(layer)!));
  if (!isSame) {
    throw pairs.bad(
      'personascope.numbers',
      'do not give the directions: one of the two was changed after the file was written',
    );
  }
  return vector;
}

function haveSameBits(a: Float32Array, b: Float32Array): boolean {
  return a.length === b.length && a.every((x, i) => Object.is(x, b[i]));
}

function readDirections(tensors: readonly GgufTensor[], file: string): Map<number, Float32Array> {
  const vectors = new Map<number, Float32Array>();
  for (const { name, shape, data } of tensors) {
    const where = `${file}: ${JSON.stringify(name)}`;
    const number = Number(/^direction\.(0|[1-9]\d{0,2})$/.exec(name)?.[1] ?? NaN);
    if (Number.isNaN(number)) throw badFile(where, 'is not named direction.N');
    if (number > limits.layers) throw badFile(where, `is past layer ${limits.layers - 1}`);
    if (shape.filter((size) => size !== 1).length > 1)
      throw badFile(where, `is (${shape.join(', ')}), not one row of numbers`);
    const dModel = tensors[0]!.data.length;
    if (data.length !== dModel) throw badFile(where, `has ${data.length} numbers, the first direction ${dModel}`);
    vectors.set(number, data);
  }
  if (vectors.size === 0) throw badFile(`${file}:`, 'holds no direction');
  return new Map([...vectors].sort(([a], [b]) => a - b));
}

/** Rows of a control vector of others, on the blocks of the loaded model. */
function placeDirections(
  directions: ReadonlyMap<number, Float32Array>,
  pairs: Pairs,
  nLayers: number,
): PlacedRows<Float32Array> {
  const origin = pairs.layerOrigin();
  if (origin !== null) {
    if (origin === 1 && directions.has(0))
      throw pairs.bad('personascope.layer_origin', 'is 1, and there is a direction.0');
    return { rows: new Map([...directions].map(([number, row]) => [number - origin, row])), notes: [] };
  }
  const [isZeroth, isPast] = [directions.has(0), directions.has(nLayers)];
  if (isZeroth && isPast) return toBlocks(directions, nLayers);
  const notes: string[] = [];
  if (isZeroth) notes.push('direction.0 taken as block 0');
  if (isPast && directions.size > 1) notes.push(`direction.${nLayers} left out: llama.cpp adds it nowhere`);
  return { rows: new Map([...directions].filter(([number]) => number !== nLayers || directions.size === 1)), notes };
}

function describeForeign(
  directions: ReadonlyMap<number, Float32Array>,
  pairs: Pairs,
  file: string,
  model: ModelSize,
): VectorFile {
  const { rows, notes } = placeDirections(directions, pairs, model.nLayers);
  const layers = [...rows.keys()];
  const header = foreignHeader({
    name: nameFrom(baseName(file)),
    label: pairs.loose('general.name') || baseName(file),
    description: pairs.loose('general.description'),
    model: pairs.loose(`${architecture}.model_hint`),
    digest: pairs.text('personascope.model_digest'),
    layers,
    dModel: rows.get(layers[0]!)!.length,
    source: 'a llama.cpp control vector',
    notes,
  });
  return checkVector({ ...header, vectors: rows }, `${file}:`);
}
