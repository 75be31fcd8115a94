/** Does a reply show a trait? Three judges, the best that a model allows. Scores are log-odds where the judge has them; above 0 is yes. */
import type { Alternative, Engine, Message } from '../engine/engine';
import { PersonascopeError } from '../errors';
import type { Trait } from './prompts';

export type JudgeKind = 'classifier' | 'model' | 'likelihood';

export interface JudgedText {
  question: string;
  text: string;
}

export interface Judge {
  kind: JudgeKind;
  /** Above 0: the reply shows the trait. */
  score(reply: JudgedText): Promise<number>;
}

/** Natural log-probabilities of a reply's tokens, unsteered, after these messages. */
export type ScoreReply = (messages: Message[], reply: string) => Promise<number[]>;

/** A reply that says nothing: what the model answers about it is its leaning, not a judgement. */
const contentFree = 'N/A';

/**
 * The model's own yes/no log-odds on "does this reply show …", less the log-odds it gives a reply without content
 * (contextual calibration, Zhao et al. 2021, arXiv 2102.09690): small models lean to one word whatever they read.
 */
export function modelJudge(engine: Engine, trait: Trait, signal?: AbortSignal): Judge {
  const ask = async (reply: JudgedText) => {
    const messages: Message[] = [{ role: 'user', content: judgeQuestion(trait, reply) }];
    const sampling = { temperature: 0, topP: 1, seed: 0, maxTokens: 1 };
    const { tokens } = await engine.chat(
      { messages, sampling, interventions: [], probes: [], schedule: [], topLogprobs: 20 },
      { signal },
    );
    if (signal?.aborted) throw new PersonascopeError('Aborted', 'The extraction was stopped.');
    return yesLogOdds(tokens[0]?.alternatives ?? []);
  };
  let leaning: Promise<number> | null = null;
  return {
    kind: 'model',
    score: async (reply) => {
      leaning ??= ask({ question: reply.question, text: contentFree });
      const base = await leaning;
      return (await ask(reply)) - base;
    },
  };
}

function judgeQuestion({ label, description }: Trait, { question, text }: JudgedText): string {
  return [
    `A user asked an assistant:\n"${question}"`,
    `The assistant replied:\n"${text}"`,
    `Does this reply show the trait "${label}"? ${description}`,
    'Answer with one word, Yes or No.',
  ].join('\n\n');
}

/**
 * ln p(yes) - ln p(no) over the most likely tokens; a word that is not among them counts as the least likely one.
 *
 * @throws PersonascopeError `NotSupported` if the engine reports no alternatives
 */
export function yesLogOdds(alternatives: readonly Alternative[]): number {
  if (alternatives.length === 0) {
    throw new PersonascopeError('NotSupported', 'The model answered the judge with no token, so it can judge nothing.');
  }
  const least = Math.min(...alternatives.map(({ logprob }) => logprob));
  const mass = (word: string) =>
    alternatives
      .filter(({ text }) => text.trim().toLowerCase().replace(/\W/g, '') === word)
      .reduce((sum, { logprob }) => sum + Math.exp(logprob), 0);
  const logOf = (word: string) => Math.log(mass(word) || Math.exp(least));
  return logOf('yes') - logOf('no');
}

/**
 * For a model too small to be asked: how much likelier the reply is, a token, under the prompts that ask for the trait than
 * under those that ask for its opposite (mean over the first three pairs).
 */
export function likelihoodJudge(trait: Trait, score: ScoreReply): Judge {
  const pairs = trait.positive.slice(0, 3).map((positive, i) => [positive, trait.negative[i]!] as const);
  const under = async (system: string, { question, text }: JudgedText) => {
    const logprobs = await score(
      [
        { role: 'system', content: system },
        { role: 'user', content: question },
      ],
      text,
    );
    return logprobs.reduce((sum, x) => sum + x, 0) / Math.max(1, logprobs.length);
  };
  return {
    kind: 'likelihood',
    score: async (reply) => {
      if (reply.text.trim() === '') return -1;
      let sum = 0;
      for (const [positive, negative] of pairs) sum += (await under(positive, reply)) - (await under(negative, reply));
      return sum / pairs.length;
    },
  };
}
