/** Checks requests from outside (a script, a link) and fills in defaults. */
import * as v from 'valibot';
import { PersonascopeError } from '../errors';
import { limits, samplingBounds } from '../limits';
import type { VectorBook } from '../personas/vector-book';
import type { ChatRequest, ForwardRequest, ResolvedChatRequest } from '../engine/engine';

const finite = v.pipe(v.number(), v.finite());
const count = (most: number) => v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(most));

const content = (most: number) => v.pipe(v.string(), v.maxLength(most));
const messageSchema = v.variant('role', [
  v.object({ role: v.picklist(['system', 'user']), content: content(limits.message) }),
  v.object({ role: v.literal('assistant'), content: content(limits.reply) }),
]);

const { temperature, topP, seed, maxTokens } = samplingBounds;
const samplingSchema = v.object({
  temperature: v.optional(v.pipe(finite, v.minValue(temperature.min), v.maxValue(temperature.max)), 0.7),
  topP: v.optional(v.pipe(finite, v.gtValue(topP.min), v.maxValue(topP.max)), 0.95),
  seed: v.optional(v.pipe(count(seed.max), v.minValue(seed.min))),
  maxTokens: v.optional(v.pipe(count(maxTokens.max), v.minValue(maxTokens.min)), 256),
});

/** "2026-11-30T06:12" */
const localTime = v.pipe(
  v.string(),
  v.regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d$/, 'must be a local time, as 2026-11-30T06:12'),
);

/** Interventions and probes are checked by the vector book, which knows the model. */
const chatSchema = v.object({
  messages: v.pipe(v.array(messageSchema), v.minLength(1), v.maxLength(limits.messages)),
  prefill: v.optional(v.pipe(v.string(), v.maxLength(limits.message))),
  interventions: v.optional(v.array(v.any()), []),
  probes: v.optional(v.array(v.any()), []),
  sampling: v.optional(samplingSchema, {}),
  date: v.optional(localTime),
  topLogprobs: v.optional(count(limits.topLogprobs), 0),
  schedule: v.optional(
    v.pipe(
      v.array(v.object({ token: count(limits.maxTokens), interventions: v.array(v.any()) })),
      v.maxLength(limits.scheduleSteps),
    ),
    [],
  ),
});

const forwardSchema = v.object({
  tokenIds: v.array(v.number()),
  interventions: v.optional(v.array(v.any()), []),
  residuals: v.optional(v.array(v.number()), []),
});

/** @throws PersonascopeError `BadRequest` naming the field */
export function resolveChat(request: ChatRequest, book: VectorBook): ResolvedChatRequest {
  const { sampling, interventions, probes, schedule, ...rest } = check(chatSchema, request);
  return {
    ...rest,
    sampling: { ...sampling, seed: sampling.seed ?? crypto.getRandomValues(new Uint32Array(1))[0]! },
    interventions: book.resolveAll(interventions),
    probes: book.resolveProbes(probes),
    schedule: schedule.map((change, i) => ({
      token: change.token,
      interventions: book.resolveAll(change.interventions, `schedule[${i}].interventions`),
    })),
  };
}

/** @throws PersonascopeError `BadRequest` naming the field */
export function resolveForward(request: ForwardRequest, book: VectorBook) {
  const { tokenIds, interventions, residuals } = check(forwardSchema, request);
  return { tokenIds, residuals, interventions: book.resolveAll(interventions) };
}

function check<S extends v.GenericSchema>(schema: S, value: unknown): v.InferOutput<S> {
  const result = v.safeParse(schema, value);
  if (result.success) return result.output;
  const issue = result.issues[0];
  const field = v.getDotPath(issue) ?? 'request';
  throw new PersonascopeError('BadRequest', `${field}: ${issue.message}.`, 'Correct the request and send it again.');
}
