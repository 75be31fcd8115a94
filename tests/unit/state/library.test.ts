import { afterEach, describe, expect, it, vi } from 'vitest';
import { MemoryRecords } from '../../../src/lib/storage/records';
import { ConversationStorage } from '../../../src/lib/conversation/storage';
import { encodePermalink } from '../../../src/lib/conversation/permalink';
import { Library, type Page } from '../../../src/lib/state/library.svelte';
import { LinkState } from '../../../src/lib/state/link.svelte';
import type { Session } from '../../../src/lib/state/session.svelte';
import { linkTo, makeShare, sharableParameters } from '../../../src/lib/state/share';
import { TabClaim } from '../../../src/lib/state/tab-claim';
import type { Conversation } from '../../../src/lib/conversation/conversation';
import { inline, steered } from '../conversation/conversations';

afterEach(() => vi.unstubAllGlobals());

/** The browser's part of Web Locks that is used, for tabs of one test. */
function fakeLocks() {
  const held = new Set<string>();
  return {
    request: async (name: string, _options: unknown, body: (lock: object | null) => unknown) => {
      if (held.has(name)) return body(null);
      held.add(name);
      await body({});
      held.delete(name);
    },
    query: async () => ({ held: [...held].map((name) => ({ name })) }),
  };
}

/** A tab's own memory: kept across its reloads. */
const memory = (kept = new Map<string, string>()) => ({
  getItem: (key: string) => kept.get(key) ?? null,
  setItem: (key: string, value: string) => void kept.set(key, value),
});

/** A tab, and what is on its page. */
class Tab {
  readonly library: Library;
  shown: Conversation | null = null;
  readonly page: Page = {
    leave: async () => undefined,
    show: (conversation) => (this.shown = conversation),
  };

  constructor(records: MemoryRecords) {
    this.library = new Library(new ConversationStorage(records), new TabClaim());
  }
}

describe('two tabs', () => {
  it('have a chat each, and the list has both', async () => {
    const records = new MemoryRecords();
    vi.stubGlobal('navigator', { locks: fakeLocks() });
    const [a, b] = [new Tab(records), new Tab(records)];
    const [one, two] = [a.library, b.library];
    vi.stubGlobal('sessionStorage', memory());
    await one.start(a.page);
    await one.save(steered);
    vi.stubGlobal('sessionStorage', memory());
    expect(await two.start(b.page)).toMatchObject({ isElsewhere: true });
    expect(b.shown).toBeNull();
    await two.save(inline);
    await one.save({ ...steered, system: 'Later' });
    await one.refresh();
    expect(one.list.map(({ title }) => title).sort()).toEqual(['Hello', 'What is a volcano?']);
    // Opened from the list, what another tab has is a copy.
    await two.open(one.id, b.page);
    expect(b.shown!.system).toBe('Later');
    expect(two.id).not.toBe(one.id);
    // So is what this tab had, if another has opened it since.
    const left = one.current;
    await one.begin();
    await two.open(left.id, b.page);
    expect(two.id).toBe(left.id);
    expect(await one.resume(left)).toBe(false);
    expect(await one.save({ ...steered, system: 'One' })).toBeNull();
    expect(await two.save({ ...steered, system: 'Two' })).toBeNull();
    expect(one.id).not.toBe(two.id);
  });

  it('without locks lose nothing either: the one that saves later goes on as a copy', async () => {
    const records = new MemoryRecords();
    vi.stubGlobal('navigator', {});
    const [a, b] = [new Tab(records), new Tab(records)];
    const [one, two] = [a.library, b.library];
    await one.start(a.page);
    await one.save(steered);
    await two.start(b.page);
    expect(b.shown).toEqual(steered);
    expect(await two.save({ ...steered, system: 'Two' })).toBeNull();
    expect(await one.save({ ...steered, system: 'One' })).toEqual({ kind: 'copied' });
    expect(await one.save({ ...steered, system: 'One, later' })).toBeNull();
    const storage = new ConversationStorage(records);
    const systems = await Promise.all(
      (await storage.list()).map(async ({ id }) => (await storage.load(id))!.conversation.system),
    );
    expect(systems.sort()).toEqual(['One, later', 'Two']);
  });

  it('reloaded, has the chat that it had, not the newest', async () => {
    const records = new MemoryRecords();
    vi.stubGlobal('navigator', {});
    const own = memory();
    vi.stubGlobal('sessionStorage', own);
    const one = new Tab(records);
    await one.library.start(one.page);
    await one.library.save(steered);
    vi.stubGlobal('sessionStorage', memory());
    const two = new Tab(records);
    await two.library.start(two.page);
    await two.library.begin();
    await two.library.save(inline);
    vi.stubGlobal('sessionStorage', own);
    const again = new Tab(records);
    await again.library.start(again.page);
    expect(again.shown).toEqual(steered);
  });

  it('can have a tab whose last chat was deleted or damaged', async () => {
    const records = new MemoryRecords();
    vi.stubGlobal('navigator', {});
    vi.stubGlobal('sessionStorage', memory(new Map([['personascope-conversation', 'gone']])));
    await records.set('chat broken', { json: '{' });
    const { library, page } = new Tab(records);
    expect(await library.start(page)).toEqual({ isElsewhere: false, error: null });
    await library.save(steered);
    await library.refresh();
    expect(library.list.map(({ error }) => error !== null).sort()).toEqual([false, true]);
  });
});

describe('a record', () => {
  it('never gets what is on the page of another: what is opened is shown when its record is', async () => {
    vi.stubGlobal('navigator', {});
    const records = new MemoryRecords();
    const { library } = new Tab(records);
    await library.save(steered);
    const { id } = library;
    await library.begin();
    await library.save(inline);
    let isShown = false;
    const opening = library.open(id, {
      leave: async () => undefined,
      show: (conversation) => {
        isShown = true;
        return conversation;
      },
    });
    while (library.id !== id) await Promise.resolve();
    expect(isShown).toBe(true);
    await opening;
  });
});

describe('a chat that was only looked at', () => {
  it('stays where it is in the list, and one that has but a system prompt is kept', async () => {
    vi.stubGlobal('navigator', {});
    const records = new MemoryRecords();
    const tab = new Tab(records);
    const { library, page } = tab;
    const storage = new ConversationStorage(records);
    await library.save(steered);
    const { id } = library;
    const { revision } = (await storage.load(id))!;
    await library.begin();
    await library.save({ ...inline, turns: [], system: 'You are a cook.' });
    const prompted = library.id;
    await library.open(id, page);
    expect(await library.save(structuredClone(tab.shown!))).toBeNull();
    expect((await storage.load(id))!.revision).toBe(revision);
    expect((await storage.load(prompted))!.conversation.system).toBe('You are a cook.');
  });

  it('and can’t be read, costs nothing of what is there', async () => {
    vi.stubGlobal('navigator', {});
    const records = new MemoryRecords();
    const { library, page } = new Tab(records);
    let hasLeft = false;
    const careful = { ...page, leave: async () => void (hasLeft = true) };
    await records.set('chat broken', { json: '{' });
    await expect(library.open('broken', careful)).rejects.toMatchObject({ name: 'BadRequest' });
    await expect(library.import(new File(['nothing'], 'no.json'), careful)).rejects.toMatchObject({
      name: 'BadRequest',
    });
    expect(hasLeft).toBe(false);
  });

  it('and was opened while the last one was being looked for, stays', async () => {
    vi.stubGlobal('navigator', {});
    vi.stubGlobal('sessionStorage', memory());
    const records = new MemoryRecords();
    const former = new Tab(records);
    await former.library.save(steered);
    const { library, page } = new Tab(records);
    const starting = library.start(page);
    await library.begin();
    page.show(inline);
    const { id } = library;
    await starting;
    expect(library.id).toBe(id);
  });
});

describe('links that are read one after the other', () => {
  it('end with the last, however long the first takes', async () => {
    const long = structuredClone(steered);
    long.turns[1]!.user = Array.from({ length: 4_000 }, (_, i) => `${i * 7919}`).join(' ');
    const [slow, quick] = [await encodePermalink(long), await encodePermalink(inline)];
    const link = new LinkState({} as Session, { confirm: async () => true, silence: async () => undefined });
    const reads = [link.read(`#${slow}`), link.read(`#${quick}`)];
    await Promise.all(reads);
    expect(link.conversation).toEqual(inline);
    const closed = link.read(`#${slow}`);
    link.close();
    await closed;
    expect(link.conversation).toBeNull();
  });
});

describe('a shared address', () => {
  const page = 'https://example.org/personascope/';

  it('carries only documented parameters that the sender ticked', () => {
    const search = '?mirror=http://10.0.0.2&utm_source=x&model=embedded';
    expect(sharableParameters(search)).toEqual(['model']);
    expect(linkTo(page, search, [], 'v2.AA')).toBe(`${page}#v2.AA`);
    expect(linkTo(page, search, ['model', 'mirror', 'utm_source'], 'v2.AA')).toBe(`${page}?model=embedded#v2.AA`);
  });

  it('has a QR code where it fits, and says where chat programs cut it', async () => {
    const make = (length: number) =>
      makeShare(async () => ({ link: `${page}#v2.`.padEnd(length, 'A'), missing: [] }), []);
    const short = await make(300);
    expect(short.isLong).toBe(false);
    expect(short.qr!.length).toBe(short.qr![0]!.length);
    const long = await make(2_001);
    expect([long.isLong, long.qr]).toEqual([true, null]);
  });
});
