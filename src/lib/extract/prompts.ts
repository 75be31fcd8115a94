/** The prompt sets that extraction runs on: `organism/prompts/*.json`, or a visitor's own trait. */
import * as v from 'valibot';
import { PersonascopeError } from '../errors';
import { limits } from '../limits';

const text = v.pipe(v.string(), v.trim(), v.nonEmpty('must not be empty'), v.maxLength(4_000));
const texts = (low: number) => v.pipe(v.array(text), v.minLength(low), v.maxLength(1_000));
const name = v.pipe(text, v.maxLength(limits.traitName));

const trait = v.object({
  name,
  label: name,
  description: v.pipe(text, v.maxLength(limits.traitDescription)),
  /** System prompts that ask for the trait; as many that ask for its opposite, pair by pair. */
  positive: texts(1),
  negative: texts(1),
  /** What the vector is made from. At least four: two halves are compared, and one needs more than one question. */
  questions: texts(4),
  /** Prompts to choose layers and coefficients on. */
  tuning: v.optional(texts(0), []),
  /** Prompts to report figures on; never used for anything else. */
  held_out: v.optional(texts(0), []),
});
export type Trait = v.InferOutput<typeof trait>;

const roles = v.object({
  roles: v.pipe(v.array(v.object({ name, label: name, family: name, prompts: texts(1) })), v.minLength(4)),
  /** System prompts of the default Assistant; null: none. */
  neutral: v.pipe(v.array(v.nullable(text)), v.minLength(1)),
});
export type RolePrompts = v.InferOutput<typeof roles>;

/** @throws PersonascopeError `BadRequest` naming the field and the reason. */
export function parseTrait(value: unknown): Trait {
  const parsed = parse(trait, value, 'The trait');
  if (parsed.positive.length !== parsed.negative.length) {
    const counts = `${parsed.positive.length} positive and ${parsed.negative.length} negative`;
    throw bad('The trait', `it has ${counts} system prompts, which must be pairs`);
  }
  return parsed;
}

/** @throws PersonascopeError `BadRequest` */
export function parseTraits(value: unknown): Trait[] {
  return parse(
    v.object({ traits: v.pipe(v.array(v.unknown()), v.minLength(1)) }),
    value,
    'The list of traits',
  ).traits.map(parseTrait);
}

/** @throws PersonascopeError `BadRequest` */
export function parseRoles(value: unknown): RolePrompts {
  return parse(roles, value, 'The list of roles');
}

/** @throws PersonascopeError `BadRequest` */
export function parseQuestions(value: unknown): string[] {
  return parse(v.object({ questions: texts(1) }), value, 'The list of questions').questions;
}

function parse<S extends v.GenericSchema>(schema: S, value: unknown, what: string): v.InferOutput<S> {
  const result = v.safeParse(schema, value, { abortEarly: true });
  if (result.success) return result.output;
  const [issue] = result.issues;
  throw bad(what, `${v.getDotPath(issue) ?? 'its content'}: ${issue.message}`);
}

function bad(what: string, reason: string): PersonascopeError {
  return new PersonascopeError('BadRequest', `${what} can't be used: ${reason}.`, 'Correct it and try again.');
}
