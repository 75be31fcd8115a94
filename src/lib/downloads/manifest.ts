/** What a folder of MLC weights says it holds: untrusted, checked field by field. */
import * as v from 'valibot';
import { PersonascopeError } from '../errors';
import { parseUntrusted } from '../formats/untrusted-json';

export interface Shard {
  name: string;
  bytes: number;
  /** Hexadecimal; null where the manifest has none. */
  md5: string | null;
  /** The largest tensor in it: one buffer on the GPU, of so many bytes. */
  largest: { name: string; bytes: number };
}

/** Bounds that no model that fits a browser comes near. */
const limits = { shards: 10_000, tensors: 100_000, dimensions: 8, shardBytes: 2 ** 32, totalBytes: 2 ** 36, files: 64 };

/** Bytes of what is read of a folder as text. */
export const textLimits = { config: 2 ** 22, manifest: 2 ** 26, tokenizer: 2 ** 26 };

const whole = (least: number, most: number) =>
  v.pipe(
    v.number('must be a number'),
    v.integer('must be a whole number'),
    v.minValue(least, `must be at least ${least}`),
    v.maxValue(most, `must be at most ${most}`),
  );
const text = v.pipe(v.string('must be text'), v.maxLength(512, 'must be at most 512 characters'));
/** A name, not a path: files outside the folder are none of the model's. */
const fileName = v.pipe(text, v.regex(/^[\w-][\w.-]*$/, 'must be a file name, not a path'));

const tensorSchema = v.looseObject({
  name: text,
  dtype: text,
  format: text,
  shape: v.pipe(v.array(whole(0, 2 ** 31)), v.maxLength(limits.dimensions)),
  byteOffset: whole(0, limits.shardBytes),
  nbytes: whole(0, limits.shardBytes),
});
const shardSchema = v.pipe(
  v.looseObject({
    dataPath: fileName,
    nbytes: whole(1, limits.shardBytes),
    md5sum: v.nullish(v.pipe(text, v.regex(/^(?:[0-9a-f]{32})?$/i, 'must be an MD5'))),
    records: v.pipe(v.array(tensorSchema, 'must be a list'), v.maxLength(limits.tensors)),
  }),
  v.check(
    ({ nbytes, records }) => records.every((tensor) => tensor.byteOffset + tensor.nbytes <= nbytes),
    'has a tensor that ends beyond it',
  ),
);
const manifestSchema = v.looseObject({
  records: v.pipe(
    v.array(shardSchema, 'must be a list'),
    v.minLength(1, 'must not be empty'),
    v.maxLength(limits.shards, `must have at most ${limits.shards} items`),
    v.check(
      (shards) => new Set(shards.map(({ dataPath }) => dataPath)).size === shards.length,
      'name a file more than once',
    ),
    v.check(
      (shards) => shards.reduce((sum, { nbytes }) => sum + nbytes, 0) <= limits.totalBytes,
      `are more than ${limits.totalBytes} bytes together`,
    ),
  ),
});
const configSchema = v.looseObject({
  tokenizer_files: v.pipe(v.array(fileName, 'must be a list'), v.maxLength(limits.files)),
});

/** @throws PersonascopeError `BadModel` that names the field */
export function parseManifest(json: string, file: string): Shard[] {
  const { records } = parse(manifestSchema, json, file);
  return records.map(({ dataPath, nbytes, md5sum, records: tensors }) => ({
    name: dataPath,
    bytes: nbytes,
    md5: md5sum?.toLowerCase() || null,
    largest: tensors
      // Stored as bf16, it is f32 on the GPU.
      .map(({ name, nbytes, format }) => ({ name, bytes: format === 'f32-to-bf16' ? 2 * nbytes : nbytes }))
      .reduce((most, tensor) => (tensor.bytes > most.bytes ? tensor : most), { name: '', bytes: 0 }),
  }));
}

/** Name of the tokenizer file that WebLLM reads: it takes `tokenizer.json` where there is one. */
export function parseTokenizerFile(json: string, file: string): string {
  const { tokenizer_files: names } = parse(configSchema, json, file);
  const name = ['tokenizer.json', 'tokenizer.model'].find((known) => names.includes(known));
  if (name) return name;
  throw badModel(`${file}: tokenizer_files names neither tokenizer.json nor tokenizer.model.`);
}

function parse<S extends v.GenericSchema>(schema: S, json: string, file: string): v.InferOutput<S> {
  const refuse = (reason: string, options?: ErrorOptions) => badModel(`${file} ${reason}.`, options);
  const value = parseUntrusted(json, { maxCharacters: textLimits.manifest, refuse });
  const result = v.safeParse(schema, value, { abortEarly: true });
  if (result.success) return result.output;
  const issue = result.issues[0];
  throw badModel(`${file}: ${[v.getDotPath(issue), issue.message].filter(Boolean).join(' ')}.`);
}

function badModel(message: string, options?: ErrorOptions): PersonascopeError {
  return new PersonascopeError('BadModel', message, 'Check the address: it must be a folder of MLC weights.', options);
}
