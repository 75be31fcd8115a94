/** A request as the tokens a model reads before it speaks. */
import type { CollectSite, ResolvedChatRequest } from '../engine/engine';
import { PersonascopeError } from '../errors';
import type { TokenRange } from '../taps/accumulator';
import { commonPrefix, type ChatTokenizer } from './tokenizer';

export interface Prompt {
  /** The prompt and, from `length` on, the prefilled words of the reply. */
  ids: number[];
  length: number;
  /** Tokens of the last user message's words; found when it is asked for. */
  readonly message: TokenRange;
}

/** @throws PersonascopeError `ContextOverflow`, or what the tokenizer throws */
export function encodePrompt(
  tokenizer: ChatTokenizer,
  { messages, prefill, date }: Pick<ResolvedChatRequest, 'messages' | 'prefill' | 'date'>,
  contextLength: number,
): Prompt {
  const encoded = tokenizer.encodeChat(messages, prefill, date);
  const { ids } = encoded;
  checkLength(ids.length, contextLength);
  const length = prefill ? commonPrefix(tokenizer.encodeChat(messages, '', date).ids, ids) : ids.length;
  return {
    ids,
    length,
    get message() {
      return encoded.message;
    },
  };
}

/** Where the means for extraction are taken. */
export function rangeOf(site: CollectSite, prompt: Prompt, contextLength: number): TokenRange {
  switch (site) {
    case 'message':
      return prompt.message;
    case 'last':
      return { begin: prompt.length - 1, end: prompt.length };
    case 'response':
      return { begin: prompt.length, end: contextLength };
  }
}

/** @throws PersonascopeError `ContextOverflow` */
export function checkLength(tokens: number, contextLength: number): void {
  if (tokens <= contextLength) return;
  const message = `The conversation is ${tokens} tokens long; this model reads at most ${contextLength}.`;
  const nextStep = 'Start a new chat, or edit an earlier message: the turns after it are dropped.';
  throw new PersonascopeError('ContextOverflow', message, nextStep);
}
