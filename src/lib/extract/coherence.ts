/**
 * When a reply counts as coherent. All thresholds of the page are here:
 *
 * - it does not go round in circles: no word three times running, no three words in a row three times;
 * - the unsteered model finds it not much more surprising than its own replies: mean nats a token at most `surpriseFactor` times
 *   what nine in ten of a sample of them stay below, each under the prompt it was written under. A steered reply is scored under
 *   each prompt that asks for what it was steered to, under the one that it was written under and with none, and the best counts: a
 *   pirate is surprising, but not as a pirate, and some prompts ask for one more clearly than others. Sampled replies surprise
 *   less than real text does: on the embedded model the factor brings the limit, which the workshop and `npm run science` show,
 *   to between 0.6 and 1.2 nats;
 * - a coefficient is coherent if at least `coherentShare` of its replies are.
 *
 * Where an engine gives no log-probabilities of given words (web-llm), the second is not measured, and the change of the
 * next-token distribution must stay below `largestKl` instead.
 */
import type { ChatToken, Engine, Message } from '../engine/engine';
import type { ResolvedIntervention } from '../engine/intervention';
import { quantile } from '../maths/stats';
import type { ScoreReply } from './judge';

export const surpriseFactor = 2.5;
export const coherentShare = 0.8;
/** Nats. */
export const largestKl = 4;

export function isRepetitive(text: string): boolean {
  const words = text.toLowerCase().match(/[\p{L}\p{N}']+/gu) ?? [];
  const counts = new Map<string, number>();
  for (let i = 0; i + 2 < words.length; i++) {
    const [a, b, c] = words.slice(i, i + 3);
    if (a === b && b === c) return true;
    const triple = `${a} ${b} ${c}`;
    counts.set(triple, (counts.get(triple) ?? 0) + 1);
    if (counts.get(triple)! >= 3) return true;
  }
  return false;
}

export interface Coherence {
  /** Nats a token above which a reply is too surprising; null: not measured on this engine. */
  limit: number | null;
  isCoherent(reply: SteeredReply): Promise<boolean>;
}

export interface SteeredReply {
  /** The prompt that it was written under; null: none. */
  system: string | null;
  question: string;
  text: string;
  /** Which way it was steered: toward the trait, or toward its opposite. */
  toward: 'positive' | 'negative';
}

/**
 * @param systems prompts that ask for the trait, and prompts that ask for its opposite
 * @param score null: the engine has no log-probabilities of given words
 * @param own unsteered replies of the model with the system prompt each was written under
 */
export async function measureCoherence(
  score: ScoreReply | null,
  systems: { positive: readonly string[]; negative: readonly string[] },
  own: readonly { system: string | null; question: string; text: string }[],
): Promise<Coherence> {
  if (!score) return { limit: null, isCoherent: async ({ text }) => isSound(text) };
  const surprise = async (system: string | null, question: string, text: string) => {
    const logprobs = await score(asMessages(system, question), text);
    return logprobs.length === 0 ? Infinity : -logprobs.reduce((sum, x) => sum + x, 0) / logprobs.length;
  };
  const surprises: number[] = [];
  for (const { system, question, text } of own) {
    if (text.trim() !== '') surprises.push(await surprise(system, question, text));
  }
  const limit = surprises.length > 0 ? surpriseFactor * quantile(surprises, 0.9) : 0;
  // Any prompt will do, and the one that did for the last reply mostly does for the next: a reading each, not six.
  let accepting: string | null = null;
  return {
    limit,
    isCoherent: async ({ system, question, text, toward }) => {
      if (!isSound(text)) return false;
      const prompts = [...new Set([...systems[toward], system, null])];
      prompts.sort((a, b) => Number(b === accepting) - Number(a === accepting));
      for (const asked of prompts) {
        if ((await surprise(asked, question, text)) > limit) continue;
        accepting = asked;
        return true;
      }
      return false;
    },
  };
}

const isSound = (text: string) => text.trim() !== '' && !isRepetitive(text);

export function asMessages(system: string | null, question: string): Message[] {
  const user: Message = { role: 'user', content: question };
  return system === null ? [user] : [{ role: 'system', content: system }, user];
}

/**
 * KL(steered || unsteered) of the next token, nats, mean over a few places of the model's own unsteered replies. From the 20
 * most likely tokens of each, so a lower bound: a token that the unsteered list lacks is taken as likely as its last one.
 */
export async function meanKl(
  engine: Engine,
  questions: readonly string[],
  interventions: ResolvedIntervention[],
  signal?: AbortSignal,
): Promise<number> {
  const sampling = { temperature: 0, topP: 1, seed: 0 };
  const ask = (question: string, prefill: string, maxTokens: number, steering: ResolvedIntervention[]) =>
    engine.chat(
      {
        messages: asMessages(null, question),
        prefill,
        ...{ interventions: steering, probes: [], schedule: [], topLogprobs: 20 },
        sampling: { ...sampling, maxTokens },
      },
      { signal },
    );
  let sum = 0;
  let places = 0;
  for (const question of questions) {
    const { tokens } = await ask(question, '', 9, []);
    for (const place of [0, 4, 8]) {
      const plain = tokens[place];
      if (!plain) continue;
      const prefill = tokens.slice(0, place).map(({ text }) => text);
      const steered = await ask(question, prefill.join(''), 1, interventions);
      if (steered.tokens[0]) sum += klAtLeast(steered.tokens[0], plain);
      else sum += largestKl;
      places++;
    }
  }
  return places === 0 ? 0 : sum / places;
}

/** Of two tokens' lists of alternatives. */
export function klAtLeast({ alternatives: p = [] }: ChatToken, { alternatives: q = [] }: ChatToken): number {
  if (p.length === 0 || q.length === 0) return 0;
  const known = new Map(q.map(({ id, logprob }) => [id, logprob]));
  const least = q.at(-1)!.logprob;
  let kl = 0;
  let [restP, restQ] = [1, 1];
  for (const { id, logprob } of p) {
    const probability = Math.exp(logprob);
    kl += probability * (logprob - (known.get(id) ?? least));
    restP -= probability;
    if (known.has(id)) restQ -= Math.exp(known.get(id)!);
  }
  if (restP > 1e-9 && restQ > 1e-9) kl += restP * Math.log(restP / restQ);
  return Math.max(0, kl);
}
