/** `vectors.json`: what `npm run vectors` and `npm run calibrate` are told. */
import { readFile } from 'node:fs/promises';
import * as v from 'valibot';

const positions = v.picklist(['turn', 'response', 'last']);
/** Null: all layers. */
const steering = v.strictObject({ mode: v.picklist(['increments', 'direct']), layers: v.nullable(v.array(v.number())) });
const coherentUpTo = v.nullable(v.strictObject({ negative: v.number(), positive: v.number() }));
const schema = v.strictObject({
  promptSet: v.string(),
  targetLayer: v.number(),
  positions,
  steering,
  cap: v.strictObject({ layers: v.array(v.number()), percentile: v.number() }),
  samplesPerPolarity: v.number(),
  samplesPerRole: v.number(),
  samplesOfDefault: v.number(),
  temperature: v.number(),
  maxTokens: v.number(),
  seed: v.number(),
  axisCoherentUpTo: coherentUpTo,
  /** What a trait does differently, and the range its evaluation found coherent. */
  traits: v.record(
    v.string(),
    v.strictObject({
      positions: v.optional(positions),
      steering: v.optional(steering),
      coherentUpTo: v.optional(coherentUpTo),
    }),
  ),
});

export type Settings = v.InferOutput<typeof schema>;

/** @param name relative to this folder */
export async function readJson(name: string): Promise<unknown> {
  return JSON.parse(await readFile(new URL(name, import.meta.url), 'utf8'));
}

export async function readSettings(name: string): Promise<Settings> {
  return v.parse(schema, await readJson(name));
}
