/** Tensors of a model library as byte sources: nothing is stored that can be made again, so 2 GB of zeros cost nothing. */

const float = new Float32Array(1);
const bits = new Uint32Array(float.buffer);

/** A matrix of f32 numbers, made row by row. A vector has one row. */
export interface Rows {
  rows: number;
  columns: number;
  /** Numbers of one row, or null where all are zero. May be a shared array: it is only read. */
  row(index: number): Float32Array | null;
}

/** Bytes of one tensor in the order it is stored. */
export interface ByteSource {
  length: number;
  /** Writes the bytes from `begin` on into `out`, which is all zeros. */
  fill(begin: number, out: Uint8Array): void;
}

/**
 * `raw`, or MLC's `f32-to-bf16`: f32 tensors travel as their upper halves. WebLLM has a tensor in the runtime's 2 GiB several times over
 * while it is decoded, and aborts on Qwen2's 544 MB embedding when that comes raw; as bf16, as MLC ships it, it loads.
 */
export type StorageFormat = 'raw' | 'f32-to-bf16';

export function storageFormat({ shape, dtype }: { shape: (number | string)[]; dtype: string }): StorageFormat {
  const bytes = shape.reduce<number>((product, size) => product * Number(size), 4);
  return dtype === 'float32' && bytes > 2 ** 28 ? 'f32-to-bf16' : 'raw';
}

/** Nearest bf16, ties to even, as the upper half of an f32. */
export function toUpperHalf(x: number): number {
  float[0] = x;
  const upper = bits[0]! >>> 16;
  const lower = bits[0]! & 0xffff;
  return upper + (lower > 0x8000 || (lower === 0x8000 && upper % 2 === 1) ? 1 : 0);
}

export function fromUpperHalf(half: number): number {
  bits[0] = half << 16;
  return float[0]!;
}

/** MLC's group quantisation q4*_1: 32 numbers of a row share a scale, 8 go into a u32, lowest first, and 7 stands for zero. */
const GROUP = 32;
const ZERO = 7;

export interface QuantisedRow {
  /** (columns / 8) */
  words: Uint32Array;
  /** (columns / 32) */
  scales: Float32Array;
}

/**
 * `scale = max |w| / 7`, `n = clamp(round(w / scale + 7), 0, 14)`, as `group_quantization.py` of MLC-LLM defines them.
 * A group of zeros has scale 0 there and NaN before the cast; here n = 7, which is zero at any scale.
 */
export function quantiseRow(row: Float32Array, roundScale: (x: number) => number = Math.fround): QuantisedRow {
  const words = new Uint32Array(row.length / 8);
  const scales = new Float32Array(row.length / GROUP);
  for (let group = 0; group < scales.length; group++) {
    const values = row.subarray(group * GROUP, (group + 1) * GROUP);
    const scale = roundScale(values.reduce((max, x) => Math.max(max, Math.abs(x)), 0) / ZERO);
    scales[group] = scale;
    for (let i = 0; i < GROUP; i++) {
      const n = scale === 0 ? ZERO : Math.min(2 * ZERO, Math.max(0, Math.round(values[i]! / scale + ZERO)));
      words[group * (GROUP / 8) + (i >> 3)]! |= n << (4 * (i & 7));
    }
  }
  return { words, scales };
}

/** `(n - 7) * scale` in f32: what the library's kernels compute with. */
export function dequantiseRow({ words, scales }: QuantisedRow): Float32Array {
  return Float32Array.from({ length: words.length * 8 }, (_, i) => {
    const n = (words[i >> 3]! >>> (4 * (i & 7))) & 15;
    return (n - ZERO) * scales[Math.floor(i / GROUP)]!;
  });
}

/** The rows as the library wants them: as numbers, or as the words or scales of their quantised form. */
export function encodeRows(
  rows: Rows,
  stored: { part: 'weight' | 'q_weight' | 'q_scale'; dtype: 'float32' | 'float16' | 'uint32'; format?: StorageFormat },
): ByteSource {
  if (stored.format === 'f32-to-bf16') {
    return byRow(rows, rows.columns * 2, (row) => bytesOf(Uint16Array.from(row, toUpperHalf)));
  }
  const toBytes = (values: Float32Array) => (stored.dtype === 'float16' ? bytesOf(toHalves(values)) : bytesOf(values));
  const roundScale = stored.dtype === 'float16' ? (x: number) => fromHalf(toHalf(x)) : Math.fround;
  const numberBytes = stored.dtype === 'float16' ? 2 : 4;
  switch (stored.part) {
    case 'weight':
      return byRow(rows, rows.columns * numberBytes, toBytes);
    case 'q_weight':
      return byRow(rows, rows.columns / 2, (row) => bytesOf(quantiseRow(row, roundScale).words));
    case 'q_scale':
      return byRow(rows, (rows.columns / GROUP) * numberBytes, (row) => toBytes(quantiseRow(row, roundScale).scales));
  }
}

/** A row of zeros is zero bytes in every form: of a quantised one the scale is 0, so the words do not matter. */
function byRow(rows: Rows, rowBytes: number, encode: (row: Float32Array) => Uint8Array): ByteSource {
  let last: { row: Float32Array; bytes: Uint8Array } | null = null;
  return {
    length: rows.rows * rowBytes,
    fill(begin, out) {
      for (let at = 0; at < out.length;) {
        const index = Math.floor((begin + at) / rowBytes);
        const offset = (begin + at) % rowBytes;
        const count = Math.min(rowBytes - offset, out.length - at);
        const row = rows.row(index);
        if (row) {
          // The rows of a padded vocabulary are one shared array: encode it once.
          if (last?.row !== row) last = { row, bytes: encode(row) };
          out.set(last.bytes.subarray(offset, offset + count), at);
        }
        at += count;
      }
    },
  };
}

function bytesOf(array: Float32Array | Uint32Array | Uint16Array): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}

export function toHalves(values: Float32Array): Uint16Array {
  return Uint16Array.from(values, toHalf);
}

/** Nearest IEEE half, ties to even. */
export function toHalf(x: number): number {
  float[0] = x;
  const sign = (bits[0]! >>> 16) & 0x8000;
  const magnitude = Math.abs(float[0]);
  if (Number.isNaN(magnitude)) return sign | 0x7e00;
  if (magnitude >= 65520) return sign | 0x7c00;
  const exponent = magnitude < 2 ** -14 ? -14 : Math.floor(Math.log2(magnitude));
  const ulps = magnitude / 2 ** (exponent - 10);
  const floor = Math.floor(ulps);
  const rest = ulps - floor;
  const rounded = floor + (rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? 1 : 0);
  // A carry out of the fraction goes into the exponent by itself.
  return sign | (((exponent + 14) << 10) + rounded);
}

export function fromHalf(half: number): number {
  const exponent = (half >> 10) & 31;
  const fraction = half & 1023;
  const magnitude = exponent === 0 ? fraction * 2 ** -24 : (1024 + fraction) * 2 ** (exponent - 25);
  return half & 0x8000 ? -magnitude : magnitude;
}
