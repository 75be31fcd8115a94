/** What the fields of a vector file must look like, in whichever format they came. */
import * as v from 'valibot';
import { between, finite, integer, text } from '../formats/fields';
import { limits } from '../limits';
import type { VectorHeader } from './vector-header';
import { badFile } from '../formats/bad-file';

const count = integer(0, Number.MAX_SAFE_INTEGER);
/** With a message of ours: valibot's own would repeat whatever came instead. Unknown fields are left out: a later version may add some. */
export const object = <E extends v.ObjectEntries>(entries: E) => v.object(entries, 'must be an object');

const layers = v.pipe(
  v.array(integer(0, limits.layers - 1), 'must be a list'),
  v.minLength(1, 'must have a layer'),
  v.maxLength(limits.layers, `must have at most ${limits.layers} layers`),
);

/** Names become parts of tensor names. */
export const vectorName = v.pipe(
  text(100),
  v.regex(/^[\p{L}\p{N}][\p{L}\p{N} _.-]*$/u, 'must be letters, digits, spaces, or . _ -'),
);

export const madeOn = object({
  id: text(200),
  digest: v.nullable(v.pipe(text(64), v.regex(/^[0-9a-f]{64}$/, 'must be a SHA-256 in hex'))),
  nLayers: v.nullable(integer(1, limits.layers)),
  dModel: integer(1, limits.dModel),
});

export const timestamp = v.pipe(text(40), v.isoTimestamp('must be a time, as 2026-01-02T03:04:05.000Z'));
export const shortText = text(200);

const headerSchema = object({
  name: vectorName,
  label: text(200),
  description: text(2_000),
  model: madeOn,
  layers,
  units: v.picklist(['raw difference', 'increments', 'unknown'], 'must be raw difference, increments or unknown'),
  positions: v.nullable(v.picklist(['message', 'response', 'last'], 'must be message, response or last')),
  contrast: v.optional(v.nullable(v.picklist(['opposite', 'default'], 'must be opposite or default')), null),
  steering: object({ mode: v.picklist(['increments', 'direct'], 'must be increments or direct'), layers }),
  coherentUpTo: v.nullable(
    object({
      negative: v.pipe(finite, v.maxValue(0, 'must not be above 0')),
      positive: v.pipe(finite, v.minValue(0, 'must not be below 0')),
    }),
  ),
  onset: v.optional(v.nullable(v.pipe(finite, v.gtValue(0, 'must be above 0'))), null),
  centre: v.optional(
    v.pipe(
      v.record(v.pipe(v.string(), v.regex(/^\d{1,3}$/, 'must be named by layers')), finite, 'must be an object'),
      v.check((centre) => Object.keys(centre).length <= limits.layers, `must have at most ${limits.layers} layers`),
    ),
  ),
  precision: v.picklist(['F32', 'F16', 'BF16'], 'must be F32, F16 or BF16'),
  provenance: object({
    source: text(200),
    promptSet: v.nullable(text(200)),
    createdAt: v.nullable(timestamp),
    kept: v.nullable(object({ positive: count, negative: count })),
    quality: v.nullable(object({ auroc: between(0, 1), splitHalfCosine: between(-1.001, 1.001) })),
  }),
});

/** @throws PersonascopeError `BadRequest` naming the field and the reason */
export function parseVectorHeader(value: unknown, where: string): VectorHeader {
  return parseFields(headerSchema, value, where);
}

/**
 * @param where the file, and the place in it
 * @throws PersonascopeError `BadRequest` naming the first field that is wrong, and why
 */
export function parseFields<S extends v.GenericSchema>(schema: S, value: unknown, where: string): v.InferOutput<S> {
  const result = v.safeParse(schema, value, { abortEarly: true });
  if (result.success) return result.output;
  const [issue] = result.issues;
  const field = v.getDotPath(issue);
  const reason = issue.received === 'undefined' ? 'is missing' : issue.message;
  throw badFile(where, field === null ? reason : `${field}: ${reason}`);
}
