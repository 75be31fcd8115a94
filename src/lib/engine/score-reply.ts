/** How likely the unsteered model finds given words. */
import type { ChatTokenizer } from '../chat/tokenizer';
import type { ScoreReply } from '../extract/judge';
import type { Engine } from './engine';

/** Null for web-llm, whose libraries give the last token's logits only. */
export function scorerOf(engine: Engine, tokenizer: ChatTokenizer): ScoreReply | null {
  if (engine.info.engine !== 'wgsl') return null;
  const { dVocab, contextLength } = engine.info;
  return async (messages, reply) => {
    const prompt = tokenizer.encodeChat(messages).ids;
    const tokenIds = tokenizer.encodeChat(messages, reply).ids.slice(0, contextLength);
    let begin = 0;
    while (begin < prompt.length && prompt[begin] === tokenIds[begin]) begin++;
    const { logits } = await engine.forward({ tokenIds, interventions: [], residuals: [] });
    const logprobs: number[] = [];
    for (let t = Math.max(1, begin); t < tokenIds.length; t++) {
      const row = logits.subarray((t - 1) * dVocab, t * dVocab);
      let maximum = -Infinity;
      for (const logit of row) maximum = Math.max(maximum, logit);
      let sum = 0;
      for (const logit of row) sum += Math.exp(logit - maximum);
      logprobs.push(row[tokenIds[t]!]! - maximum - Math.log(sum));
    }
    return logprobs;
  };
}
