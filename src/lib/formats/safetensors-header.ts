/**
 * The safetensors format: 8 bytes of header length (little-endian), a JSON header, then the tensors end to end.
 * https://huggingface.co/docs/safetensors/index#format
 */
import { PersonascopeError } from '../errors';
import { findDuplicateKey } from './duplicate-key';
import { parseUntrusted } from './untrusted-json';

export type StorageType = 'F32' | 'F16' | 'BF16';

/** A tensor as its header declares it, in whatever dtype. */
export interface HeaderEntry {
  name: string;
  dtype: string;
  shape: number[];
  file: string;
  /** Absolute byte range in the file, end excluded. */
  begin: number;
  end: number;
}

/** A tensor that can be read. */
export interface TensorEntry extends HeaderEntry {
  dtype: StorageType;
}

/** What the format itself allows (safetensors' MAX_HEADER_SIZE). */
const MAX_HEADER_BYTES = 100_000_000;
const MAX_ELEMENTS = 2 ** 40;

const bytesPerElement: Record<string, number> = {
  ...{ BOOL: 1, U8: 1, I8: 1, F8_E4M3: 1, F8_E5M2: 1, F8_E8M0: 1 },
  ...{ U16: 2, I16: 2, F16: 2, BF16: 2 },
  ...{ U32: 4, I32: 4, F32: 4 },
  ...{ U64: 8, I64: 8, F64: 8, C64: 8 },
};

/** Storage types the engine reads. */
export function isStorageType(dtype: string): dtype is StorageType {
  return dtype === 'F32' || dtype === 'F16' || dtype === 'BF16';
}

/**
 * Bytes up to the first tensor, from the file's first 8 bytes.
 * @throws PersonascopeError `BadModel` when there are no 8 bytes, or the length is beyond what the format allows
 */
export function headerBytes(bytes: Uint8Array, file: string): number {
  if (bytes.length < 8) throw bad(file, `${bytes.length} bytes are too few for a safetensors file`);
  const length = new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true);
  if (length > MAX_HEADER_BYTES) throw bad(file, `header of ${length} bytes is longer than ${MAX_HEADER_BYTES}`);
  return 8 + Number(length);
}

/**
 * Reads and checks the header: the tensors must cover the data without overlap or hole, each as long as its shape says.
 * @param bytes the file's beginning, at least the whole header
 * @param fileSize bytes of the whole file; undefined where that isn't known, and the data's end is then not checked
 * @throws PersonascopeError `BadModel` naming the file, the tensor and the reason
 */
export function parseHeader(
  bytes: Uint8Array,
  file: string,
  fileSize?: number,
): {
  tensors: Map<string, HeaderEntry>;
  metadata: Record<string, string>;
  /** Bytes of the whole file. */ size: number;
} {
  const start = headerBytes(bytes, file);
  if (start > Math.min(bytes.length, fileSize ?? Infinity)) {
    throw bad(
      file,
      `header of ${start - 8} bytes ends past the file's ${Math.min(bytes.length, fileSize ?? Infinity)}`,
    );
  }
  const header = parseJson(bytes.subarray(8, start), file);
  const metadata = readMetadata(header, file);
  const tensors = new Map<string, HeaderEntry>();
  for (const [name, value] of Object.entries(header)) {
    if (name !== '__metadata__') tensors.set(name, readEntry(name, value, file, start));
  }
  const size = checkCoverage([...tensors.values()], file, start);
  if (fileSize !== undefined && size !== fileSize) {
    throw bad(file, `header describes ${size} bytes, the file has ${fileSize}`);
  }
  return { tensors, metadata, size };
}

function parseJson(bytes: Uint8Array, file: string): Record<string, unknown> {
  const refuse = (reason: string, options?: ErrorOptions) => bad(file, `header ${reason}`, options);
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw refuse(`is not JSON (${(cause as Error).message})`, { cause });
  }
  const header = parseUntrusted(text, { maxCharacters: MAX_HEADER_BYTES, refuse });
  if (typeof header !== 'object' || header === null || Array.isArray(header))
    throw bad(file, 'header is not an object');
  const duplicate = findDuplicateKey(text);
  if (duplicate !== null) throw bad(file, `header has ${quote(duplicate)} twice`);
  return header as Record<string, unknown>;
}

function readMetadata(header: Record<string, unknown>, file: string): Record<string, string> {
  // Some writers put null where they have nothing to say, and safetensors' own reader takes it.
  const metadata = (Object.hasOwn(header, '__metadata__') ? header['__metadata__'] : null) ?? {};
  const isObject = typeof metadata === 'object' && metadata !== null && !Array.isArray(metadata);
  if (!isObject || Object.values(metadata).some((value) => typeof value !== 'string')) {
    throw bad(file, '__metadata__ is not an object of strings');
  }
  return metadata as Record<string, string>;
}

function readEntry(name: string, value: unknown, file: string, start: number): HeaderEntry {
  const fail = (reason: string) => bad(file, `${quote(name)}: ${reason}`);
  if (typeof value !== 'object' || value === null) throw fail('is not an object');
  const { dtype, shape, data_offsets: offsets } = value as Record<string, unknown>;
  if (typeof dtype !== 'string') throw fail('dtype is not a string');
  if (!Array.isArray(shape) || shape.length > 8 || !shape.every(isCount)) {
    throw fail('shape is not a short list of whole numbers');
  }
  const elements = shape.reduce((product: number, size: number) => product * size, 1);
  if (!(elements <= MAX_ELEMENTS)) throw fail(`shape [${shape}] is too large`);
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isCount)) {
    throw fail('data_offsets is not a pair of whole numbers');
  }
  const [begin, end] = offsets as [number, number];
  if (begin > end) throw fail(`data_offsets begin at ${begin} and end at ${end}`);
  const size = Object.hasOwn(bytesPerElement, dtype) ? bytesPerElement[dtype]! : undefined;
  if (size !== undefined && end - begin !== elements * size) {
    throw fail(`shape [${shape}] of ${dtype} takes ${elements * size} bytes, data_offsets give ${end - begin}`);
  }
  return { name, dtype, shape, file, begin: start + begin, end: start + end };
}

/** @returns where the last tensor ends: the file's size */
function checkCoverage(entries: HeaderEntry[], file: string, start: number): number {
  let end = start;
  let previous = 'the header';
  for (const entry of entries.sort((a, b) => a.begin - b.begin || a.end - b.end)) {
    if (entry.begin < end) throw bad(file, `${quote(entry.name)} overlaps ${previous}`);
    if (entry.begin > end) {
      throw bad(file, `${entry.begin - end} bytes between ${previous} and ${quote(entry.name)} belong to no tensor`);
    }
    end = entry.end;
    previous = quote(entry.name);
  }
  return end;
}

/** Up to 2^53, so that sums and comparisons are exact. */
function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/** Names come from the file: kept short and on one line. */
function quote(name: string): string {
  return JSON.stringify(name.length > 120 ? `${name.slice(0, 120)}…` : name);
}

function bad(file: string, reason: string, options?: ErrorOptions): PersonascopeError {
  const nextStep = 'The file is damaged or is no safetensors file: download it again, or choose another model.';
  return new PersonascopeError('BadModel', `${file}: ${reason}.`, nextStep, options);
}
