/**
 * Vectors as a safetensors file: for each a tensor `vector.<name>` (layers, dModel), f32, and in `__metadata__` the string
 * `vector.<name>`: its `VectorHeader` as JSON, whose `layers` say which row is which.
 *
 * A file without our metadata is read too, as `foreign-tensors.ts` finds vectors among tensors; what its `__metadata__` says
 * of layers holds for every tensor. F16 and BF16 are widened to f32, which is exact: the rounding happened where they were
 * written, and `precision` says so from then on.
 */
import { PersonascopeError } from '../errors';
import type { ModelSize } from '../engine/intervention-check';
import { limits } from '../limits';
import { encodeSafetensors, headerBytes, parseHeader, type HeaderEntry } from '../formats/safetensors';
import type { VectorHeader } from './vector-header';
import { vectorsOf, type ForeignTensor } from './foreign-tensors';
import { isHint } from './layer-hints';
import { isStoredFloats, precisionOf, readStoredFloats } from '../formats/stored-floats';
import { checkVector, refuseSameNames } from './vector-check';
import { badFile, fileNextStep } from '../formats/bad-file';
import { headerOf, stackRows, unstackRows, type VectorFile } from './vector-file';
import { parseJsonObject } from './vector-json';

const vectorSafetensorsFormat = 'personascope/vectors@1';

const prefix = 'vector.';

/** @throws PersonascopeError `BadRequest` if it could not be read again */
export function writeVectorSafetensors(vectors: readonly VectorFile[]): Uint8Array<ArrayBuffer> {
  if (vectors.length === 0 || vectors.length > limits.vectors) {
    throw badFile('The file:', `holds 1 to ${limits.vectors} vectors, not ${vectors.length}`);
  }
  const checked = vectors.map((vector) => checkVector(vector, 'The vector:'));
  refuseSameNames(checked, 'The file:');
  const tensors = checked.map((vector) => ({
    name: prefix + vector.name,
    shape: [vector.layers.length, vector.model.dModel],
    data: stackRows(vector),
  }));
  const headers = checked.map((vector) => [prefix + vector.name, JSON.stringify(headerOf(vector))] as const);
  return encodeSafetensors(tensors, { format: vectorSafetensorsFormat, ...Object.fromEntries(headers) });
}

/**
 * @param model the loaded one: in a file of others, its width and number of blocks tell what is what
 * @throws PersonascopeError `BadRequest` naming the file, the tensor or field, and the reason
 */
export function readVectorSafetensors(bytes: Uint8Array, file: string, model: ModelSize): VectorFile[] {
  const { tensors, metadata } = readHeader(bytes, file);
  const format = metadata['format'] ?? '';
  if (!format.startsWith('personascope/')) return readForeign([...tensors.values()], bytes, metadata, file, model);
  if (format !== vectorSafetensorsFormat) {
    throw badFile(`${file}: format`, `is ${format.slice(0, 100)}, not ${vectorSafetensorsFormat}`);
  }
  if (tensors.size === 0) throw badFile(`${file}:`, 'holds no tensor');
  if (tensors.size > limits.vectors) {
    throw badFile(`${file}:`, `holds ${tensors.size} tensors, more than ${limits.vectors}`);
  }
  const vectors = [...tensors.values()].map((entry) => readOurs(entry, bytes, metadata, file));
  refuseSameNames(vectors, `${file}:`);
  return vectors;
}

/**
 * The header of a safetensors file that a visitor chose: what `parseHeader` refuses of a model is a bad request here.
 *
 * @throws PersonascopeError `BadRequest`
 */
export function readHeader(bytes: Uint8Array, file: string): ReturnType<typeof parseHeader> {
  try {
    const start = headerBytes(bytes, file);
    if (start > limits.vectorFileHeader)
      throw badFile(`${file}:`, `header of ${start} bytes is longer than ${limits.vectorFileHeader}`);
    return parseHeader(bytes, file, bytes.length);
  } catch (error) {
    if (!(error instanceof PersonascopeError) || error.name !== 'BadModel') throw error;
    throw new PersonascopeError('BadRequest', error.message, fileNextStep, { cause: error });
  }
}

function readOurs(entry: HeaderEntry, bytes: Uint8Array, metadata: Record<string, string>, file: string): VectorFile {
  const where = `${file}: ${quote(entry.name)}`;
  if (!entry.name.startsWith(prefix)) throw badFile(where, `is not named ${prefix}<name>`);
  const json = Object.hasOwn(metadata, entry.name) ? metadata[entry.name]! : undefined;
  if (json === undefined) throw badFile(where, 'has no description in __metadata__');
  const fields = parseJsonObject(new TextEncoder().encode(json), `${where} in __metadata__`);
  if (fields['name'] !== entry.name.slice(prefix.length)) throw badFile(`${where}: name`, 'is not the tensor’s');
  const [layers, dModel] = entry.shape;
  if (entry.shape.length !== 2 || !layers || !dModel || layers > limits.layers || dModel > limits.dModel) {
    const most = `(${limits.layers}, ${limits.dModel})`;
    throw badFile(where, `is (${entry.shape.join(', ')}), not (layers, dModel), at most ${most}`);
  }
  const named = fields['layers'];
  if (!Array.isArray(named) || named.length !== layers) {
    throw badFile(`${where}: layers`, `is not a list of ${layers}, one for each row`);
  }
  const vectors = unstackRows(readFloats(entry, bytes, where), named, where);
  const vector = checkVector({ ...(fields as unknown as VectorHeader), vectors }, `${where}:`);
  return entry.dtype === 'F16' || entry.dtype === 'BF16' ? { ...vector, precision: entry.dtype } : vector;
}

function readForeign(
  entries: readonly HeaderEntry[],
  bytes: Uint8Array,
  metadata: Record<string, string>,
  file: string,
  model: ModelSize,
): VectorFile[] {
  const facts = new Map(Object.entries(metadata).filter(([key]) => isHint(key)));
  const tensors = entries.map((entry): ForeignTensor => {
    const { name, shape, dtype } = entry;
    return {
      ...{ path: [name], shape, dtype, facts },
      precision: isStoredFloats(dtype) ? precisionOf(dtype) : null,
      read: () => readFloats(entry, bytes, `${file}: ${quote(name)}`),
    };
  });
  return vectorsOf({ file, kind: 'a safetensors file', tensors }, model);
}

/** @throws PersonascopeError `BadRequest` if the tensor is stored as anything but F64, F32, F16 or BF16 */
export function readFloats({ dtype, begin, end }: HeaderEntry, bytes: Uint8Array, where: string): Float32Array {
  if (!isStoredFloats(dtype)) {
    throw badFile(where, `is stored as ${dtype.slice(0, 20)}; F64, F32, F16 and BF16 can be read`);
  }
  return readStoredFloats(bytes.subarray(begin, end), dtype);
}

function quote(name: string): string {
  return JSON.stringify(name.slice(0, 120));
}
