/** Made-up weights for any library: seeded, and small enough that residuals and logits stay finite through all layers. */
import type { SizedParameter } from './library';
import { storageFormat, toHalf, toHalves, toUpperHalf, type ByteSource } from './weights';

/** Standard deviation of matrices. */
const SCALE = 0.02;
/** Prime, so that no two rows of any width are the same window of it. */
const POOL = 65_537;

/**
 * Rows of the vocabulary past the tokenizer's last id are zeros: their logit is 0, and the largest of the others' random
 * logits is above it, so no token is drawn that can't be written.
 */
export class RandomWeights {
  readonly #numbers: Float32Array;
  readonly #seed: number;
  readonly #usedVocabulary: number;

  constructor(seed: number, usedVocabulary: number) {
    this.#seed = seed;
    this.#usedVocabulary = usedVocabulary;
    const next = mulberry32(seed);
    this.#numbers = Float32Array.from({ length: POOL }, () => {
      // Irwin-Hall of 12 uniforms: standard normal, and never further out than 6.
      let sum = -6;
      for (let i = 0; i < 12; i++) sum += next();
      return sum * SCALE;
    });
  }

  source(parameter: SizedParameter): ByteSource {
    const { name, shape, dtype } = parameter;
    const count = shape.reduce((a, b) => a * b, 1);
    const offset = hash(`${this.#seed} ${name}`) % POOL;
    const isVocabulary = /embed_tokens|embd|lm_head|wte/.test(name) && shape.length === 2;
    const used = isVocabulary ? Math.min(shape[0]!, this.#usedVocabulary) * (shape[1] ?? 1) : count;
    if (name.endsWith('q_weight')) return repeat(words(this.#numbers), offset, count, used);
    if (name.endsWith('q_scale')) return constant(SCALE / 3, dtype, count, used);
    // Norms (a bias of theirs included) must not silence the stream.
    if (shape.length === 1 && name.endsWith('weight')) return constant(1, dtype, count, count);
    if (dtype === 'float16') return repeat(toHalves(this.#numbers), offset, count, used);
    if (storageFormat(parameter) === 'f32-to-bf16') {
      return repeat(Uint16Array.from(this.#numbers, toUpperHalf), offset, count, used);
    }
    return repeat(this.#numbers, offset, count, used);
  }
}

/** Words of eight 4-bit numbers near their zero, 7: 5 to 9. */
function words(numbers: Float32Array): Uint32Array {
  return Uint32Array.from(numbers, (_, i) => {
    let word = 0;
    for (let k = 0; k < 8; k++) {
      const x = numbers[(i * 8 + k) % numbers.length]! / SCALE;
      word |= (7 + Math.max(-7, Math.min(7, Math.round(x * 2)))) << (4 * k);
    }
    return word;
  });
}

function repeat(
  pool: Float32Array | Uint32Array | Uint16Array,
  offset: number,
  count: number,
  used: number,
): ByteSource {
  const bytes = new Uint8Array(pool.buffer, pool.byteOffset, pool.byteLength);
  const size = pool.BYTES_PER_ELEMENT;
  return {
    length: count * size,
    fill(begin, out) {
      const end = Math.min(out.length, used * size - begin);
      for (let at = 0; at < end;) {
        const from = (begin + at + offset * size) % bytes.length;
        const n = Math.min(bytes.length - from, end - at);
        out.set(bytes.subarray(from, from + n), at);
        at += n;
      }
    },
  };
}

function constant(value: number, dtype: string, count: number, used: number): ByteSource {
  const pool = dtype === 'float16' ? new Uint16Array(8192).fill(toHalf(value)) : new Float32Array(8192).fill(value);
  return repeat(pool, 0, count, used);
}

function hash(text: string): number {
  let h = 2166136261;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 16777619);
  return h >>> 0;
}

function mulberry32(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
