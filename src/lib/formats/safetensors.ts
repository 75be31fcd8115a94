/** safetensors files: what the reader needs, decoding of stored floats, and writing of f32 files (for export and tests). */
import type { StorageType } from './safetensors-header';

export {
  headerBytes,
  isStorageType,
  parseHeader,
  type HeaderEntry,
  type StorageType,
  type TensorEntry,
} from './safetensors-header';

/**
 * Little-endian stored floats as f32, exactly: every F16 and BF16 value is an f32 value.
 * @param bytes whole elements; any alignment
 */
export function decodeFloats(bytes: Uint8Array, dtype: StorageType): Float32Array<ArrayBuffer> {
  // A copy of its own: `slice` of Node's Buffer, which is a Uint8Array too, would be a view of a larger one.
  const aligned = new Uint8Array(bytes);
  if (dtype === 'F32') return new Float32Array(aligned.buffer);
  const stored = new Uint16Array(aligned.buffer);
  const bits = new Uint32Array(stored.length);
  if (dtype === 'BF16') {
    for (let i = 0; i < stored.length; i++) bits[i] = stored[i]! << 16;
  } else {
    for (let i = 0; i < stored.length; i++) bits[i] = widenHalf(stored[i]!);
  }
  return new Float32Array(bits.buffer);
}

/** Bits of an IEEE half (1 sign, 5 exponent, 10 fraction) as bits of the equal single. */
function widenHalf(half: number): number {
  const sign = (half & 0x8000) << 16;
  let exponent = (half >> 10) & 0x1f;
  let fraction = half & 0x3ff;
  if (exponent === 0x1f) return sign | 0x7f800000 | (fraction << 13);
  if (exponent === 0) {
    if (fraction === 0) return sign;
    // A subnormal half is a normal single: shift its leading bit out, one exponent down a step.
    const shift = Math.clz32(fraction) - 21;
    fraction = (fraction << shift) & 0x3ff;
    exponent = 1 - shift;
  }
  return sign | ((exponent + 112) << 23) | (fraction << 13);
}

/** A safetensors file of f32 tensors, in the order given; the header is padded with spaces to 8 bytes. */
export function encodeSafetensors(
  tensors: { name: string; shape: number[]; data: Float32Array }[],
  metadata?: Record<string, string>,
): Uint8Array<ArrayBuffer> {
  let end = 0;
  const entries = tensors.map(({ name, shape, data }) => {
    return [name, { dtype: 'F32', shape, data_offsets: [end, (end += data.byteLength)] }] as const;
  });
  // Entries, not assignments: a tensor may be named __proto__.
  const header = Object.fromEntries<unknown>([...(metadata ? [['__metadata__', metadata] as const] : []), ...entries]);
  const json = new TextEncoder().encode(JSON.stringify(header));
  const start = 8 + Math.ceil(json.length / 8) * 8;
  const file = new Uint8Array(start + end).fill(0x20, 8, start);
  new DataView(file.buffer).setBigUint64(0, BigInt(start - 8), true);
  file.set(json, 8);
  let at = start;
  for (const { data } of tensors) {
    file.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at);
    at += data.byteLength;
  }
  return file;
}
