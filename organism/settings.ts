/** `vectors.json`: what `npm run vectors` and `npm run calibrate` are told. */
import { readFile } from 'node:fs/promises';
import * as v from 'valibot';

const coherentUpTo = v.nullable(v.strictObject({ negative: v.number(), positive: v.number() }));
const schema = v.strictObject({
  promptSet: v.string(),
  targetLayer: v.number(),
  positions: v.picklist(['message', 'response', 'last']),
  contrast: v.picklist(['opposite', 'default']),
  steering: v.strictObject({ mode: v.picklist(['increments', 'direct']), layers: v.array(v.number()) }),
  cap: v.strictObject({
    layers: v.array(v.number()),
    percentile: v.number(),
    positions: v.picklist(['message', 'response']),
  }),
  samplesPerPolarity: v.number(),
  samplesPerRole: v.number(),
  samplesOfDefault: v.number(),
  temperature: v.number(),
  maxTokens: v.number(),
  seed: v.number(),
  axisCoherentUpTo: coherentUpTo,
  traits: v.record(
    v.string(),
    v.strictObject({
      /** What `coherent_range.py` found. */
      coherentUpTo,
      onset: v.nullable(v.number()),
      /** What `choose_coefficients.py` chose: where the science suite measures the vector. */
      measuredAt: v.nullish(v.strictObject({ negative: v.number(), positive: v.number() })),
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
