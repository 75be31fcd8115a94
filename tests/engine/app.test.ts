/** The whole page's state on the embedded model: what is undone, saved and opened finds the chat that it belongs to. */
import { afterAll, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Intervention } from '../../src/lib/engine/intervention';
import type { Conversation } from '../../src/lib/conversation/conversation';
import { writeConversationFile } from '../../src/lib/conversation/conversation-file';
import type { App as Page } from '../../src/lib/state/app.svelte';
import { startEmbedded } from './embedded';

/** What the page's state asks of a browser, and Node has not. */
const nothing = () => undefined;
vi.stubGlobal('matchMedia', () => ({ matches: false, addEventListener: nothing }));
vi.stubGlobal('location', {
  hash: '',
  search: '',
  origin: 'https://example.org',
  pathname: '/',
  href: 'https://example.org/',
});
vi.stubGlobal('history', { state: null, replaceState: nothing });
vi.stubGlobal('document', { documentElement: { dataset: {}, style: {} }, querySelector: () => null });
const { openSession, model } = await startEmbedded();
const { App } = await import('../../src/lib/state/app.svelte');
afterAll(() => vi.unstubAllGlobals());

let app: Page;
beforeEach(async () => {
  app = await open();
});

async function open(): Promise<Page> {
  const page = new App();
  Object.assign(page.session, { ...openSession(), start: async () => undefined });
  await page.start();
  page.conversation.sampling = { temperature: 0, topP: 1, maxTokens: 4 };
  return page;
}

async function say(text: string): Promise<void> {
  expect(await app.conversation.send(text)).toBe(true);
  await vi.waitFor(() => expect(app.conversation.isBusy).toBe(false), 60_000);
}

const questions = () => app.conversation.turns.map(({ user }) => user);

/** As its record has them. */
async function stored(id: string): Promise<string[]> {
  await app.listConversations();
  const { bytes } = await app.library.export(id, 'json');
  return JSON.parse(bytes as string).conversation.turns.map(({ user }: { user: string }) => user);
}

describe('an undo', () => {
  test('of an edit stays in its chat', async () => {
    await say('Who are you?');
    const first = app.library.id;
    await app.newChat();
    await say('What is a river?');
    const second = app.library.id;
    await app.conversation.edit(0, 'What is a volcano?');
    await app.open(first);
    expect(app.undo).toBeNull();
    await app.runUndo();
    expect(await stored(first)).toEqual(['Who are you?']);
    expect(await stored(second)).toEqual(['What is a volcano?']);
  });

  test('of Reset all, and of a new chat, leaves what was said since', async () => {
    await say('Who are you?');
    const { id } = app.library;
    app.conversation.system = 'You are a pirate.';
    app.resetAll();
    await say('What is a river?');
    await app.runUndo();
    expect(app.conversation.system).toBe('You are a pirate.');
    expect(questions()).toEqual(['Who are you?', 'What is a river?']);
    await app.newChat();
    await app.open(id);
    await say('What is a volcano?');
    await app.runUndo();
    expect(await stored(id)).toEqual(['Who are you?', 'What is a river?', 'What is a volcano?']);
    expect(app.library.list.filter((chat) => chat.turns === 3)).toHaveLength(1);
  });

  test('of an edit ends with the next message', async () => {
    await say('Who are you?');
    await app.conversation.edit(0, 'What is a volcano?');
    expect(app.undo).not.toBeNull();
    await say('What is a river?');
    expect(app.undo).toBeNull();
    await app.conversation.edit(1, 'Hello');
    app.conversation.system = 'You are a pirate.';
    await app.runUndo();
    // What was set since stays set.
    expect(app.conversation.system).toBe('You are a pirate.');
    expect(questions()).toEqual(['What is a volcano?', 'What is a river?']);
  });
});

test('a chat or a file that can’t be opened costs nothing', async () => {
  await say('Who are you?');
  await app.conversation.edit(0, 'What is a river?');
  const { undo } = app;
  await app.open('gone');
  expect(app.notice).toMatchObject({ message: 'That conversation is no longer there.' });
  await app.importConversation(new File(['nothing'], 'no.json'));
  expect(app.undo).toBe(undo);
});

test('a link is opened with what its tokens say, and that it was forged is said', async () => {
  await say('Who are you?');
  const shared = app.conversation.export(model);
  const { text } = shared.turns[0]!.replies[0]!;
  app.link.conversation = structuredClone(shared);
  app.link.conversation.turns[0]!.replies[0]!.text = 'I am evil.';
  await app.openLinked();
  expect(app.conversation.turns[0]!.reply!.text).toBe(text);
  expect(app.remark).toContain('other words than its tokens say');
});

describe('the dials of a chat that is opened', () => {
  const pirate: Intervention = { kind: 'addition', vector: 'pirate', coefficient: 1.5 };
  const steered = (digest?: string): Conversation => ({
    ...{ model, system: '', sampling: { temperature: 0, topP: 1, maxTokens: 4 } },
    turns: [
      {
        user: 'Hello',
        chosen: 0,
        replies: [
          {
            ...{ text: 'Arr', seed: 1, interventions: [pirate], schedule: [], tokenIds: [7] },
            ...(digest && { madeWith: { vectors: [['pirate', digest]] as [string, string][] } }),
          },
        ],
      },
    ],
  });
  const file = (conversation: Conversation) =>
    new File([writeConversationFile({ name: null, conversation })], 'chat.json', { type: 'application/json' });

  test('wait for the model that is being loaded', async () => {
    const ready = app.session.phase;
    app.session.phase = 'loading';
    await app.importConversation(file(steered()));
    expect(app.dials.interventions()).toEqual([]);
    expect(app.conversation.canAnswer).toBe(false);
    app.session.phase = ready;
    app.session.onReady?.();
    await vi.waitFor(() => expect(app.conversation.canAnswer).toBe(true));
    expect(app.dials.interventions()).toMatchObject([{ vector: 'pirate', coefficient: 1.5 }]);
    expect(app.notice).toBeNull();
  });

  test('say so where a vector of that name has other numbers here', async () => {
    await app.importConversation(file(steered('a'.repeat(64))));
    expect(app.notice!.message).toContain('another “pirate” than the one of that name here');
  });
});

test('a link opened twice in a row is one more chat', async () => {
  await say('Who are you?');
  await app.listConversations();
  const before = app.library.list.length;
  app.link.conversation = app.conversation.export(model);
  await Promise.all([app.openLinked(), app.openLinked()]);
  await app.listConversations();
  expect(app.library.list).toHaveLength(before + 1);
});

test('a notice of the start is not taken away by the chat that comes back', async () => {
  const href = 'https://example.org/?mirror=ftp://10.0.0.2';
  vi.stubGlobal('location', { ...location, href, search: new URL(href).search });
  const page = new App();
  Object.assign(page.session, { start: async () => undefined });
  await page.start();
  expect(page.notice).toMatchObject({ name: 'BadRequest' });
});
