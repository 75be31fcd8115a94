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
 * llama.cpp adds nothing after block 0, so a vector's layer 0 travels as the pair `personascope.direction_0`, which others
 * pass over. All our fields travel as `personascope.vector`, the `VectorHeader` as JSON.
 *
 * **Scale:** the numbers are written and read as they are. llama.cpp adds every `direction.N` at once, times one scale: a
 * raw difference at all layers is then added many times over. `toControlVector` gives what the dial adds at coefficient 1.
 * Others' vectors may be of unit length or not (repeng's PCA and cvector-generator's are, differences of means are not),
 * and no field says: their units count as unknown.
 */
import { toIncrements } from '../interp/increments';
import type { LayerVectors } from '../interp/intervention';
import { limits } from '../interp/limits';
import { readGguf, type GgufTensor, type GgufValue } from './gguf-reader';
import { writeGguf, type GgufPair } from './gguf-writer';
import { checkVector } from './vector-check';
import type { VectorHeader } from '../interp/vector-header';
import { badVector, headerOf, type VectorFile } from './vector-file';
import { baseName, foreignHeader, nameFrom } from './vector-foreign';
import { parseJsonObject } from './vector-json';

const architecture = 'controlvector';
const headerKey = 'personascope.vector';
const layerZeroKey = 'personascope.direction_0';

/**
 * The numbers as they are. For a file that does in llama.cpp at scale 1 what the dial does at coefficient 1, pass
 * `toControlVector(vector)`.
 *
 * @throws PersonascopeError `BadRequest` if it could not be read again, or has no layer but 0
 */
export function writeVectorGguf(vector: VectorFile): Uint8Array<ArrayBuffer> {
  const checked = checkVector(vector, 'The vector:');
  const layerZero = checked.vectors.get(0);
  const layers = checked.layers.filter((layer) => layer > 0);
  if (layers.length === 0) throw badVector('The vector:', 'layers: a control vector adds nothing after block 0');
  const pairs: GgufPair[] = [
    ['general.architecture', architecture],
    ['general.name', checked.label],
    ['general.description', `${checked.description}\n${describeScale(checked)}`.trim()],
    [`${architecture}.model_hint`, checked.model.id],
    [`${architecture}.layer_count`, layers.length],
    [headerKey, JSON.stringify(headerOf(checked))],
  ];
  if (layerZero) pairs.push([layerZeroKey, layerZero]);
  return writeGguf(
    pairs,
    layers.map((layer) => ({ name: `direction.${layer}`, data: checked.vectors.get(layer)! })),
  );
}

/** For who reads the file elsewhere. */
function describeScale({ units, layers }: VectorHeader): string {
  const where = 'direction.N belongs to the output of block N (0-based).';
  switch (units) {
    case 'raw difference':
      return `${where} Raw differences of means, not unit vectors, each counted from nothing: added at one layer, scale 1 moves the residual stream as far as the positive prompts did; added at ${layers.length} layers, many times as far.`;
    case 'increments':
      return `${where} Increments in the residual stream's own units: added at all layers, scale 1 moves it as far as the positive prompts did.`;
    case 'unknown':
      return `${where} The scale is not known.`;
  }
}

/**
 * What the dial adds at coefficient 1, in the form llama.cpp adds it: at every layer the vector then has. `increments` are
 * taken over the steering layers past block 0, where llama.cpp adds nothing, so the first of them carries the whole v[l];
 * each difference is rounded to f32. `direct` leaves the numbers at the steering layers as they are.
 *
 * @throws PersonascopeError `BadRequest` if it steers at no layer but 0
 */
export function toControlVector(vector: VectorFile): VectorFile {
  const { steering, vectors } = checkVector(vector, 'The vector:');
  const layers = [...new Set(steering.layers)].filter((layer) => layer > 0).sort((a, b) => a - b);
  if (layers.length === 0)
    throw badVector('The vector:', 'steering.layers: a control vector adds nothing after block 0');
  const steered: LayerVectors = new Map(layers.map((layer) => [layer, vectors.get(layer)!]));
  const isIncremental = steering.mode === 'increments';
  const added = {
    ...vector,
    layers,
    units: isIncremental ? ('increments' as const) : vector.units,
    steering: { mode: 'direct' as const, layers },
    vectors: isIncremental ? toIncrements(steered) : steered,
  };
  return checkVector(added, 'The vector:');
}

/** @throws PersonascopeError `BadRequest` naming the file, the key or tensor, and the reason */
export function readVectorGguf(bytes: Uint8Array, file: string): VectorFile {
  const { metadata, tensors } = readGguf(bytes, file);
  checkPairs(metadata, tensors.length, file);
  const vectors = readDirections(tensors, file);
  const ours = metadata.get(headerKey);
  if (ours === undefined) return checkVector(describeForeign(metadata, vectors, file), `${file}:`);
  if (typeof ours !== 'string') throw badVector(`${file}: ${headerKey}`, 'is not a string');
  const layerZero = metadata.get(layerZeroKey);
  if (layerZero !== undefined) {
    if (!(layerZero instanceof Float32Array)) throw badVector(`${file}: ${layerZeroKey}`, 'is not an array of f32');
    vectors.set(0, layerZero);
  }
  const fields = parseJsonObject(new TextEncoder().encode(ours), `${file}: ${headerKey}`);
  return checkVector({ ...(fields as unknown as VectorHeader), vectors }, `${file}: ${headerKey}:`);
}

/** repeng counts in u32, llama.cpp in i32; both count the tensors. Neither reads the count again. */
function checkPairs(metadata: ReadonlyMap<string, GgufValue>, nTensors: number, file: string): void {
  const found = metadata.get('general.architecture');
  if (found !== architecture) {
    const what = typeof found === 'string' ? JSON.stringify(found.slice(0, 40)) : 'no text';
    throw badVector(`${file}: general.architecture`, `is ${what}, not "${architecture}"`);
  }
  const hint = metadata.get(`${architecture}.model_hint`);
  if (hint !== undefined && typeof hint !== 'string') {
    throw badVector(`${file}: ${architecture}.model_hint`, 'is not a string');
  }
  const count = metadata.get(`${architecture}.layer_count`);
  if (count === undefined) return;
  const isNumber = typeof count === 'number' || typeof count === 'bigint';
  if (!isNumber || !Number.isInteger(Number(count)) || count < nTensors || count > limits.layers) {
    throw badVector(
      `${file}: ${architecture}.layer_count`,
      `is not a number from ${nTensors}, the tensors, to ${limits.layers}`,
    );
  }
}

function readDirections(tensors: readonly GgufTensor[], file: string): Map<number, Float32Array> {
  const vectors = new Map<number, Float32Array>();
  for (const { name, shape, data } of tensors) {
    const where = `${file}: ${JSON.stringify(name)}`;
    const layer = Number(/^direction\.(0|[1-9]\d{0,2})$/.exec(name)?.[1] ?? NaN);
    if (Number.isNaN(layer)) throw badVector(where, 'is not named direction.N');
    if (layer === 0) throw badVector(where, 'is no layer: llama.cpp adds nothing after block 0');
    if (layer >= limits.layers) throw badVector(where, `is past layer ${limits.layers - 1}`);
    if (shape.length !== 1) throw badVector(where, `has ${shape.length} dimensions, not 1`);
    const dModel = tensors[0]!.data.length;
    if (data.length !== dModel) throw badVector(where, `has ${data.length} numbers, the first direction ${dModel}`);
    vectors.set(layer, data);
  }
  if (vectors.size === 0) throw badVector(`${file}:`, 'holds no direction');
  return new Map([...vectors].sort(([a], [b]) => a - b));
}

function describeForeign(metadata: ReadonlyMap<string, GgufValue>, vectors: LayerVectors, file: string): VectorFile {
  const text = (key: string) => {
    const value = metadata.get(key);
    return typeof value === 'string' ? value : '';
  };
  const layers = [...vectors.keys()];
  const header = foreignHeader({
    name: nameFrom(baseName(file)),
    label: text('general.name') || baseName(file),
    description: text('general.description'),
    model: text(`${architecture}.model_hint`),
    layers,
    dModel: vectors.get(layers[0]!)!.length,
    source: 'a llama.cpp control vector',
  });
  return { ...header, vectors };
}
