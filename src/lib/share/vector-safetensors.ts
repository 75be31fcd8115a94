/**
 * Vectors as a safetensors file: for each a tensor `vector.<name>` (layers, dModel), f32, and in `__metadata__` the string
 * `vector.<name>`: its `VectorHeader` as JSON, whose `layers` say which row is which.
 *
 * A file without our metadata is read too: every tensor must be (layers, dModel), row l for the output of block l, as one
 * would save a stack of per-layer differences; its scale counts as unknown. F16 and BF16 are widened to f32, which is exact:
 * the rounding happened where they were written, and `precision` says so from then on.
 */
import { limits } from '../interp/limits';
import { PersonascopeError } from '../errors';
import {
  decodeFloats,
  encodeSafetensors,
  headerBytes,
  isStorageType,
  parseHeader,
  type HeaderEntry,
  type StorageType,
} from '../interp/safetensors';
import { checkVector } from './vector-check';
import type { VectorHeader } from '../interp/vector-header';
import { badVector, headerOf, vectorNextStep, type VectorFile } from './vector-file';
import { foreignHeader, nameFrom } from './vector-foreign';
import { parseJsonObject } from './vector-json';

export const vectorSafetensorsFormat = 'personascope/vectors@1';

const prefix = 'vector.';

/** @throws PersonascopeError `BadRequest` if it could not be read again */
export function writeVectorSafetensors(vectors: readonly VectorFile[]): Uint8Array<ArrayBuffer> {
  if (vectors.length === 0 || vectors.length > limits.vectors) {
    throw badVector('The file:', `holds 1 to ${limits.vectors} vectors, not ${vectors.length}`);
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

/** (layers, dModel) */
function stackRows({ layers, vectors, model }: VectorFile): Float32Array {
  const data = new Float32Array(layers.length * model.dModel);
  layers.forEach((layer, i) => data.set(vectors.get(layer)!, i * model.dModel));
  return data;
}

/** @throws PersonascopeError `BadRequest` naming the file, the tensor or field, and the reason */
export function readVectorSafetensors(bytes: Uint8Array, file: string): VectorFile[] {
  const { tensors, metadata } = readHeader(bytes, file);
  if (tensors.size === 0) throw badVector(`${file}:`, 'holds no tensor');
  if (tensors.size > limits.vectors) {
    throw badVector(`${file}:`, `holds ${tensors.size} tensors, more than ${limits.vectors}`);
  }
  const isOurs = metadata['format']?.startsWith('personascope/') ?? false;
  if (isOurs && metadata['format'] !== vectorSafetensorsFormat) {
    throw badVector(`${file}: format`, `is ${metadata['format']!.slice(0, 100)}, not ${vectorSafetensorsFormat}`);
  }
  const read = isOurs ? readOurs : readForeign;
  const vectors = [...tensors.values()].map((entry) => read(entry, bytes, metadata, file));
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
      throw badVector(`${file}:`, `header of ${start} bytes is longer than ${limits.vectorFileHeader}`);
    return parseHeader(bytes, file, bytes.length);
  } catch (error) {
    if (!(error instanceof PersonascopeError) || error.name !== 'BadModel') throw error;
    throw new PersonascopeError('BadRequest', error.message, vectorNextStep, { cause: error });
  }
}

function readOurs(entry: HeaderEntry, bytes: Uint8Array, metadata: Record<string, string>, file: string): VectorFile {
  const where = `${file}: ${quote(entry.name)}`;
  if (!entry.name.startsWith(prefix)) throw badVector(where, `is not named ${prefix}<name>`);
  const json = Object.hasOwn(metadata, entry.name) ? metadata[entry.name]! : undefined;
  if (json === undefined) throw badVector(where, 'has no description in __metadata__');
  const fields = parseJsonObject(new TextEncoder().encode(json), `${where} in __metadata__`);
  if (fields['name'] !== entry.name.slice(prefix.length)) throw badVector(`${where}: name`, 'is not the tensor’s');
  const rows = readRows(entry, bytes, where);
  const { layers } = fields;
  if (!Array.isArray(layers) || layers.length !== rows.length) {
    throw badVector(`${where}: layers`, `is not a list of ${rows.length}, one for each row`);
  }
  const vectors = new Map((layers as number[]).map((layer, i) => [layer, rows[i]!]));
  const vector = checkVector({ ...(fields as unknown as VectorHeader), vectors }, `${where}:`);
  return entry.dtype === 'F32' ? vector : { ...vector, precision: precisionOf(entry) };
}

function readForeign(entry: HeaderEntry, bytes: Uint8Array, _: unknown, file: string): VectorFile {
  const where = `${file}: ${quote(entry.name)}`;
  const rows = readRows(entry, bytes, where);
  const header = foreignHeader({
    name: nameFrom(entry.name),
    label: entry.name,
    layers: rows.map((_row, layer) => layer),
    dModel: rows[0]!.length,
    source: 'a safetensors file without a description',
  });
  const vectors = new Map(rows.entries());
  return checkVector({ ...header, precision: precisionOf(entry), vectors }, `${where}:`);
}

/** @returns a row for each layer */
function readRows(entry: HeaderEntry, bytes: Uint8Array, where: string): Float32Array[] {
  const [layers, dModel] = entry.shape;
  if (entry.shape.length !== 2 || !layers || !dModel || layers > limits.layers || dModel > limits.dModel) {
    throw badVector(
      where,
      `is (${entry.shape.join(', ')}), not (layers, dModel), at most (${limits.layers}, ${limits.dModel})`,
    );
  }
  const data = readFloats(entry, bytes, where);
  return Array.from({ length: layers }, (_, i) => data.subarray(i * dModel, (i + 1) * dModel));
}

/** Of a tensor that `readFloats` has read. */
function precisionOf({ dtype }: HeaderEntry): StorageType {
  return isStorageType(dtype) ? dtype : 'F32';
}

/** @throws PersonascopeError `BadRequest` if the tensor is stored as anything but F32, F16 or BF16 */
export function readFloats(entry: HeaderEntry, bytes: Uint8Array, where: string): Float32Array {
  if (!isStorageType(entry.dtype)) {
    throw badVector(where, `is stored as ${entry.dtype.slice(0, 20)}; F32, F16 and BF16 can be read`);
  }
  return decodeFloats(bytes.subarray(entry.begin, entry.end), entry.dtype);
}

function refuseSameNames(vectors: readonly VectorFile[], where: string): void {
  const seen = new Set<string>();
  for (const { name } of vectors) {
    if (seen.has(name)) throw badVector(where, `two vectors are named ${quote(name)}`);
    seen.add(name);
  }
}

function quote(name: string): string {
  return JSON.stringify(name.slice(0, 120));
}
