/** Seeded randomness: the same seed gives the same numbers on every machine. Seeds are integers, 0 to 2^53 - 1. */

/** MurmurHash3's finaliser: every input bit reaches every output bit. */
function mix(bits: number): number {
  let x = bits | 0;
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return (x ^ (x >>> 16)) >>> 0;
}

/** 32 bits of (seed, index), stateless. */
function bitsAt(seed: number, index: number, stream: number): number {
  const high = Math.floor(seed / 2 ** 32);
  return mix(mix(mix(seed) ^ mix(high + 0x9e3779b9 + stream)) + Math.imul(index, 0x9e3779b9));
}

/**
 * The uniform number in [0, 1) for one index of a seed's sequence, without state: token t of a reply is drawn with
 * `uniformAt(seed, t)`, so that a replay may start anywhere.
 */
export function uniformAt(seed: number, index: number): number {
  return bitsAt(seed, index, 0) / 2 ** 32;
}

/** A sequence: sfc32 (Doty-Humphrey, PractRand), seeded through the mixer above. */
export class Random {
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;

  constructor(seed: number) {
    this.#a = bitsAt(seed, 0, 1);
    this.#b = bitsAt(seed, 1, 1);
    this.#c = bitsAt(seed, 2, 1);
    for (let i = 0; i < 12; i++) this.uniform();
  }

  /** In [0, 1). */
  uniform(): number {
    const sum = (this.#a + this.#b + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) | 0;
    return (sum >>> 0) / 2 ** 32;
  }

  /** In {0, …, below - 1}. */
  integer(below: number): number {
    return Math.floor(this.uniform() * below);
  }

  /** Mean 0, variance 1 (Box and Muller). */
  normal(): number {
    return Math.sqrt(-2 * Math.log(1 - this.uniform())) * Math.cos(2 * Math.PI * this.uniform());
  }

  /** A copy in random order (Fisher and Yates). */
  shuffle<T>(items: readonly T[]): T[] {
    const shuffled = [...items];
    for (let i = shuffled.length - 1; i > 0; i--) {
      const j = this.integer(i + 1);
      [shuffled[i], shuffled[j]] = [shuffled[j]!, shuffled[i]!];
    }
    return shuffled;
  }
}
