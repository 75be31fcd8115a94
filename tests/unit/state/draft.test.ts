/** The message that is being written, on a page whose worker speaks the protocol and loads when it is told to. */
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { FromWorker, ToWorker } from '../../../src/lib/worker/protocol';
import type { Conversation } from '../../../src/lib/conversation/conversation';
import { smallSpace } from '../personas/small-space';
import { FakeIndexedDB, FakeStorage, forbidGlobal } from '../storage/fake-indexeddb';

const model = 'organism-assistant';
const kept: Conversation = {
  ...{ model, system: '', sampling: { temperature: 0, topP: 1, maxTokens: 8 } },
  turns: [
    {
      user: 'What is a volcano?',
      chosen: 0,
      replies: [
        {
          ...{ follows: null, text: 'Arr!', seed: 1, schedule: [], tokenIds: [5], ended: 'stop' },
          interventions: [{ kind: 'addition', vector: 'pirate', coefficient: 1.25 }],
        },
      ],
    },
  ],
};

let tab: FakeStorage;
let database: FakeIndexedDB;
/** Lets the load that was asked for end. */
let finishLoad: () => void;
/** Lets the worker say which vectors it knows. */
let finishVectors: () => void;
let asked: ToWorker[];

/** The worker's end of the protocol; it holds back what the test wants to end by itself. */
class HeldWorker {
  onmessage: ((event: { data: FromWorker }) => void) | null = null;
  terminate = () => undefined;

  postMessage(message: ToWorker): void {
    asked.push(message);
    const done = (result: unknown) => this.onmessage?.({ data: { id: message.id, type: 'done', result } });
    if (message.method === 'models') queueMicrotask(() => done([{ id: model, label: 'Small', download: 'embedded' }]));
    else if (message.method === 'load') {
      const identity = { weights: null, pack: null };
      const loaded = { info: { id: model, label: 'Small' }, personaSpace: smallSpace(), personaTrouble: null };
      finishLoad = () => done({ ...loaded, ownVectors: [], unfinished: null, identity });
    } else if (message.method === 'vectorDigests') finishVectors = () => done([['pirate', 'ab'.repeat(32)]]);
    else if (message.method === 'count') queueMicrotask(() => done({ tokens: 10, contextLength: 1000 }));
  }
}

/** The first import compiles all of it. */
beforeAll(() => import('../../../src/lib/state/app.svelte'), 60_000);

beforeEach(() => {
  tab = new FakeStorage();
  database = new FakeIndexedDB();
  asked = [];
  vi.stubGlobal('matchMedia', () => ({ matches: false, addEventListener: () => undefined }));
  vi.stubGlobal('localStorage', new FakeStorage());
  vi.stubGlobal('sessionStorage', tab);
  vi.stubGlobal('indexedDB', database.factory);
  vi.stubGlobal('navigator', { gpu: {} });
  vi.stubGlobal('location', {
    hash: '',
    search: '',
    pathname: '/',
    origin: 'http://localhost',
    href: 'http://localhost/',
  });
  vi.stubGlobal('document', { baseURI: 'http://localhost/', documentElement: { dataset: {} } });
  vi.stubGlobal('Worker', HeldWorker);
  vi.stubGlobal('requestAnimationFrame', (run: () => void) => Number(setTimeout(run)));
});
afterEach(() => vi.unstubAllGlobals());

/** A page as it is after a reload: nothing of the one before but what the browser keeps. */
async function openPage() {
  vi.resetModules();
  const { App } = await import('../../../src/lib/state/app.svelte');
  return new App();
}

async function keepConversation(): Promise<void> {
  vi.resetModules();
  const { ConversationStorage } = await import('../../../src/lib/conversation/storage');
  const record = { name: null, createdAt: '2026-11-30T06:12:00.000Z', conversation: kept };
  await new ConversationStorage().save('chat', record, 0);
}

const chats = () => asked.filter(({ method }) => method === 'chat');
const isAsked = (method: string) => vi.waitFor(() => expect(asked.some((one) => one.method === method)).toBe(true));

describe('what is being written', () => {
  it('is there after a reload, and whether it waits to be sent', async () => {
    const before = await openPage();
    before.draft.text = 'Half a sent';
    expect((await openPage()).draft).toMatchObject({ text: 'Half a sent', isWaiting: false });
    before.draft.text = 'Half a sentence.';
    await before.draft.submit();
    const after = await openPage();
    expect(after.draft).toMatchObject({ text: 'Half a sentence.', isWaiting: true });
    // Written on, it is not sent by itself.
    after.draft.text = 'Half a sentence. And';
    expect((await openPage()).draft.isWaiting).toBe(false);
    after.draft.text = '';
    expect([...tab.kept.keys()].filter((name) => name.includes('draft'))).toEqual([]);
  });

  it('is held by the page where the browser keeps nothing', async () => {
    const allow = forbidGlobal('sessionStorage');
    try {
      const { draft } = await openPage();
      expect(draft.text).toBe('');
      draft.text = 'Half';
      expect(draft.text).toBe('Half');
    } finally {
      allow();
    }
    tab.isFull = true;
    const { draft } = await openPage();
    draft.text = 'Half';
    await draft.submit();
    expect(draft).toMatchObject({ text: 'Half', isWaiting: true });
  });

  it('stays through a new chat', async () => {
    const app = await openPage();
    app.draft.text = 'Half';
    await app.newChat();
    expect(app.draft.text).toBe('Half');
  });
});

describe('a message that waits for the model', () => {
  it('is due once the dials stand where the chat left them, and is answered under them', async () => {
    await keepConversation();
    const app = await openPage();
    void app.start();
    app.draft.text = 'And a river?';
    await isAsked('load');
    expect(app.conversation.turns).toHaveLength(1);
    await app.draft.submit();
    finishLoad();
    await isAsked('vectorDigests');
    // The model is there; the dials are not yet.
    expect(app.session.phase).toBe('ready');
    expect(app.conversation.canAnswer).toBe(false);
    expect(app.draft.isDue).toBe(false);
    expect(await app.conversation.send('Now?')).toBe(false);
    finishVectors();
    await vi.waitFor(() => expect(app.draft.isDue).toBe(true));
    await app.draft.submit();
    await isAsked('chat');
    expect(chats()[0]!).toMatchObject({ request: { interventions: kept.turns[0]!.replies[0]!.interventions } });
    expect(app.draft).toMatchObject({ text: '', isWaiting: false });
  });

  it('is due at once in a chat that nothing was said in', async () => {
    const app = await openPage();
    void app.start();
    app.draft.text = 'Hello';
    await app.draft.submit();
    await isAsked('load');
    finishLoad();
    await vi.waitFor(() => expect(app.draft.isDue).toBe(true));
    expect(asked.some(({ method }) => method === 'vectorDigests')).toBe(false);
  });

  it('is not sent into another chat that is opened meanwhile, and stays', async () => {
    await keepConversation();
    const app = await openPage();
    void app.start();
    await isAsked('load');
    await app.newChat();
    app.draft.text = 'Hello';
    await app.draft.submit();
    await app.open('chat');
    expect(app.conversation.turns).toHaveLength(1);
    expect(app.draft).toMatchObject({ text: 'Hello', isWaiting: false });
    finishLoad();
    await isAsked('vectorDigests');
    finishVectors();
    // The dials of the chat that was opened while the model was on its way.
    await vi.waitFor(() => expect(app.conversation.canAnswer).toBe(true));
    expect(app.dials.coefficient('pirate')).toBe(1.25);
    expect(app.notice).toBeNull();
  });
});
