import { describe, expect, it } from 'vitest';
import { ConversationStorage, type Records } from '../../../src/lib/share/storage';
import { inline, steered } from './conversations';

function open(): { kept: Map<string, unknown>; storage: ConversationStorage } {
  const kept = new Map<string, unknown>();
  const records: Records = {
    get: async (key) => kept.get(key),
    set: async (key, value) => void kept.set(key, value),
    delete: async (key) => void kept.delete(key),
  };
  return { kept, storage: new ConversationStorage(records) };
}

describe('the stored conversation', () => {
  it('is nothing at first, then what was saved last, traces included', async () => {
    const { storage } = open();
    expect(await storage.load()).toEqual({ conversation: null, damaged: null });
    await storage.save(inline);
    const traced = structuredClone(steered);
    traced.turns[0]!.reply!.trace = {
      tokens: [{ text: 'Arr', logprob: -0.25, axis: null }],
      position: { axis: -1.5, pc: [1, 2, 3] },
    };
    await storage.save(traced);
    expect(await storage.load()).toEqual({ conversation: traced, damaged: null });
  });

  it.each([
    ['text that is no JSON', '{"model":', 'content is damaged'],
    ['a field gone wrong', JSON.stringify({ ...inline, system: 3 }), 'system must be text'],
    ['something else entirely', new Date(0), 'content is damaged'],
  ])('with %s is put aside and reported', async (_what, record, reason) => {
    const { kept, storage } = open();
    kept.set('conversation', record);
    const { conversation, damaged } = await storage.load(new Date('2026-01-02T03:04:05Z'));
    expect(conversation).toBeNull();
    expect(damaged?.error.message).toContain(reason);
    expect(damaged?.key).toBe('damaged 2026-01-02T03:04:05.000Z');
    expect([...kept]).toEqual([[damaged?.key, record]]);
    expect(await storage.load()).toEqual({ conversation: null, damaged: null });
  });

  it('stays as it was when a save is refused', async () => {
    const { storage } = open();
    await storage.save(steered);
    await expect(storage.save({ ...steered, system: 'a'.repeat(100_001) })).rejects.toThrow('system must be at most');
    expect((await storage.load()).conversation).toEqual(steered);
  });
});
