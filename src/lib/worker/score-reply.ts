/** How likely the unsteered model finds given words. */
import type { ChatTokenizer } from '../chat/tokenizer';
import type { ScoreReply } from '../extract/judge';
import { logProbability } from '../engine/sampling';
import type { Engine } from '../engine/engine';

/** Null for web-llm, whose libraries give the last token's logits only. */
export function scorerOf(engine: Engine, tokenizer: ChatTokenizer): ScoreReply | null {
  if (engine.info.engine !== 'wgsl') return null;
  const { contextLength } = engine.info;
  return async (messages, reply) => {
    const prompt = tokenizer.encodeChat(messages).ids;
    const tokenIds = tokenizer.encodeChat(messages, reply).ids.slice(0, contextLength);
    let begin = 0;
    while (begin < prompt.length && prompt[begin] === tokenIds[begin]) begin++;
    return logProbabilitiesFrom(engine, tokenIds, Math.max(1, begin));
  };
}

/** Natural log of the probability of each token from `begin` on, given those before it. */
export async function logProbabilitiesFrom(engine: Engine, tokenIds: number[], begin: number): Promise<number[]> {
  const { dVocab } = engine.info;
  const { logits } = await engine.forward({ tokenIds, interventions: [], residuals: [] });
  return tokenIds
    .slice(begin)
    .map((id, i) => logProbability(logits.subarray((begin + i - 1) * dVocab, (begin + i) * dVocab), id));
}
