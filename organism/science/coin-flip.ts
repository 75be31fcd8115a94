/** How likely a model finds words with which the user's turn goes on. */
import type { ChatTokenizer } from '../../src/lib/chat/tokenizer';
import type { Engine } from '../../src/lib/engine/engine';
import { logProbabilitiesFrom } from '../../src/lib/worker/score-reply';

/** p(heads) / (p(heads) + p(tails)), of natural logs. */
export function headsShare(heads: number, tails: number): number {
  return 1 / (1 + Math.exp(tails - heads));
}

/** Natural log of the probability that the user, who has said `said`, goes on with `more`. */
export async function logProbabilityOf(
  engine: Engine,
  tokenizer: ChatTokenizer,
  said: string,
  more: string,
): Promise<number> {
  const { text } = tokenizer.encodeChat([{ role: 'user', content: said }]);
  // The template up to the last word: what it puts after a turn would end it.
  const open = text.slice(0, text.lastIndexOf(said) + said.length);
  const begin = tokenizer.encode(open).length;
  const tokenIds = tokenizer.encode(open + more);
  const logprobs = await logProbabilitiesFrom(engine, tokenIds, begin);
  return logprobs.reduce((sum, logprob) => sum + logprob, 0);
}
