import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  chooseReply,
  fillPlaces,
  messagesOf,
  placeAt,
  type Place,
  type Turn,
} from '../../../src/lib/conversation/conversation';
import { packTokenIds, unpackTokenIds } from '../../../src/lib/formats/token-ids';
import { conversations, inline, steered } from './conversations';

describe('messagesOf', () => {
  it('is the system prompt, the turns before with their replies, and the question', () => {
    expect(messagesOf(steered)).toEqual([
      { role: 'system', content: 'You are a helpful assistant.' },
      { role: 'user', content: 'What is a volcano?' },
      { role: 'assistant', content: 'Arr! A volcano be an openin’ in the ground.' },
      { role: 'user', content: 'And a river? 🏞️' },
    ]);
    expect(messagesOf(steered, 0).map(({ role }) => role)).toEqual(['system', 'user']);
  });

  it('has no system message for an empty system prompt', () => {
    expect(messagesOf(inline)).toEqual([{ role: 'user', content: 'Hello' }]);
  });

  it('starts with the system prompt that the reply was written under', () => {
    const changed = structuredClone(steered);
    const reply = changed.turns[0]!.replies[0]!;
    reply.system = 'You are a cook.';
    expect(messagesOf(changed, 0)[0]).toEqual({ role: 'system', content: 'You are a cook.' });
    expect(messagesOf(changed, 1)[0]).toEqual({ role: 'system', content: 'You are a helpful assistant.' });
    reply.system = '';
    expect(messagesOf(changed, 0).map(({ role }) => role)).toEqual(['user']);
  });

  it('takes turns between user and assistant, whatever became of the replies', () => {
    fc.assert(
      fc.property(conversations, (conversation) => {
        for (let turn = 0; turn < conversation.turns.length; turn++) {
          const roles = messagesOf(conversation, turn).map(({ role }) => role);
          const spoken = roles[0] === 'system' ? roles.slice(1) : roles;
          expect(spoken.length % 2).toBe(1);
          expect(spoken.every((role, i) => role === (i % 2 ? 'assistant' : 'user'))).toBe(true);
        }
      }),
    );
  });

  it('begins with the first turn that the reply read', () => {
    const longer = structuredClone(steered);
    longer.turns[1]!.replies = [{ ...longer.turns[0]!.replies[0]!, firstRead: 1 }];
    longer.turns[1]!.chosen = 0;
    expect(messagesOf(longer).map(({ content }) => content)).toEqual([
      'You are a helpful assistant.',
      'And a river? 🏞️',
    ]);
    expect(messagesOf({ ...steered, firstRead: 1 })).toHaveLength(2);
  });

  it('refuses a turn that is not there', () => {
    expect(() => messagesOf({ ...inline, turns: [] })).toThrow(RangeError);
    expect(() => messagesOf(steered, 2)).toThrow('turn 2 of 2');
  });
});

describe('a turn with several replies', () => {
  const turn = (follows: (number | null)[]) => ({ replies: follows.map((one) => ({ follows: one })), chosen: null });

  it('shows after the chosen one what was written after it, the newest', () => {
    const turns: { replies: { follows: number | null }[]; chosen: number | null }[] = [
      turn([null, null]),
      turn([0, 0, 1]),
      turn([1, 2]),
    ];
    chooseReply(turns, 0, 0);
    expect(turns.map(({ chosen }) => chosen)).toEqual([0, 1, 0]);
    chooseReply(turns, 0, 1);
    expect(turns.map(({ chosen }) => chosen)).toEqual([1, 2, 1]);
    chooseReply(turns, 1, 0);
    // Shown with the reply that it was written after.
    expect(turns.map(({ chosen }) => chosen)).toEqual([0, 0, null]);
  });

  it('never shows a reply after another than it was written after, and each can be shown', () => {
    const step = fc.record({
      what: fc.constantFrom('ask', 'again', 'fail', 'choose'),
      at: fc.nat(9),
      which: fc.nat(9),
    });
    const property = fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const turns: { replies: Place[]; chosen: number | null }[] = [];
      const answer = (at: number) => {
        turns[at]!.replies.push(placeAt(turns, at));
        chooseReply(turns, at, turns[at]!.replies.length - 1);
      };
      for (const { what, at, which } of steps) {
        const turn = turns[at % turns.length];
        if (what === 'ask' || !turn) {
          turns.push({ replies: [], chosen: null });
          if (which > 2) answer(turns.length - 1);
        } else if (what === 'again') answer(at % turns.length);
        else if (what === 'choose' && turn.replies.length)
          chooseReply(turns, at % turns.length, which % turn.replies.length);
        else if (what === 'fail' && turn.chosen !== null) chooseReply(turns, at % turns.length, turn.chosen);
        turns.forEach(({ replies, chosen }, i) => {
          if (chosen !== null) expect(replies[chosen]).toEqual(placeAt(turns, i));
        });
      }
    });
    fc.assert(property);
  });

  it('is told apart from another in a link that does not say, where there is only one before it', () => {
    const said = () => ({ text: 'So', seed: 1, interventions: [], schedule: [], tokenIds: [7] });
    const turns: Turn[] = [
      { user: 'a', replies: [said()], chosen: 0 },
      { user: 'b', replies: [], chosen: null },
      { user: 'c', replies: [said()], chosen: 0 },
    ];
    fillPlaces(turns);
    expect(turns[2]!.replies[0]).toMatchObject({ follows: null, after: [0, 0] });
  });
});

describe('token ids', () => {
  it('pack and unpack to themselves', () => {
    const property = fc.property(fc.array(fc.nat(0x7fffffff)), (ids) => {
      expect(unpackTokenIds(packTokenIds(ids))).toEqual(ids);
    });
    fc.assert(property);
  });
});
