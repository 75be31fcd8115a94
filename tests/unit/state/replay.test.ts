import { describe, expect, it } from 'vitest';
import type { ChatResult } from '../../../src/lib/engine/engine';
import type { Reply } from '../../../src/lib/conversation/conversation';
import { findVectors } from '../../../src/lib/state/find-vectors';
import { compareReply } from '../../../src/lib/state/replay';

const words = ['Arr', ', I', ' be', ' a', ' pirate'];
const recorded = (change: Partial<Reply> = {}): Reply => ({
  ...{ text: words.join(''), seed: 1, interventions: [], schedule: [], tokenIds: [0, 1, 2, 3, 4], ended: 'stop' },
  ...change,
});
/** A replay that wrote so many of the words, then others. */
const replayed = (count: number, stopReason: ChatResult['stopReason'], others: string[] = []): ChatResult => {
  const texts = [...words.slice(0, count), ...others];
  const tokens = texts.map((text, i) => ({ id: i < count ? i : 100 + i, text, logprob: 0 }));
  const timings = { promptTokens: 1, prefillMs: 1, responseTokens: tokens.length, decodeMs: 1 };
  return { text: texts.join(''), tokens, readings: [], stopReason, timings, seed: 1 };
};
const outcome = (reply: Reply, result: ChatResult, maxTokens = 64) => {
  const { difference, isWhole } = compareReply(reply, result, maxTokens);
  return difference ? `${difference.what} ${difference.token}` : isWhole ? 'whole' : 'as far as it goes';
};

describe('a replayed reply', () => {
  it.each<[string, Reply, ChatResult, string]>([
    ['that is the same to its end', recorded(), replayed(5, 'stop'), 'whole'],
    ['with another token', recorded(), replayed(2, 'stop', [' am', ' a', ' cook']), 'tokens 2'],
    ['that ends sooner', recorded(), replayed(3, 'stop'), 'end 3'],
    ['whose words are forged', recorded({ text: 'I am evil' }), replayed(5, 'stop'), 'text 5'],
    ['that was cut short by hand, and is called whole', recorded(), replayed(5, 'length', [', aye']), 'end 5'],
    ['that was cut at its limit', recorded({ ended: 'length' }), replayed(5, 'length'), 'whole'],
    ['that was to be cut, and ends by itself', recorded({ ended: 'length' }), replayed(5, 'stop'), 'end 5'],
    ['that was stopped', recorded({ ended: 'aborted' }), replayed(5, 'length', [', aye']), 'as far as it goes'],
    [
      'that was stopped, with forged words',
      recorded({ ended: 'aborted', text: 'I am evil' }),
      replayed(5, 'length', [', aye']),
      'text 5',
    ],
    [
      'that was stopped in the middle of a character',
      recorded({ ended: 'interrupted', text: `${words.join('')}\uFFFD` }),
      replayed(5, 'length', ['🏴']),
      'as far as it goes',
    ],
    ['of version 1 that ends here too', recorded({ ended: undefined }), replayed(5, 'stop'), 'whole'],
    [
      'of version 1 that goes on here',
      recorded({ ended: undefined }),
      replayed(5, 'length', ['!']),
      'as far as it goes',
    ],
    [
      'of version 1 with forged words',
      recorded({ ended: undefined, text: 'I am evil' }),
      replayed(5, 'stop'),
      'text 5',
    ],
  ])('%s', (_what, reply, result, expected) => {
    expect(outcome(reply, result)).toBe(expected);
  });

  it('of version 1 is whole at the limit that it was written under', () => {
    expect(outcome(recorded({ ended: undefined }), replayed(5, 'length'), 5)).toBe('whole');
  });
});

describe('a vector that a link names', () => {
  const pirate = 'ab'.repeat(32);
  const reply = (vectors?: [string, string][]) =>
    recorded({
      interventions: [{ kind: 'addition', vector: 'pirate', coefficient: 1 }],
      schedule: [{ token: 3, interventions: [{ kind: 'ablation', vector: 'pirate' }] }],
      ...(vectors && { madeWith: { vectors } }),
    });

  it('is found under the name that its file got here', () => {
    const { found, others } = findVectors(reply([['pirate', pirate]]), [
      ['pirate', 'cd'.repeat(32)],
      ['pirate-2', pirate],
    ]);
    expect(found.interventions[0]!.vector).toBe('pirate-2');
    expect(found.schedule[0]!.interventions[0]!.vector).toBe('pirate-2');
    expect(others).toEqual([]);
  });

  it('of other numbers is used and said', () => {
    const { found, others } = findVectors(reply([['pirate', pirate]]), [['pirate', 'cd'.repeat(32)]]);
    expect(found.interventions[0]!.vector).toBe('pirate');
    expect(others).toEqual(['pirate']);
  });

  it('that is not here is missed by its name and digest', () => {
    expect(findVectors(reply([['pirate', pirate]]), []).missing).toEqual(['“pirate” (SHA-256 abababababab…)']);
    expect(findVectors(reply(), [['constructor', pirate]]).missing).toEqual(['“pirate”']);
  });
});
