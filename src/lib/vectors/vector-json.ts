/**
 * A vector as JSON text: the fields of `VectorHeader`, `format`, and `numbers`, one row of dModel numbers for each of
 * `layers`.
 *
 * Every number is written as the shortest decimal of its f64 value, so an f32 comes back bit for bit, the sign of a zero
 * too. A number written by others that is no f32 (0.1) is rounded to the nearest one, ties to even; beyond f32 it is refused.
 *
 * A text without a `format` of ours is of others: `{ "12": [ … ], "13": [ … ] }`, or lists of numbers however nested.
 */
import { findDuplicateKey } from '../formats/duplicate-key';
import { limits } from '../limits';
import { parseUntrusted } from '../formats/untrusted-json';
import type { ModelSize } from '../engine/intervention-check';
import type { VectorHeader } from './vector-header';
import { vectorsOf } from './foreign-tensors';
import { tensorsIn } from './foreign-tree';
import type { Tree } from '../formats/tensor-tree';
import { checkVector } from './vector-check';
import { badFile } from '../formats/bad-file';
import { headerOf, type VectorFile } from './vector-file';

const vectorJsonFormat = 'personascope/vector@1';

/** @throws PersonascopeError `BadRequest` if it could not be read again */
export function writeVectorJson(vector: VectorFile): string {
  const checked = checkVector(vector, 'The vector:');
  const rows = checked.layers.map((layer) => `  [${Array.from(checked.vectors.get(layer)!, writeNumber).join(', ')}]`);
  const header = JSON.stringify({ format: vectorJsonFormat, ...headerOf(checked) }, null, 1);
  return `${header.slice(0, -2)},\n "numbers": [\n${rows.join(',\n')}\n ]\n}\n`;
}

/** JSON.stringify would write 0 for -0. */
function writeNumber(x: number): string {
  return Object.is(x, -0) ? '-0' : String(x);
}

/**
 * @param model the loaded one: in a file of others, its width and number of blocks tell what is what
 * @throws PersonascopeError `BadRequest` naming the file, the field and the reason
 */
export function readVectorJson(bytes: Uint8Array, file: string, model: ModelSize): VectorFile[] {
  const value = parseJsonObject(bytes, `${file}:`);
  const { format } = value;
  if (typeof format !== 'string' || !format.startsWith('personascope/')) {
    return vectorsOf({ file, kind: 'a JSON file', tensors: tensorsIn(value as Tree, file) }, model);
  }
  return [readOurs(value, file)];
}

function readOurs(value: Record<string, unknown>, file: string): VectorFile {
  if (value['format'] !== vectorJsonFormat) {
    throw badFile(`${file}: format`, `is ${quote(value['format'])}, not ${vectorJsonFormat}`);
  }
  const { numbers, ...fields } = value;
  const { layers } = fields;
  if (!Array.isArray(numbers)) throw badFile(`${file}: numbers`, 'is not a list of rows, one for each layer');
  if (!Array.isArray(layers)) throw badFile(`${file}: layers`, 'is not a list');
  if (numbers.length !== layers.length) {
    throw badFile(`${file}: numbers`, `has ${numbers.length} rows for ${layers.length} layers`);
  }
  if (layers.length > limits.layers) {
    throw badFile(`${file}: layers`, `must have at most ${limits.layers} layers`);
  }
  const rows = (numbers as unknown[]).map((row, i) => readRow(row, `${file}: numbers.${i}`));
  const vectors = new Map((layers as number[]).map((layer, i) => [layer, rows[i]!]));
  // The schema decides whether the fields are what the type says.
  return checkVector({ ...(fields as unknown as VectorHeader), vectors }, `${file}:`);
}

function readRow(row: unknown, where: string): Float32Array {
  if (!Array.isArray(row) || row.length > limits.dModel) {
    throw badFile(where, `is not a list of at most ${limits.dModel} numbers`);
  }
  return Float32Array.from(row as unknown[], (x, i) => {
    if (typeof x !== 'number') throw badFile(where, `holds no number at ${i}`);
    const rounded = Math.fround(x);
    if (!Number.isFinite(rounded)) throw badFile(where, `holds no finite f32 at ${i}`);
    return rounded;
  });
}

/** @throws PersonascopeError `BadRequest` if it is no JSON object, or names a field twice */
export function parseJsonObject(bytes: Uint8Array, where: string): Record<string, unknown> {
  const refuse = (reason: string, options?: ErrorOptions) => badFile(where, reason, options);
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw refuse('is not JSON', { cause });
  }
  const value = parseUntrusted(text, { maxCharacters: limits.vectorFile, refuse });
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw badFile(where, 'is not an object');
  const twice = findDuplicateKey(text);
  if (twice !== null) throw badFile(where, `has the field ${quote(twice)} twice`);
  return value as Record<string, unknown>;
}

/** From outside: kept short and on one line. */
function quote(value: unknown): string {
  return (JSON.stringify(value) ?? 'missing').slice(0, 100);
}
