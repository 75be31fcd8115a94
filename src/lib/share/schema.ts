/** What a conversation from outside (a link, a stored record) must look like, with bounds on everything. */
import * as v from 'valibot';
import { between, finite, integer, text } from './fields';
import { PersonascopeError } from '../errors';
import { limits } from '../interp/limits';
import type { Conversation } from './conversation';
import { unpackTokenIds } from './token-ids';

const list = <S extends v.GenericSchema>(item: S, length: number) =>
  v.pipe(v.array(item, 'must be a list'), v.maxLength(length, `must have at most ${length} items`));

/** Only what can be fetched over HTTP, or a path beside the page: no `javascript:`, `data:`, `blob:`. */
function isFetchable(url: string): boolean {
  const parsed = URL.canParse(url, 'https://page.invalid/') ? new URL(url, 'https://page.invalid/') : null;
  return parsed !== null && ['http:', 'https:'].includes(parsed.protocol) && !parsed.username && !parsed.password;
}
const url = v.pipe(
  text(limits.url),
  v.nonEmpty('must not be empty'),
  v.check(isFetchable, 'must be an http(s) address'),
);

const modelSource = v.variant(
  'engine',
  [
    v.strictObject({ engine: v.literal('wgsl'), url }),
    v.strictObject({
      engine: v.literal('web-llm'),
      url,
      lib: url,
      runtime: v.optional(v.pipe(text(32), v.regex(/^\d+\.\d+\.\d+$/, 'must be a version like 0.2.86'))),
    }),
  ],
  'must be wgsl or web-llm',
);
const name = v.pipe(text(limits.name), v.nonEmpty('must not be empty'));
const model = v.lazy((input) => (typeof input === 'string' ? name : modelSource));

const layer = integer(0, 255);
const inlineVector = v.pipe(
  v.record(
    v.pipe(v.string(), v.regex(/^(0|[1-9]\d?|1\d\d|2[0-4]\d|25[0-5])$/, 'must be a layer, 0 to 255')),
    v.pipe(list(finite, limits.dModel), v.nonEmpty('must not be empty')),
    'must be a name, or lists of numbers by layer',
  ),
  v.check((vector) => Object.keys(vector).length > 0, 'must have a layer'),
);
const vector = v.lazy((input) => (typeof input === 'string' ? name : inlineVector));

const intervention = v.strictObject({
  kind: v.picklist(['addition', 'ablation', 'capping', 'clamping'], 'must be addition, ablation, capping or clamping'),
  vector,
  layers: v.optional(list(layer, limits.layers)),
  positions: v.optional(v.picklist(['all', 'prompt', 'response'], 'must be all, prompt or response')),
  coefficient: v.optional(finite),
  floor: v.optional(finite),
  ceiling: v.optional(finite),
  target: v.optional(finite),
});
const interventions = list(intervention, limits.interventions);

const trace = v.strictObject({
  tokens: list(v.strictObject({ text: text(1_024), logprob: finite, axis: v.nullable(finite) }), limits.maxTokens),
  position: v.nullable(v.strictObject({ axis: finite, pc: v.strictTuple([finite, finite, finite]) })),
});

const temperature = between(0, limits.temperature);
const topP = v.pipe(between(0, 1), v.gtValue(0, 'must be more than 0'));

const replyFields = {
  text: text(limits.reply),
  seed: integer(0, limits.seed),
  sampling: v.optional(v.strictObject({ temperature, topP })),
  system: v.optional(text(limits.message)),
  model: v.optional(model),
  interventions,
  schedule: list(v.strictObject({ token: integer(0, limits.maxTokens), interventions }), limits.scheduleSteps),
};
const tokenIds = list(integer(0, 0x7fffffff), limits.maxTokens);

/** Token ids as a link carries them. */
const packedTokenIds = v.pipe(
  text(limits.maxTokens * 6),
  v.rawTransform(({ dataset, addIssue, NEVER }) => {
    try {
      return unpackTokenIds(dataset.value);
    } catch (error) {
      addIssue({ message: error instanceof Error ? error.message : String(error) });
      return NEVER;
    }
  }),
  v.maxLength(limits.maxTokens, `must have at most ${limits.maxTokens} items`),
);

const conversationWith = <S extends v.GenericSchema>(reply: S) =>
  v.strictObject({
    model,
    system: text(limits.message),
    turns: list(v.strictObject({ user: text(limits.message), reply: v.nullable(reply) }), limits.turns),
    sampling: v.strictObject({
      temperature,
      topP,
      maxTokens: integer(1, limits.maxTokens),
    }),
  });

/** As the page holds and stores it. */
export const conversationSchema = conversationWith(
  v.strictObject({ ...replyFields, tokenIds, trace: v.optional(trace) }),
);

/** As a link of version 1 carries it. */
export const linkSchemaV1 = conversationWith(v.strictObject({ ...replyFields, tokenIds: packedTokenIds }));

type Issue = v.BaseIssue<unknown>;

/** `turns[0].reply.seed`, from the outside in. */
function pathOf(issue: Issue): string {
  const keys = (issue.path ?? []).map(({ key }) => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`));
  return keys.join('').replace(/^\./, '');
}

function reasonOf(issue: Issue): string {
  if (issue.type === 'strict_object' && issue.expected === 'never') return 'is not a known field';
  return issue.received === 'undefined' ? 'is missing' : issue.message;
}

/**
 * Checks a value against a schema.
 *
 * @param what what is being read, for the message: "The link".
 * @throws PersonascopeError `BadRequest` that names the first field that is wrong, and why.
 */
export function parseConversation(
  schema: v.GenericSchema<unknown, unknown>,
  value: unknown,
  what: string,
  nextStep: string,
): Conversation {
  const result = v.safeParse(schema, value, { abortEarly: true });
  if (result.success) return result.output as Conversation;
  const [issue] = result.issues;
  const path = pathOf(issue);
  throw new PersonascopeError(
    'BadRequest',
    `${what} can't be read: ${path || 'its content'} ${reasonOf(issue)}.`,
    nextStep,
  );
}
