import { describe, expect, it } from 'vitest';
import { Conflict, ConversationStorage, titleOf } from '../../../src/lib/conversation/storage';
import {
  readConversationFile,
  toMarkdown,
  writeConversationFile,
} from '../../../src/lib/conversation/conversation-file';
import type { Conversation } from '../../../src/lib/conversation/conversation';
import { MemoryRecords } from '../../../src/lib/storage/records';
import { asFirstVersion, inline, steered } from './conversations';

const kept = (conversation: Conversation) => ({ name: null, createdAt: '2026-01-02T03:04:05.000Z', conversation });

function open() {
  const records = new MemoryRecords();
  return { records, storage: new ConversationStorage(records) };
}

describe('conversations of this browser', () => {
  it('come back as they were, readings and other replies included', async () => {
    const { storage } = open();
    expect(await storage.list()).toEqual([]);
    const traced = structuredClone(steered);
    traced.turns[0]!.replies.push({
      ...structuredClone(traced.turns[0]!.replies[0]!),
      ended: 'interrupted',
      trace: { tokens: [{ text: 'Arr', logprob: -0.25, axis: null }], position: { axis: -1.5, pc: [1, 2, 3] } },
    });
    const { revision, lost } = await storage.save('a', kept(traced), 0);
    expect([revision, lost]).toEqual([1, '']);
    expect(await storage.load('a')).toEqual({ ...kept(traced), revision: 1 });
    expect(await storage.load('b')).toBeNull();
  });

  it('are listed by name or first message, one that is damaged with its reason', async () => {
    const { records, storage } = open();
    await storage.save('a', kept(steered), 0);
    await storage.save('b', { ...kept(inline), name: 'Mine' }, 0);
    await records.set('chat c', { revision: 1, name: null, createdAt: '', json: '{"model":' });
    await records.set('chat d', 'something else entirely');
    await records.set('chat e', {
      revision: 1,
      name: null,
      createdAt: '',
      json: JSON.stringify({ ...inline, system: 3 }),
    });
    const list = await storage.list();
    expect(list.map(({ id, title, turns, error }) => [id, title, turns, error?.message ?? ''])).toEqual(
      expect.arrayContaining([
        ['a', 'What is a volcano?', 2, ''],
        ['b', 'Mine', 1, ''],
        ['c', expect.any(String), 0, "This conversation can't be read: its content is damaged."],
        ['d', expect.any(String), 0, expect.stringContaining("can't be read")],
        ['e', expect.any(String), 0, "This conversation can't be read: system must be text."],
      ]),
    );
    expect((await storage.load('a'))!.conversation).toEqual(steered);
    expect(await records.get('chat c')).toMatchObject({ json: '{"model":' });
  });

  it('are not overwritten by a tab that does not know the newest', async () => {
    const { records, storage } = open();
    const other = new ConversationStorage(records);
    await storage.save('a', kept(steered), 0);
    const { revision } = (await other.load('a'))!;
    await storage.save('a', kept({ ...steered, system: 'One' }), 1);
    await expect(other.save('a', kept({ ...steered, system: 'Two' }), revision)).rejects.toThrow(Conflict);
    expect((await storage.load('a'))!.conversation.system).toBe('One');
    await expect(other.save('a', kept(inline), 0)).rejects.toThrow(Conflict);
  });

  it('keep a name that another tab gave', async () => {
    const { records, storage } = open();
    await storage.save('a', kept(steered), 0);
    await new ConversationStorage(records).rename('a', 'Volcanoes');
    await storage.save('a', kept(steered), 1);
    expect((await storage.list()).map(({ title }) => title)).toEqual(['Volcanoes']);
  });

  it('are deleted, and brought back as they were', async () => {
    const { storage } = open();
    await storage.save('a', kept(steered), 0);
    const before = await storage.list();
    const raw = await storage.raw('a');
    await storage.delete('a');
    expect(await storage.list()).toEqual([]);
    await storage.putBack('a', raw);
    expect(await storage.list()).toEqual(before);
    expect((await storage.load('a'))!.revision).toBe(1);
  });

  it('begin with the one that was kept before there was a list, and those put aside then', async () => {
    const { records, storage } = open();
    await records.set('conversation', JSON.stringify(asFirstVersion(steered)));
    await records.set('damaged 2026-01-02T03:04:05.000Z', '{"model":');
    await storage.adoptFormer();
    await storage.adoptFormer();
    const list = await storage.list();
    expect(list.map(({ error }) => error !== null).sort()).toEqual([false, true]);
    const { id } = list.find(({ error }) => !error)!;
    expect((await storage.load(id))!.conversation).toEqual(steered);
    expect(await records.get('conversation')).toBeUndefined();
  });

  it('are kept as far as they can be read again, and what is left out is said', async () => {
    const { storage } = open();
    const traced = structuredClone(steered);
    traced.turns[0]!.replies[0]!.trace = {
      tokens: [{ text: 'a'.repeat(2_000), logprob: 0, axis: null }],
      position: null,
    };
    expect((await storage.save('a', kept(traced), 0)).lost).toBe('the readings of its tokens');
    expect((await storage.load('a'))!.conversation).toEqual(steered);
    const long = { ...steered, turns: [...steered.turns, { user: 'a'.repeat(100_001), replies: [], chosen: null }] };
    expect((await storage.save('b', kept(long), 0)).lost).toBe('a part of 1 of its 3 turns');
    const cut = { user: 'a'.repeat(100_000), replies: [], chosen: null };
    expect((await storage.load('b'))!.conversation).toEqual({ ...steered, turns: [...steered.turns, cut] });
  });

  it('keep every turn when it is the setting that can not be read', async () => {
    const { storage } = open();
    await storage.save('a', kept({ ...steered, system: 'a'.repeat(100_001) }), 0);
    const { conversation } = (await storage.load('a'))!;
    expect(conversation.turns).toEqual(steered.turns);
    expect(conversation.system).toHaveLength(100_000);
    await storage.save('b', kept({ ...steered, model: '' }), 0);
    expect((await storage.load('b'))!.conversation.turns).toEqual(steered.turns);
  });

  it('brought back, do not take the place of what another tab wrote since', async () => {
    const { storage } = open();
    await storage.save('a', kept(steered), 0);
    const raw = await storage.raw('a');
    await storage.delete('a');
    await storage.save('a', kept({ ...steered, system: 'Later' }), 1);
    await storage.putBack('a', raw);
    expect((await storage.load('a'))!.conversation.system).toBe('Later');
    // Another tab had deleted it already: there was nothing to bring back.
    await storage.putBack('gone', await storage.raw('gone'));
    expect(await storage.list()).toHaveLength(1);
  });

  it('are called by their first message, shortened', () => {
    expect(titleOf({ turns: [{ user: ' a\n b ', replies: [], chosen: null }] })).toBe('a b');
    expect(titleOf({ turns: [{ user: 'x'.repeat(90), replies: [], chosen: null }] })).toHaveLength(60);
    expect(titleOf({ turns: [] })).toBe('An empty conversation');
  });
});

describe('a conversation’s file', () => {
  it('opens as what was saved', () => {
    const text = writeConversationFile({ name: 'Mine', conversation: steered });
    expect(readConversationFile(text, 'a.json')).toEqual({ name: 'Mine', conversation: steered });
  });

  it.each<[string, string, string]>([
    ['no JSON', '{', 'a.json is not JSON ('],
    ['a list', '[]', 'a.json is not an object.'],
    ['another file of ours', '{"format":"personascope/vector@1"}', 'has no field format'],
    [
      'a field gone wrong',
      writeConversationFile({ name: '', conversation: { ...inline, system: 3 as never } }),
      'system must be text',
    ],
  ])('that is %s is refused by name', (_, text, message) => {
    expect(() => readConversationFile(text, 'a.json')).toThrow(message);
  });

  it('for people has the words, and nothing that was said is a heading', () => {
    const shouting = structuredClone(steered);
    shouting.turns[1]!.user = '# Me\n---';
    const text = toMarkdown({ name: 'Mine', conversation: shouting }, (turn) => (turn === 0 ? 'pirate 1.50' : ''));
    expect(text).toContain('**You** (pirate 1.50)\n\n> What is a volcano?');
    expect(text).toContain('> # Me\n> ---');
    expect(text).toContain('*(no reply)*');
    expect(text.match(/^# /gm)).toHaveLength(1);
  });
});
