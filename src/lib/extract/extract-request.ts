/** What may be asked of an extraction, checked, with defaults. */
import * as v from 'valibot';
import type { CollectSite } from '../engine/engine';
import { PersonascopeError } from '../errors';
import { limits } from '../limits';
import type { Contrast } from '../personas/persona-space';
import { calibrationGrid } from './coherent-range';
import { parseTrait, type Trait } from './prompts';

/** A trait in words. Anything left out of the lists is drafted from name and description. */
export interface TraitDefinition {
  name: string;
  label?: string;
  description?: string;
  /** System prompts that ask for it, and as many that ask for its opposite. */
  positive?: string[];
  negative?: string[];
  /** What the vector is made from; at least four. */
  questions?: string[];
  /** What figures are reported on; at least two. */
  held_out?: string[];
}

export interface ExtractRequest {
  /** In words, or the name of a ready-made one. */
  trait: TraitDefinition | string;
  /** Replies under each kind of prompt; default 24. */
  samplesPerPolarity?: number;
  /** Held-out questions used; default 8. */
  heldOut?: number;
  /** Coefficients of the sweep. */
  coefficients?: number[];
  /** Layers of the sweep; default: all of a small model, six in the middle of a large one. */
  layers?: number[];
  /** Coefficients that the dial is calibrated on, outward; empty: not at all. */
  calibration?: number[];
  /** Where means are taken; default: as the model's shipped vectors, else over the reply. */
  positions?: CollectSite;
  /** What the vector points away from: the opposite's prompts, or no system prompt. Default: as the model's shipped vectors, else the opposite. */
  contrast?: Contrast;
  /** Default 0.5, as the page samples: a dial is calibrated for the page. */
  temperature?: number;
  /** Of each reply; default 40. */
  maxTokens?: number;
  seed?: number;
}

const count = (low: number, high: number) => v.pipe(v.number(), v.integer(), v.minValue(low), v.maxValue(high));

const coefficient = v.pipe(v.number(), v.finite(), v.gtValue(0), v.maxValue(100));

const settingsSchema = v.object({
  samplesPerPolarity: v.optional(count(2, 1_000), 24),
  heldOut: v.optional(count(2, 200), 8),
  coefficients: v.optional(v.pipe(v.array(coefficient), v.minLength(1), v.maxLength(20)), [0.5, 0.75, 1, 1.5, 2]),
  layers: v.optional(v.nullable(v.pipe(v.array(count(0, limits.layers - 1)), v.maxLength(limits.layers))), null),
  calibration: v.optional(v.pipe(v.array(coefficient), v.maxLength(50)), [...calibrationGrid]),
  positions: v.optional(v.pipe(v.string(), v.maxLength(20))),
  contrast: v.optional(v.picklist(['opposite', 'default'], 'must be opposite or default')),
  temperature: v.optional(v.pipe(v.number(), v.finite(), v.minValue(0), v.maxValue(limits.temperature)), 0.5),
  maxTokens: v.optional(count(1, limits.extractionTokens), 40),
  seed: v.optional(count(0, limits.extractionSeed), 1),
});

export type ExtractSettings = Omit<v.InferOutput<typeof settingsSchema>, 'positions'> & { positions?: CollectSite };

/** @throws PersonascopeError `BadRequest` naming the field */
export function parseSettings(request: Omit<ExtractRequest, 'trait'>): ExtractSettings {
  const result = v.safeParse(settingsSchema, request, { abortEarly: true });
  if (result.success) return result.output as ExtractSettings;
  const [issue] = result.issues;
  throw bad(v.getDotPath(issue) ?? 'request', issue.message);
}

/**
 * The trait of a request: a known one by its name, or one in words whose gaps are drafted.
 *
 * @throws PersonascopeError `BadRequest` naming the field
 */
export function resolveTrait(
  wanted: ExtractRequest['trait'] | undefined,
  known: readonly Trait[],
  draft: (definition: TraitDefinition) => Trait,
): Trait {
  if (typeof wanted === 'string') {
    const found = known.find(({ name }) => name === wanted);
    if (found) return found;
    throw bad('trait', `"${wanted.slice(0, 100)}" is none of ${known.map(({ name }) => name).join(', ')}`);
  }
  if (typeof wanted !== 'object' || wanted === null || typeof wanted.name !== 'string' || wanted.name.trim() === '') {
    throw bad('trait', "must be a ready-made trait's name, or an object with a name");
  }
  const trait = parseTrait(draft(wanted));
  if (trait.held_out.length < 2) throw bad('trait.held_out', 'must be at least two questions');
  const seen = new Set([...trait.questions, ...trait.tuning]);
  for (const question of trait.held_out) {
    const reason = `${JSON.stringify(question.slice(0, 100))} is not held out: it is there already`;
    if (seen.has(question)) throw bad('trait.held_out', reason);
    seen.add(question);
  }
  if (!/^[\p{L}\p{N}][\p{L}\p{N} _.-]*$/u.test(trait.name)) {
    throw bad('trait.name', 'must be letters, digits, spaces, or . _ -');
  }
  return trait;
}

function bad(field: string, reason: string): PersonascopeError {
  return new PersonascopeError('BadRequest', `${field}: ${reason}.`, 'Correct the request and send it again.');
}
