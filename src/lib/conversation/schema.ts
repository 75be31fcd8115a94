/** What a conversation from outside (a link, a stored record) must look like, with bounds on everything. */
import * as v from 'valibot';
import { between, finite, integer, text } from '../formats/fields';
import { parseUrl } from '../browser';
import { PersonascopeError } from '../errors';
import { limits } from '../limits';
import { positionNames } from '../engine/intervention';
import { fillPlaces, replyEnds, type Conversation } from './conversation';
import { unpackTokenIds } from '../formats/token-ids';

const list = <S extends v.GenericSchema>(item: S, length: number) =>
  v.pipe(v.array(item, 'must be a list'), v.maxLength(length, `must have at most ${length} items`));

/** Only what can be fetched over HTTP, or a path beside the page: no `javascript:`, `data:`, `blob:`. */
function isFetchable(url: string): boolean {
  const parsed = parseUrl(url, 'https://page.invalid/');
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

const layer = integer(0, limits.layers - 1);
/** What the engine computes with is f32. */
const strength = between(-limits.coefficient, limits.coefficient);
const inlineVector = v.pipe(
  v.record(
    v.pipe(v.string(), v.regex(/^(0|[1-9]\d?|1\d\d|2[0-4]\d|25[0-5])$/, 'must be a layer, 0 to 255')),
    v.pipe(list(finite, limits.dModel), v.nonEmpty('must not be empty')),
    'must be a name, or lists of numbers by layer',
  ),
  v.check((vector) => Object.keys(vector).length > 0, 'must have a layer'),
);
const vector = v.lazy((input) => (typeof input === 'string' ? name : inlineVector));

const interventionFields = {
  kind: v.picklist(['addition', 'ablation', 'capping', 'clamping'], 'must be addition, ablation, capping or clamping'),
  vector,
  layers: v.optional(list(layer, limits.layers)),
  positions: v.optional(v.picklist(positionNames, `must be ${positionNames.join(', ')}`)),
  coefficient: v.optional(strength),
  floor: v.optional(strength),
  ceiling: v.optional(strength),
  target: v.optional(strength),
};

/** Interventions, and their changes at a token, of the version whose intervention this is. */
const steeringWith = <S extends v.GenericSchema>(intervention: S) => ({
  interventions: list(intervention, limits.interventions),
  schedule: list(
    v.strictObject({ token: integer(0, limits.maxTokens), interventions: list(intervention, limits.interventions) }),
    limits.scheduleSteps,
  ),
});

const trace = v.strictObject({
  tokens: list(v.strictObject({ text: text(1_024), logprob: finite, axis: v.nullable(finite) }), limits.maxTokens),
  position: v.nullable(v.strictObject({ axis: finite, pc: v.strictTuple([finite, finite, finite]) })),
});

const temperature = between(0, limits.temperature);
const topP = v.pipe(between(0, 1), v.gtValue(0, 'must be more than 0'));

/** Fields that a reply of a link of version 1 has too. */
const repliedFields = {
  text: text(limits.reply),
  seed: integer(0, limits.seed),
  system: v.optional(text(limits.message)),
  model: v.optional(model),
};
const maxTokens = integer(1, limits.maxTokens);
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

const digest = v.pipe(text(64), v.regex(/^[0-9a-f]{64}$/, 'must be a SHA-256 in hex'));
const madeWith = v.object({
  weights: v.optional(digest),
  pack: v.optional(digest),
  vectors: v.optional(list(v.tuple([name, digest], 'must be a name and a digest'), limits.vectors)),
});
const index = (length: number) => integer(0, length - 1);
const firstRead = v.optional(integer(0, limits.turns));

const replyFields = {
  ...repliedFields,
  ...steeringWith(v.object(interventionFields)),
  sampling: v.optional(v.object({ temperature, topP, maxTokens: v.optional(maxTokens) })),
  follows: v.optional(v.nullable(index(limits.replies))),
  after: v.optional(v.nullable(v.tuple([index(limits.turns), index(limits.replies)]))),
  firstRead,
  ended: v.optional(v.picklist(replyEnds, `must be ${replyEnds.slice(0, -1).join(', ')} or ${replyEnds.at(-1)}`)),
  failure: v.optional(text(limits.failure)),
  date: v.optional(
    v.pipe(text(16), v.regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d$/, 'must be a local time, as 2026-11-30T06:12')),
  ),
  madeWith: v.optional(madeWith),
};

/** What is not known is left out: a newer page may have written more (see `needs` in `permalink.ts`). */
const conversationWith = <S extends v.GenericSchema>(reply: S) =>
  v.object({
    model,
    system: text(limits.message),
    turns: list(
      v.pipe(
        v.object({
          user: text(limits.message),
          replies: list(reply, limits.replies),
          chosen: v.nullable(index(limits.replies)),
        }),
        v.rawCheck(({ dataset, addIssue }) => {
          if (!dataset.typed) return;
          const { replies, chosen } = dataset.value as { replies: unknown[]; chosen: number | null };
          if (chosen !== null && chosen >= replies.length) addIssue({ message: 'must choose one of its replies' });
        }),
      ),
      limits.turns,
    ),
    sampling: v.object({ temperature, topP, maxTokens }),
    firstRead,
    needs: v.optional(list(text(limits.name), limits.needs)),
  });

const keptReply = v.object({ ...replyFields, tokenIds, trace: v.optional(trace) });

/** As the page holds and stores it. */
export const conversationSchema = conversationWith(
  v.object({ ...keptReply.entries, unsteered: v.optional(keptReply) }),
);

/** As a link of version 2 carries it. */
export const linkSchemaV2 = conversationWith(v.object({ ...replyFields, tokenIds: packedTokenIds }));

/** With one reply a turn, as links of version 1 carry it, and as browsers stored it then. */
const firstVersion = <S extends v.GenericSchema>(reply: S) =>
  v.pipe(
    v.strictObject({
      model,
      system: text(limits.message),
      turns: list(v.strictObject({ user: text(limits.message), reply: v.nullable(reply) }), limits.turns),
      sampling: v.strictObject({ temperature, topP, maxTokens }),
    }),
    v.transform(({ turns, ...rest }) => ({
      ...rest,
      turns: turns.map(({ user, reply }) => ({
        user,
        replies: reply === null ? [] : [reply],
        chosen: reply === null ? null : 0,
      })),
    })),
  );
const firstReplyFields = {
  ...repliedFields,
  ...steeringWith(v.strictObject(interventionFields)),
  sampling: v.optional(v.strictObject({ temperature, topP })),
};

/** As a link of version 1 carries it. */
export const linkSchemaV1 = firstVersion(v.strictObject({ ...firstReplyFields, tokenIds: packedTokenIds }));
/** As a browser stored it before conversations were a list. */
export const storedSchemaV1 = firstVersion(v.strictObject({ ...firstReplyFields, tokenIds, trace: v.optional(trace) }));

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
  if (result.success) {
    const conversation = result.output as Conversation;
    fillPlaces(conversation.turns);
    return conversation;
  }
  const [issue] = result.issues;
  const path = pathOf(issue);
  throw new PersonascopeError(
    'BadRequest',
    `${what} can't be read: ${path || 'its content'} ${reasonOf(issue)}.`,
    nextStep,
  );
}
