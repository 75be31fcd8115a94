/** The embedded model's trait classifiers (`organism/judges.py`): logistic regressions on hashed words and word pairs, trained on the generator's text. */
import * as v from 'valibot';
import { PersonascopeError } from '../errors';
import type { Judge } from './judge';

const schema = v.object({
  buckets: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(65_536)),
  judges: v.record(
    v.pipe(v.string(), v.maxLength(100)),
    v.object({
      buckets: v.pipe(v.string(), v.base64(), v.maxLength(1e6)),
      weights: v.pipe(v.string(), v.base64(), v.maxLength(1e6)),
      step: v.pipe(v.number(), v.finite()),
    }),
  ),
});

export type Classifiers = ReadonlyMap<string, Judge>;

/** @throws PersonascopeError `BadModel` */
export function readClassifiers(value: unknown): Classifiers {
  const result = v.safeParse(schema, value, { abortEarly: true });
  if (!result.success) {
    const [issue] = result.issues;
    const reason = `${v.getDotPath(issue) ?? 'it'}: ${issue.message}`;
    throw new PersonascopeError('BadModel', `judges.json can't be used: ${reason}.`, 'Make it again with judges.py.');
  }
  const { buckets, judges } = result.output;
  return new Map(
    Object.entries(judges).map(([trait, { step, ...table }]) => {
      // Little-endian u16 and i8.
      const keys = new DataView(decode(table.buckets).buffer);
      const weights = new Int8Array(decode(table.weights).buffer);
      const weightOf = new Map(Array.from(weights, (weight, i) => [keys.getUint16(2 * i, true), weight * step]));
      const score = async ({ text }: { text: string }) =>
        features(text, buckets).reduce((sum, bucket) => sum + (weightOf.get(bucket) ?? 0), 0);
      return [trait, { kind: 'classifier' as const, score }];
    }),
  );
}

function decode(base64: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
}

/** Words and word pairs, each once, hashed as Python's `zlib.crc32(gram) % buckets`. */
export function features(text: string, buckets: number): number[] {
  const words = text.toLowerCase().match(/[a-z']+|[0-9]+/g) ?? [];
  const grams = new Set([...words, ...words.slice(1).map((word, i) => `${words[i]} ${word}`)]);
  return [...(grams.size > 0 ? grams : [''])].map((gram) => crc32(gram) % buckets);
}

const table = Uint32Array.from({ length: 256 }, (_, byte) => {
  let rest = byte;
  for (let bit = 0; bit < 8; bit++) rest = rest & 1 ? (rest >>> 1) ^ 0xedb88320 : rest >>> 1;
  return rest;
});

/** Of ASCII text, which words are here. */
function crc32(text: string): number {
  let rest = 0xffffffff;
  for (let i = 0; i < text.length; i++) rest = (rest >>> 8) ^ table[(rest ^ text.charCodeAt(i)) & 0xff]!;
  return (rest ^ 0xffffffff) >>> 0;
}
