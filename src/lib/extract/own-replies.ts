/** The yardstick of surprise: replies that the model writes by itself, as itself and as it is asked to be. */
import type { Engine } from '../engine/engine';
import type { Trait } from './prompts';
import { takeSample } from './sample';

export interface OwnReply {
  system: string | null;
  question: string;
  text: string;
}

/** Three a question: with no system prompt, with one that asks for the trait, with one that asks for its opposite. */
export async function ownReplies(
  engine: Engine,
  { positive, negative }: Pick<Trait, 'positive' | 'negative'>,
  questions: readonly string[],
  { temperature, maxTokens, seed }: { temperature: number; maxTokens: number; seed: number },
  signal?: AbortSignal,
): Promise<OwnReply[]> {
  const own: OwnReply[] = [];
  for (const [i, question] of questions.entries()) {
    for (const system of [null, positive[i % positive.length]!, negative[i % negative.length]!]) {
      const sampling = { temperature, topP: 0.95, seed: seed + 30_000 + i, maxTokens };
      const { text } = await takeSample(engine, { system, question, site: 'last', sampling, signal });
      own.push({ system, question, text });
    }
  }
  return own;
}
