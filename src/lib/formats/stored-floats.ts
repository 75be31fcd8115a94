/** Floats as files store them, little-endian, to f32. */
import { decodeFloats, isStorageType, type StorageType } from './safetensors';

export type StoredFloats = StorageType | 'F64';

export function isStoredFloats(dtype: string): dtype is StoredFloats {
  return dtype === 'F64' || isStorageType(dtype);
}

/** The coarsest type that the numbers have then been in. */
export function precisionOf(dtype: StoredFloats): StorageType {
  return dtype === 'F64' ? 'F32' : dtype;
}

/**
 * F64 is rounded to the nearest f32, beyond f32 to an infinity; all others are widened exactly.
 *
 * @param bytes whole elements; any alignment
 */
export function readStoredFloats(bytes: Uint8Array, dtype: StoredFloats): Float32Array {
  if (dtype !== 'F64') return decodeFloats(bytes, dtype);
  return Float32Array.from(new Float64Array(new Uint8Array(bytes).buffer));
}
