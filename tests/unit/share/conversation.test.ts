import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { messagesOf } from '../../../src/lib/share/conversation';
import { packTokenIds, unpackTokenIds } from '../../../src/lib/share/token-ids';
import { inline, steered } from './conversations';

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
    const [first, second] = steered.turns;
    const changed = {
      ...steered,
      turns: [{ ...first!, reply: { ...first!.reply!, system: 'You are a cook.' } }, second!],
    };
    expect(messagesOf(changed, 0)[0]).toEqual({ role: 'system', content: 'You are a cook.' });
    expect(messagesOf(changed, 1)[0]).toEqual({ role: 'system', content: 'You are a helpful assistant.' });
    changed.turns[0]!.reply!.system = '';
    expect(messagesOf(changed, 0).map(({ role }) => role)).toEqual(['user']);
  });

  it('refuses a turn that is not there', () => {
    expect(() => messagesOf({ ...inline, turns: [] })).toThrow(RangeError);
    expect(() => messagesOf(steered, 2)).toThrow('turn 2 of 2');
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
