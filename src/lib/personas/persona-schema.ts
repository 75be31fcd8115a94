/** What `personas.json` must look like. */
import * as v from 'valibot';
import { PersonascopeError } from '../errors';
import { limits } from '../limits';
import type { PersonaEntry, PersonaSpace } from './persona-space';

const text = (length: number) => v.pipe(v.string(), v.maxLength(length));
/** Names become parts of tensor names and of `role:<name>`. */
const name = v.pipe(
  text(100),
  v.regex(/^[\p{L}\p{N}][\p{L}\p{N} _.-]*$/u, 'must be letters, digits, spaces, or . _ -'),
);
const finite = v.pipe(v.number(), v.finite());
const positive = v.pipe(finite, v.gtValue(0));
const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const layer = v.pipe(count, v.maxValue(limits.layers - 1));
const triple = v.strictTuple([finite, finite, finite]);
const coherentUpTo = v.nullable(
  v.strictObject({ negative: v.pipe(finite, v.maxValue(0)), positive: v.pipe(finite, v.minValue(0)) }),
);
const perLayer = v.pipe(v.array(finite), v.maxLength(limits.layers));
const layers = v.pipe(v.array(layer), v.minLength(1), v.maxLength(limits.layers));

const persona = v.object({
  name,
  label: text(200),
  description: text(2_000),
  norm: perLayer,
  positions: v.nullable(v.picklist(['message', 'response', 'last'])),
  // Vectors that a browser kept, or a file holds, from before there was a choice do not say.
  contrast: v.optional(v.nullable(v.picklist(['opposite', 'default'])), null),
  steering: v.object({ mode: v.picklist(['increments', 'direct']), layers }),
  coherentUpTo,
  onset: v.optional(v.nullable(positive), null),
  quality: v.nullable(
    v.object({
      kept: v.object({ positive: count, negative: count }),
      auroc: v.pipe(finite, v.minValue(0), v.maxValue(1)),
      splitHalfCosine: v.pipe(finite, v.minValue(-1.001), v.maxValue(1.001)),
    }),
  ),
});

const schema = v.object({
  format: v.literal('personascope/personas@1'),
  model: text(200),
  modelDigest: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/, 'must be a SHA-256 in hex')),
  promptSet: text(200),
  createdAt: v.pipe(v.string(), v.isoTimestamp()),
  nLayers: v.pipe(count, v.minValue(1), v.maxValue(limits.layers)),
  dModel: v.pipe(count, v.minValue(1), v.maxValue(limits.dModel)),
  targetLayer: layer,
  residualNorm: v.pipe(v.array(positive), v.maxLength(limits.layers)),
  personas: v.pipe(v.array(persona), v.maxLength(limits.vectors)),
  axis: v.object({
    norm: v.pipe(v.array(positive), v.maxLength(limits.layers)),
    centre: perLayer,
    assistant: v.object({ mean: finite, sd: v.pipe(finite, v.minValue(0)) }),
    coherentUpTo,
  }),
  pca: v.object({
    layer,
    explainedVariance: v.pipe(v.array(finite), v.maxLength(limits.roles)),
    cosPc1Axis: finite,
    centre: triple,
    assistant: triple,
  }),
  roles: v.pipe(
    v.array(v.object({ name, label: text(200), family: text(100), pc: triple, axis: finite })),
    v.maxLength(limits.roles),
  ),
  cap: v.object({
    layers,
    floor: v.record(v.pipe(v.string(), v.regex(/^\d{1,3}$/)), finite),
    percentile: v.pipe(finite, v.minValue(0), v.maxValue(100)),
    positions: v.picklist(['message', 'response']),
    norm: v.pipe(v.array(positive), v.maxLength(limits.layers)),
    threshold: finite,
  }),
});

/**
 * Checks the entry of one vector, kept by itself.
 *
 * @throws PersonascopeError `BadModel` naming the field and the reason
 */
export function parsePersonaEntry(value: unknown): PersonaEntry {
  const result = v.safeParse(persona, value, { abortEarly: true });
  if (result.success) return result.output;
  const [issue] = result.issues;
  throw bad(`${v.getDotPath(issue) ?? 'it'}: ${issue.message}`);
}

/**
 * Checks the parsed `personas.json`. The tensors beside it are checked by `VectorBook`.
 *
 * @throws PersonascopeError `BadModel` naming the field and the reason
 */
export function parsePersonaSpace(value: unknown): PersonaSpace {
  const result = v.safeParse(schema, value, { abortEarly: true });
  if (!result.success) {
    const [issue] = result.issues;
    throw bad(`${v.getDotPath(issue) ?? 'it'}: ${issue.message}`);
  }
  const space: PersonaSpace = result.output;
  const { nLayers } = space;
  const lists = {
    ...{ residualNorm: space.residualNorm, 'axis.norm': space.axis.norm, 'axis.centre': space.axis.centre },
    'cap.norm': space.cap.norm,
  };
  const norms = space.personas.map((persona, i) => [`personas.${i}.norm`, persona.norm] as const);
  for (const [field, list] of [...Object.entries(lists), ...norms]) {
    if (list.length !== nLayers) throw bad(`${field} has ${list.length} values for ${nLayers} layers`);
  }
  const steered = space.personas.flatMap(({ steering }) => steering.layers);
  for (const layer of [space.targetLayer, space.pca.layer, ...space.cap.layers, ...steered]) {
    if (layer >= nLayers) throw bad(`layer ${layer} is not one of 0 to ${nLayers - 1}`);
  }
  for (const layer of space.cap.layers) {
    if (space.cap.floor[layer] === undefined) throw bad(`cap.floor has no value for layer ${layer}`);
  }
  for (const list of [space.personas, space.roles]) {
    const twice = list.find(({ name }, i) => list.findIndex((other) => other.name === name) !== i);
    if (twice) throw bad(`the name ${twice.name} is there twice`);
  }
  return space;
}

function bad(reason: string): PersonascopeError {
  return new PersonascopeError(
    'BadModel',
    `personas.json can't be used: ${reason}.`,
    'The model still answers without it; make it again with `npm run vectors`.',
  );
}
