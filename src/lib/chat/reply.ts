/** Writes one reply: prefill, then a token at a time, until a stop token, the limit, the end of the context or an abort. */
import type { ChatOptions, ChatResult, ChatToken, Reading, ResolvedChatRequest } from '../engine/engine';
import { PersonascopeError } from '../errors';
import { isIdle, type ResolvedIntervention } from '../engine/intervention';
import { uniformAt } from '../maths/random';
import type { TapProgram } from '../taps/tap-program';
import type { Prompt } from './prompt';
import type { ChatTokenizer } from './tokenizer';

/** What a pass draws. Alternatives: the most likely tokens, as many as were asked for. */
export interface Sampled {
  id: number;
  logprob: number;
  nonFinite: number;
  alternatives?: { id: number; logprob: number }[];
}

/** Runs tokens from a position on. With `draw`, samples the token that follows the last of them. Readings: one array a probe slot, one value a row. */
export type Pass = (
  tokenIds: number[],
  position: number,
  draw: { temperature: number; topP: number; uniform: number } | null,
) => Promise<{ sampled: Sampled | null; readings: Float32Array[] }>;

export interface ReplyTask {
  request: ResolvedChatRequest;
  tokenizer: ChatTokenizer;
  prompt: Prompt;
  contextLength: number;
  /** Tokens at the prompt's beginning that the engine's cache holds already, and what was read at them: one array a probe slot. */
  cached?: { tokens: number; readings: Float32Array[] };
}

export class Reply {
  readonly #task: ReplyTask;
  readonly #taps: TapProgram;
  readonly #pass: Pass;
  #interventions: ResolvedIntervention[];
  /** Index of the next token whose pass has not been encoded yet. */
  #nextToken = 0;
  /** The interventions are no longer those the reply began with. */
  hasChanged = false;
  /** A first part of the prompt was read or is being read, the rest not yet. */
  #isMidPrompt = false;
  #waiting: ResolvedIntervention[] | null = null;
  readonly #tokens: ChatToken[] = [];
  readonly #readings: Reading[];

  constructor(task: ReplyTask, taps: TapProgram, pass: Pass) {
    this.#task = task;
    this.#taps = taps;
    this.#pass = pass;
    this.#interventions = task.request.interventions;
    this.#readings = (['prompt', 'response'] as const).flatMap((phase) =>
      taps.slots.map(({ probe, layer }) => ({ probe, layer, phase, values: [] as number[] })),
    );
  }

  /** From the next token on, these hold. Returns that token's index. */
  steer(interventions: ResolvedIntervention[]): number {
    if (this.#isMidPrompt) {
      // Half of the prompt under other interventions could not be told in a schedule, so they wait for the first token.
      this.#waiting = interventions;
      return 1;
    }
    this.#waiting = null;
    this.#apply(interventions);
    return this.#nextToken;
  }

  async write(maxRows: number, { signal, onToken }: ChatOptions): Promise<ChatResult> {
    const { request, tokenizer, prompt, contextLength, cached } = this.#task;
    const { sampling } = request;
    const detokenizer = tokenizer.stream();
    const name = ({ id, logprob }: { id: number; logprob: number }) => ({
      ...{ id, text: tokenizer.decode([id]), logprob },
      ...tokenizer.markOf(id),
    });
    const limit = Math.min(sampling.maxTokens, contextLength - prompt.ids.length);
    const schedule = [...request.schedule].sort((a, b) => a.token - b.token);
    const started = performance.now();
    let prefilled = started;
    let text = request.prefill ?? '';
    let position = cached?.tokens ?? 0;
    let input = prompt.ids.slice(position);
    let stopReason: ChatResult['stopReason'] = 'length';
    this.#apply(request.interventions);
    this.hasChanged = false;
    if (cached) this.#record(0, cached);

    while (true) {
      const index = this.#nextToken;
      if (this.#waiting) this.#apply(this.#waiting);
      this.#waiting = null;
      while (schedule[0] && schedule[0].token <= index) this.#apply(schedule.shift()!.interventions);
      for (; input.length > maxRows && !signal?.aborted; position += maxRows) {
        this.#isMidPrompt = true;
        this.#record(position, await this.#pass(input.slice(0, maxRows), position, null));
        input = input.slice(maxRows);
      }
      if (signal?.aborted) {
        stopReason = 'aborted';
        break;
      }
      const isLast = index >= limit;
      const uniform = uniformAt(sampling.seed, index);
      const running = this.#pass(
        input,
        position,
        isLast ? null : { temperature: sampling.temperature, topP: sampling.topP, uniform },
      );
      this.#nextToken++;
      this.#isMidPrompt = false;
      const { sampled, readings } = await running;
      const fresh = this.#record(position, { readings });
      position += input.length;
      if (index === 0) prefilled = performance.now();
      if (!sampled) break;
      if (sampled.nonFinite > 0) throw this.#describeNonFinite();
      if (tokenizer.stopTokenIds.has(sampled.id)) {
        stopReason = 'stop';
        break;
      }
      const token: ChatToken = { id: sampled.id, text: detokenizer.push(sampled.id), logprob: sampled.logprob };
      if (sampled.alternatives) token.alternatives = sampled.alternatives.map(name);
      text += token.text;
      this.#tokens.push(token);
      input = [sampled.id];
      onToken?.({
        index,
        token,
        text,
        readings: index === 0 ? this.#readings.map((r) => ({ ...r, values: [...r.values] })) : fresh,
      });
    }
    const rest = detokenizer.end();
    const last = this.#tokens.at(-1);
    if (last) last.text += rest;
    return {
      text: text + rest,
      tokens: this.#tokens,
      readings: this.#readings,
      stopReason,
      seed: sampling.seed,
      timings: {
        promptTokens: prompt.length,
        prefillMs: prefilled - started,
        responseTokens: this.#tokens.length,
        decodeMs: performance.now() - prefilled,
      },
    };
  }

  #apply(interventions: ResolvedIntervention[]): void {
    this.hasChanged = true;
    this.#interventions = interventions;
    this.#taps.setInterventions(interventions);
  }

  /** Files the readings of a pass under prompt and response, and returns those of the response. */
  #record(position: number, { readings }: { readings: Float32Array[] }): Reading[] {
    const slots = this.#taps.slots.length;
    return readings.map((values, slot) => {
      const promptRows = Math.max(0, Math.min(values.length, this.#task.prompt.length - position));
      this.#readings[slot]!.values.push(...values.subarray(0, promptRows));
      const response = this.#readings[slots + slot]!;
      response.values.push(...values.subarray(promptRows));
      return { ...response, values: [...values.subarray(promptRows)] };
    });
  }

  #describeNonFinite(): PersonascopeError {
    let strongest: { layer: number; dose: number } | null = null;
    for (const intervention of this.#interventions) {
      if (isIdle(intervention)) continue;
      for (const [layer, vector] of intervention.vectors) {
        const dose = Math.abs(intervention.coefficient) * Math.hypot(...vector);
        if (!strongest || dose > strongest.dose) strongest = { layer, dose };
      }
    }
    return strongest
      ? new PersonascopeError(
          'SteeringTooStrong',
          `Steering too strong at layer ${strongest.layer}: the model's output is no longer finite. The text so far is kept.`,
          'Move the dials back toward zero and regenerate.',
        )
      : new PersonascopeError(
          'BadModel',
          "The model's output is not finite.",
          'The weights may be damaged; load the model again.',
        );
  }
}
