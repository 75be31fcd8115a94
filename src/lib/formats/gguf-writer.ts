/** Writes a GGUF file, version 3: the pairs a control vector has, and F32 tensors of one dimension. */
import { defaultAlignment, ggmlF32, ggufMagic, pad, valueType } from './gguf';

/** A string or a u32. */
export type GgufPair = readonly [key: string, value: string | number];

export interface GgufRow {
  name: string;
  data: Float32Array;
}

export function writeGguf(pairs: readonly GgufPair[], tensors: readonly GgufRow[]): Uint8Array<ArrayBuffer> {
  const parts: Uint8Array[] = [Uint8Array.from(ggufMagic), uint32(3), uint64(tensors.length), uint64(pairs.length)];
  for (const [key, value] of pairs) parts.push(...string(key), ...pairValue(value));
  let end = 0;
  for (const { name, data } of tensors) {
    parts.push(...string(name), uint32(1), uint64(data.length), uint32(ggmlF32), uint64(pad(end, defaultAlignment)));
    end = pad(end, defaultAlignment) + data.byteLength;
  }
  const start = pad(
    parts.reduce((sum, { length }) => sum + length, 0),
    defaultAlignment,
  );
  // The last tensor is padded too: llama.cpp's reader takes every size padded.
  const file = new Uint8Array(start + pad(end, defaultAlignment));
  let at = 0;
  for (const part of parts) {
    file.set(part, at);
    at += part.length;
  }
  at = start;
  for (const { data } of tensors) {
    file.set(toBytes(data), at);
    at += pad(data.byteLength, defaultAlignment);
  }
  return file;
}

function pairValue(value: GgufPair[1]): Uint8Array[] {
  if (typeof value === 'string') return [uint32(valueType.string), ...string(value)];
  return [uint32(valueType.uint32), uint32(value)];
}

function string(text: string): Uint8Array[] {
  const bytes = new TextEncoder().encode(text);
  return [uint64(bytes.length), bytes];
}

function uint32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value, true);
  return bytes;
}

function uint64(value: number): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(value), true);
  return bytes;
}

/** WebGPU's hosts are little-endian, as the format is. */
function toBytes({ buffer, byteOffset, byteLength }: Float32Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}
