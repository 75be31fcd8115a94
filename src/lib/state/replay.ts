/** Whether a reply came out as it was recorded: its tokens, its words, and its end. */
import type { ChatResult } from '../engine/engine';
import type { Reply } from '../conversation/conversation';

export interface Difference {
  /**
   * `tokens`: another token at `token` (0-based); `end`: one of the two ends there and the other goes on, or ends for another reason;
   * `text`: the tokens are the same, and the words in the link are not what they say.
   */
  what: 'tokens' | 'end' | 'text';
  token: number;
  /** The recorded and the replayed token; '' for none. */
  recorded: string;
  replayed: string;
}

export interface Comparison {
  difference: Difference | null;
  /** The recorded reply ended by itself, and here it ended in the same way. */
  isWhole: boolean;
}

/**
 * @param result of the same request with one token more than was recorded, or `maxTokens`
 * @param maxTokens what the recorded reply was limited to
 */
export function compareReply(recorded: Reply, { tokens, text, stopReason }: ChatResult, maxTokens: number): Comparison {
  const ids = recorded.tokenIds;
  const end = ids.length;
  const textOf = (token: number) => recorded.trace?.tokens[token]?.text ?? '';
  const differ = (what: Difference['what'], token: number): Comparison => ({
    difference: { what, token, recorded: textOf(token), replayed: tokens[token]?.text ?? '' },
    isWhole: false,
  });
  const first = ids.findIndex((id, i) => id !== tokens[i]?.id);
  if (first >= 0) return differ(first < tokens.length ? 'tokens' : 'end', first);
  const goesOn = tokens.length > end;
  const words = goesOn ? textBefore(tokens, end) : text;
  const isSaid = saysTheSame(words, recorded.text);
  switch (recorded.ended) {
    case 'stop':
    case 'length':
      if (goesOn || stopReason !== recorded.ended) return differ('end', end);
      return isSaid ? { difference: null, isWhole: true } : differ('text', end);
    case 'aborted':
    case 'failed':
    case 'interrupted':
      return isSaid ? { difference: null, isWhole: false } : differ('text', end);
    case undefined:
      // Version 1 does not say how a reply ended: if it ends here too, or at the limit, it is whole.
      if (!isSaid) return differ('text', end);
      return { difference: null, isWhole: !goesOn && (stopReason === 'stop' || end >= maxTokens) };
  }
}

function textBefore(tokens: ChatResult['tokens'], end: number): string {
  return tokens
    .slice(0, end)
    .map(({ text }) => text)
    .join('');
}

/** A character at the end of which not all bytes came stands as U+FFFD, or does not stand yet. */
export function saysTheSame(one: string, other: string): boolean {
  const withoutHalf = (text: string) => text.replace(/\uFFFD+$/, '');
  return withoutHalf(one) === withoutHalf(other);
}
