/** Reads a GGUF file from anywhere: nothing it declares is believed before the bytes are there. */
import { defaultAlignment, ggmlF32, ggufMagic, pad, valueType } from './gguf';
import { badFile } from './bad-file';

/** Arrays of anything but f32 are checked and left out. */
export type GgufValue = string | number | bigint | boolean | Float32Array | null;

export interface GgufTensor {
  name: string;
  /** ggml's order: the first size is the fastest. */
  shape: number[];
  data: Float32Array;
}

export interface GgufFile {
  metadata: Map<string, GgufValue>;
  tensors: GgufTensor[];
}

const maxPairs = 1_024;
const maxTensors = 1_024;
/** In an array: each is read for its length alone, and millions would take seconds. */
const maxStrings = 65_536;
/** What the format allows, in bytes. */
const maxKeyBytes = 65_535;
const maxNameBytes = 64;
const maxDimensions = 4;
const maxAlignment = 65_536;

/** Bytes of a value, by type; strings and arrays say theirs. */
const sizes = [1, 1, 2, 2, 4, 4, 4, 1, NaN, NaN, 8, 8, 8];

/** @throws PersonascopeError `BadRequest` naming the file, the field and the reason */
export function readGguf(bytes: Uint8Array, file: string): GgufFile {
  const cursor = new Cursor(bytes, file);
  readVersion(cursor);
  const nTensors = cursor.readCount('tensor_count', maxTensors);
  const nPairs = cursor.readCount('metadata_kv_count', maxPairs);
  const metadata = new Map<string, GgufValue>();
  for (let i = 0; i < nPairs; i++) {
    const key = readKey(cursor, i);
    if (metadata.has(key)) throw cursor.bad(key, 'is there twice');
    metadata.set(key, readValue(cursor, key));
  }
  const alignment = readAlignment(cursor, metadata);
  const infos = Array.from({ length: nTensors }, (_, i) => readInfo(cursor, i));
  return { metadata, tensors: readData(cursor, infos, alignment) };
}

function readVersion(cursor: Cursor): void {
  const magic = cursor.read(4, 'magic');
  if (ggufMagic.some((byte, i) => magic[i] !== byte)) throw cursor.bad('magic', 'is not GGUF');
  const version = cursor.readUint32('version');
  if (version === 0x02000000 || version === 0x03000000) {
    throw cursor.bad('version', 'is big-endian; only little-endian files can be read');
  }
  if (version !== 2 && version !== 3) throw cursor.bad('version', `is ${version}; 2 and 3 can be read`);
}

function readKey(cursor: Cursor, index: number): string {
  const key = cursor.readString(`key ${index}`, maxKeyBytes);
  if (!/^[\x21-\x7e]+$/.test(key)) throw cursor.bad(`key ${index}`, 'is not ASCII');
  return key;
}

function readValue(cursor: Cursor, key: string): GgufValue {
  const type = cursor.readUint32(key);
  if (type === valueType.string) return cursor.readString(key);
  if (type === valueType.array) return readArray(cursor, key);
  const size = sizes[type];
  if (size === undefined) throw cursor.bad(key, `has the unknown type ${type}`);
  return toScalar(cursor.readView(size, key), type, () => cursor.bad(key, 'is neither true nor false'));
}

function toScalar(view: DataView, type: number, bad: () => Error): number | bigint | boolean {
  switch (type) {
    case valueType.uint8:
      return view.getUint8(0);
    case valueType.int8:
      return view.getInt8(0);
    case valueType.uint16:
      return view.getUint16(0, true);
    case valueType.int16:
      return view.getInt16(0, true);
    case valueType.uint32:
      return view.getUint32(0, true);
    case valueType.int32:
      return view.getInt32(0, true);
    case valueType.float32:
      return view.getFloat32(0, true);
    case valueType.uint64:
      return view.getBigUint64(0, true);
    case valueType.int64:
      return view.getBigInt64(0, true);
    case valueType.float64:
      return view.getFloat64(0, true);
    default: {
      const byte = view.getUint8(0);
      if (byte > 1) throw bad();
      return byte === 1;
    }
  }
}

function readArray(cursor: Cursor, key: string): Float32Array | null {
  const type = cursor.readUint32(key);
  if (type === valueType.array) throw cursor.bad(key, 'is an array of arrays');
  const size = sizes[type];
  if (size === undefined) throw cursor.bad(key, `is an array of the unknown type ${type}`);
  const isText = type === valueType.string;
  const count = cursor.readCount(key, isText ? maxStrings : Math.floor(cursor.bytesLeft / size));
  if (isText) {
    for (let i = 0; i < count; i++) cursor.read(cursor.readCount(key, cursor.bytesLeft), key);
    return null;
  }
  const data = cursor.read(count * size, key);
  return type === valueType.float32 ? toFloats(data) : null;
}

function readAlignment({ bad }: Cursor, metadata: ReadonlyMap<string, GgufValue>): number {
  const alignment = metadata.get('general.alignment') ?? defaultAlignment;
  const isPowerOfTwo = typeof alignment === 'number' && alignment >= 8 && Number.isInteger(Math.log2(alignment));
  if (!isPowerOfTwo || alignment > maxAlignment) {
    throw bad('general.alignment', `is not a power of two from 8 to ${maxAlignment}`);
  }
  return alignment;
}

interface TensorInfo {
  name: string;
  shape: number[];
  elements: number;
  offset: number;
}

function readInfo(cursor: Cursor, index: number): TensorInfo {
  const name = cursor.readString(`tensor ${index}`, maxNameBytes);
  const label = JSON.stringify(name);
  const nDimensions = cursor.readUint32(label);
  if (nDimensions < 1 || nDimensions > maxDimensions) {
    throw cursor.bad(label, `has ${nDimensions} dimensions, not 1 to ${maxDimensions}`);
  }
  const shape = Array.from({ length: nDimensions }, () => cursor.readCount(`${label}: size`, 2 ** 32));
  // Past 2^53 the product is not exact, but it is far past the file all the same.
  const elements = shape.reduce((product, size) => product * size, 1);
  const type = cursor.readUint32(label);
  if (type !== ggmlF32) throw cursor.bad(label, `has type ${type}; only F32 (0) can be read`);
  return { name, shape, elements, offset: cursor.readCount(`${label}: offset`, Number.MAX_SAFE_INTEGER) };
}

/** The data must be the tensors in their order, each padded to the alignment, as llama.cpp's gguf.cpp asks. */
function readData(cursor: Cursor, infos: readonly TensorInfo[], alignment: number): GgufTensor[] {
  const start = pad(cursor.position, alignment);
  const seen = new Set<string>();
  let end = 0;
  const tensors = infos.map(({ name, shape, elements, offset }) => {
    const label = JSON.stringify(name);
    if (seen.has(name)) throw cursor.bad(label, 'is there twice');
    seen.add(name);
    const expected = pad(end, alignment);
    if (offset !== expected)
      throw cursor.bad(`${label}: offset`, `is ${offset}, the data before it ends at ${expected}`);
    end = offset + elements * 4;
    return { name, shape, data: toFloats(cursor.slice(start + offset, start + end, label)) };
  });
  const surplus = cursor.size - (start + pad(end, alignment));
  if (surplus > 0) throw cursor.bad('data', `is followed by ${surplus} bytes that belong to no tensor`);
  return tensors;
}

function toFloats(bytes: Uint8Array): Float32Array {
  return new Float32Array(new Uint8Array(bytes).buffer);
}

/** Reads on from byte to byte; whatever would end past the file is refused by name. */
class Cursor {
  readonly #bytes: Uint8Array;
  readonly #file: string;
  position = 0;

  constructor(bytes: Uint8Array, file: string) {
    this.#bytes = bytes;
    this.#file = file;
  }

  get size(): number {
    return this.#bytes.length;
  }

  get bytesLeft(): number {
    return this.size - this.position;
  }

  readonly bad = (field: string, reason: string): Error => badFile(`${this.#file}: ${field.slice(0, 120)}`, reason);

  slice(begin: number, end: number, field: string): Uint8Array {
    if (end > this.size) throw this.bad(field, `ends at byte ${end}, the file at ${this.size}`);
    return this.#bytes.subarray(begin, end);
  }

  read(length: number, field: string): Uint8Array {
    const bytes = this.slice(this.position, this.position + length, field);
    this.position += length;
    return bytes;
  }

  readView(length: number, field: string): DataView {
    const bytes = this.read(length, field);
    return new DataView(bytes.buffer, bytes.byteOffset, length);
  }

  readUint32(field: string): number {
    return this.readView(4, field).getUint32(0, true);
  }

  /** A u64 up to `most`. */
  readCount(field: string, most: number): number {
    const count = this.readView(8, field).getBigUint64(0, true);
    if (count > BigInt(most)) throw this.bad(field, `declares ${count}, more than ${most}`);
    return Number(count);
  }

  readString(field: string, most = this.bytesLeft): string {
    const bytes = this.read(this.readCount(field, most), field);
    try {
      return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    } catch {
      throw this.bad(field, 'is not UTF-8');
    }
  }
}
