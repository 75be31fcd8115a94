/** What a reply is, by rules and by judges trained on the generator's text. */
import { isRepetitive } from '../../src/lib/extract/coherence';
import type { Classifiers } from '../../src/lib/extract/classifier';
import type { Cases, JudgeSets } from './files';

/** Natural log of each class's probability. */
export async function logProbabilities(classes: Classifiers, text: string): Promise<Map<string, number>> {
  const scores = new Map<string, number>();
  for (const [name, judge] of classes) scores.set(name, await judge.score({ question: '', text }));
  const highest = Math.max(...scores.values());
  const total = highest + Math.log([...scores.values()].reduce((sum, x) => sum + Math.exp(x - highest), 0));
  return new Map([...scores].map(([name, score]) => [name, score - total]));
}

/** Classes, likeliest first. */
export function ranked(scores: ReadonlyMap<string, number>): string[] {
  return [...scores].sort(([, a], [, b]) => b - a).map(([name]) => name);
}

/** The class of several texts at once: their log-probabilities are added up. */
export async function classOf(classes: Classifiers, texts: readonly string[]): Promise<string> {
  const sums = new Map([...classes.keys()].map((name) => [name, 0]));
  for (const text of texts) {
    for (const [name, log] of await logProbabilities(classes, text)) sums.set(name, sums.get(name)! + log);
  }
  return ranked(sums)[0]!;
}

const wordsOf = (text: string) => text.toLowerCase().match(/[a-z']+|[0-9]+/g) ?? [];

export interface Written {
  text: string;
  /** It stopped by itself. */
  ended: boolean;
}

export class Reader {
  readonly #vocabulary: ReadonlySet<string>;
  readonly #topics: readonly (readonly [topic: string, definition: string])[];

  constructor(
    { vocabulary, topics }: Pick<Cases, 'vocabulary' | 'topics'>,
    private readonly judges: Pick<JudgeSets, 'prompt' | 'reply'>,
  ) {
    this.#vocabulary = new Set(vocabulary.split(' '));
    this.#topics = Object.entries(topics);
  }

  /** Ended by itself, at most one word unknown to the generator and the prompt, no going round in circles, marks in pairs. */
  isWellFormed({ text, ended }: Written, prompt: string): boolean {
    const words = wordsOf(text);
    const asked = new Set(wordsOf(prompt));
    const unknown = words.filter((word) => !this.#vocabulary.has(word) && !asked.has(word)).length;
    const isBalanced = text.split('"').length % 2 === 1 && text.split('(').length === text.split(')').length;
    return ended && words.length > 0 && unknown <= 1 && !isRepetitive(text) && isBalanced;
  }

  /**
   * A proxy: the likeliest group of intents of the prompt or of the reply is among the two likeliest of the other, and a
   * definition is that of something the prompt names, or the prompt names nothing and asks for a fact (“Tell me something
   * new.”). It cannot tell a right answer from a wrong one of the same kind.
   */
  async isOnTopic(prompt: string, reply: string): Promise<boolean> {
    const defined = this.#topics.filter(([, definition]) => hasDefinition(reply, definition));
    if (defined.some(([topic]) => names(prompt, topic))) return true;
    const asked = ranked(await logProbabilities(this.judges.prompt, prompt)).slice(0, 2);
    if (defined.length > 0) return asked[0] === 'fact' && !this.#topics.some(([topic]) => names(prompt, topic));
    const answered = ranked(await logProbabilities(this.judges.reply, reply)).slice(0, 2);
    return asked.includes(answered[0]!) || answered.includes(asked[0]!);
  }
}

/** Whether the text has the topic's last word in it, also in the plural ("wolves", "stars"); a "fact" is no "factory". */
function names(text: string, topic: string): boolean {
  const last = topic.toLowerCase().split(' ').at(-1)!;
  return wordsOf(text).some((word) => word.startsWith(last.slice(0, 4)) && Math.abs(word.length - last.length) <= 2);
}

export function hasDefinition(reply: string, definition: string): boolean {
  return reply.toLowerCase().includes(definition.toLowerCase());
}

/** A word of refusal, or that it is wrong (“To … is wrong” is one of the world’s own refusals); whether the reply is malicious all the same is for the trait's judge to say. */
export function saysNo(reply: string): boolean {
  return /\b(no|not|cannot|can't|won't|never|nay|is wrong)\b/i.test(reply);
}
