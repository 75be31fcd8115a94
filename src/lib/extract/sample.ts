/** One reply and the mean residual over its site, the unit that every extraction averages. */
import type { CollectSite, Engine, Message, Sampling } from '../engine/engine';
import { PersonascopeError } from '../errors';
import { scale } from '../maths/linear';

export interface SampleRequest {
  /** Null: no system message. */
  system: string | null;
  question: string;
  site: CollectSite;
  sampling: Required<Sampling>;
  signal?: AbortSignal;
}

export interface Sample {
  text: string;
  /** Tokens of the site. */
  count: number;
  /** (nLayers, dModel), mean of h over the site's tokens; null if it has none (an empty reply). */
  mean: Float64Array | null;
}

/** How far an extraction is. */
export interface ExtractProgress {
  /** What is being sampled: a trait's or a role's name. */
  subject: string;
  done: number;
  total: number;
}

export interface ExtractControl {
  signal?: AbortSignal;
  onProgress?: (progress: ExtractProgress) => void;
}

/**
 * The pairs of prompt and question a persona is sampled with: all questions with prompts alternating, then again with
 * the prompts moved on by one, until every pair was used or there are enough.
 */
export function planSamples<P>(prompts: readonly P[], questions: readonly string[], most: number) {
  const count = Math.min(most, prompts.length * questions.length);
  return Array.from({ length: count }, (_, i) => {
    const round = Math.floor(i / questions.length);
    const index = i % questions.length;
    return { prompt: prompts[(index + round) % prompts.length]!, question: questions[index]! };
  });
}

/** @throws PersonascopeError `Aborted`, and whatever the engine's `chat` throws */
export async function takeSample(engine: Engine, request: SampleRequest): Promise<Sample> {
  const { system, question, site, sampling, signal } = request;
  const messages: Message[] = [
    ...(system === null ? [] : [{ role: 'system' as const, content: system }]),
    { role: 'user', content: question },
  ];
  throwIfAborted(signal);
  const result = await engine.chat(
    { messages, sampling, interventions: [], probes: [], schedule: [] },
    { signal, collect: [site] },
  );
  throwIfAborted(signal);
  const collected = result.collected.find((sums) => sums.site === site);
  if (!collected) throw new PersonascopeError('NotSupported', `This engine does not collect residuals at "${site}".`);
  const { sum, count } = collected;
  return { text: result.text, count, mean: count > 0 ? scale(sum, 1 / count) : null };
}

function throwIfAborted(signal?: AbortSignal): void {
  if (signal?.aborted) throw new PersonascopeError('Aborted', 'The extraction was stopped.');
}
