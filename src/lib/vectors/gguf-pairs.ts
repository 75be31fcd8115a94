/**
 * What a control vector of ours says of itself. llama.cpp reads no pair, repeng the model's name alone.
 *
 *     personascope.operation     "addition": h <- h + scale * direction
 *     personascope.hook_point    "blocks.{N}.hook_resid_post"
 *     personascope.layer_origin  u32, the number that the first block has in `direction.N`: 0
 *     personascope.model_digest  SHA-256 of the weights, in hex, where it is known
 *     personascope.vector        the `VectorHeader` of the directions, as JSON
 *     personascope.dial          the `VectorHeader` of the vector itself, where the directions are not its own numbers
 *     personascope.numbers       those numbers, f32 (layers, dModel), little-endian, in base64url: it comes back bit for bit.
 *                                As an array of f32 they would keep gguf-py, which reads arrays item by item, busy for long
 *
 * Older files have no more than `personascope.vector`, and the numbers of layer 0 as `personascope.direction_0`.
 */
import type { VectorHeader } from './vector-header';
import { isPartlyDelayed } from './control-vector';
import type { GgufValue } from '../formats/gguf-reader';
import type { GgufPair } from '../formats/gguf-writer';
import { fromBase64Url, toBase64Url } from '../formats/token-ids';
import { badFile } from '../formats/bad-file';
import { headerOf, stackRows, type VectorFile } from './vector-file';
import { parseJsonObject } from './vector-json';

export const architecture = 'controlvector';
const operation = 'addition';
const hookPoint = 'blocks.{N}.hook_resid_post';

/** What a control vector cannot carry, for who exports one. */
export const delayNotice =
  'llama.cpp adds nothing after block 0: what the dial adds there comes with block 1, so that llama.cpp does nearly, not exactly, what the dial does. Personascope opens it as the very dial it was.';

/** @param directions what `direction.N` hold: the vector itself, or its control vector */
export function pairsOf(vector: VectorFile, directions: VectorFile): GgufPair[] {
  const { digest } = vector.model;
  return [
    ['general.architecture', architecture],
    ['general.name', vector.label],
    ['general.description', describe(vector, directions)],
    [`${architecture}.model_hint`, vector.model.id],
    [`${architecture}.layer_count`, directions.layers.length],
    ['personascope.operation', operation],
    ['personascope.hook_point', hookPoint],
    ['personascope.layer_origin', 0],
    ...(digest === null ? [] : [['personascope.model_digest', digest] as const]),
    ['personascope.vector', JSON.stringify(headerOf(directions))],
    ...(directions === vector ? [] : ownPairs(vector)),
  ];
}

function ownPairs(vector: VectorFile): GgufPair[] {
  return [
    ['personascope.dial', JSON.stringify(headerOf(vector))],
    ['personascope.numbers', toBase64Url(new Uint8Array(stackRows(vector).buffer))],
  ];
}

/** For who reads the file elsewhere. */
function describe(vector: VectorFile, directions: VectorFile): string {
  const scale = describeScale(directions);
  const delay = isPartlyDelayed(vector) ? ` ${delayNotice}` : '';
  return `${vector.description}\ndirection.N is added after block N, counted from 0. ${scale}${delay}`.trim();
}

function describeScale({ units, layers }: VectorHeader): string {
  switch (units) {
    case 'raw difference':
      return `Raw differences of means, not unit vectors, each counted from nothing: added at one layer, scale 1 moves the residual stream as far as the positive prompts did; added at ${layers.length} layers, many times as far.`;
    case 'increments':
      return `Increments in the residual stream's own units: added at all layers, scale 1 moves it as far as the positive prompts did.`;
    case 'unknown':
      return 'The scale is not known.';
  }
}

/** Reads pairs by key; whatever has another type than ours is refused by name. */
export class Pairs {
  readonly #metadata: ReadonlyMap<string, GgufValue>;
  readonly #file: string;

  constructor(metadata: ReadonlyMap<string, GgufValue>, file: string) {
    this.#metadata = metadata;
    this.#file = file;
  }

  readonly bad = (key: string, reason: string): Error => badFile(`${this.#file}: ${key}`, reason);

  text(key: string): string | null {
    const value = this.#metadata.get(key);
    if (value === undefined) return null;
    if (typeof value !== 'string') throw this.bad(key, 'is not a string');
    return value;
  }

  /** Whatever it is: others' pairs are no reason to refuse their directions. */
  loose(key: string): string {
    const value = this.#metadata.get(key);
    return typeof value === 'string' ? value : '';
  }

  /** Of a file written before `personascope.dial` was. */
  layerZero(): Float32Array | null {
    const key = 'personascope.direction_0';
    const value = this.#metadata.get(key);
    if (value === undefined) return null;
    if (!(value instanceof Float32Array)) throw this.bad(key, 'is not an array of f32');
    return value;
  }

  numbers(): Float32Array | null {
    const key = 'personascope.numbers';
    const text = this.text(key);
    if (text === null) return null;
    let bytes: Uint8Array<ArrayBuffer>;
    try {
      bytes = fromBase64Url(text);
    } catch (cause) {
      throw badFile(`${this.#file}: ${key}`, 'is not base64url', { cause });
    }
    if (bytes.length % 4 > 0) throw this.bad(key, `has ${bytes.length} bytes, which are no f32`);
    return new Float32Array(bytes.buffer);
  }

  /** The fields as they stand there: `checkVector` decides whether they are a header. */
  header(key: 'personascope.vector' | 'personascope.dial'): VectorHeader | null {
    const json = this.text(key);
    if (json === null) return null;
    return parseJsonObject(new TextEncoder().encode(json), `${this.#file}: ${key}`) as unknown as VectorHeader;
  }

  /** The number that `direction.N` gives to the first block. Null: the file does not say. */
  layerOrigin(): number | null {
    const origin = this.#metadata.get('personascope.layer_origin');
    if (origin === undefined) return null;
    if (origin !== 0 && origin !== 1) throw this.bad('personascope.layer_origin', 'is neither 0 nor 1');
    return origin;
  }

  /** @throws PersonascopeError `BadRequest` if the directions are not for adding after blocks */
  checkUse(nTensors: number): void {
    const found = this.#metadata.get('general.architecture');
    if (found !== architecture) {
      const what = typeof found === 'string' ? JSON.stringify(found.slice(0, 40)) : 'no text';
      throw this.bad('general.architecture', `is ${what}, not "${architecture}"`);
    }
    this.text(`${architecture}.model_hint`);
    this.#checkCount(nTensors);
    const expected = { operation, hook_point: hookPoint };
    for (const [name, only] of Object.entries(expected)) {
      const key = `personascope.${name}`;
      const value = this.text(key) ?? only;
      if (value !== only) throw this.bad(key, `is ${JSON.stringify(value.slice(0, 60))}; only "${only}" can be used`);
    }
  }

  /** repeng counts in u32, llama.cpp in i32; both count the tensors. Neither reads the count again. */
  #checkCount(nTensors: number): void {
    const key = `${architecture}.layer_count`;
    const count = this.#metadata.get(key);
    if (count === undefined) return;
    const isNumber = typeof count === 'number' || typeof count === 'bigint';
    if (!isNumber || !Number.isInteger(Number(count)) || count < nTensors || count > 256) {
      throw this.bad(key, `is not a number from ${nTensors}, the tensors, to 256`);
    }
  }
}
