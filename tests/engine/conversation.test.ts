/** The page's conversation on the embedded model: whatever becomes of a turn, nothing is lost and the next one is answered. */
import { afterAll, describe, expect, test, vi } from 'vitest';
import { PersonascopeError } from '../../src/lib/errors';
import type { Intervention } from '../../src/lib/engine/intervention';
import { limits } from '../../src/lib/limits';
import { ConversationState } from '../../src/lib/state/conversation.svelte';
import { conversationSchema, parseConversation } from '../../src/lib/conversation/schema';
import { toJson } from '../../src/lib/conversation/conversation';
import { LinkState } from '../../src/lib/state/link.svelte';
import type { Session } from '../../src/lib/state/session.svelte';
import { startEmbedded, type Fate } from './embedded';

const { host, model, openSession } = await startEmbedded();
afterAll(() => vi.unstubAllGlobals());

function open(...fates: Fate[]) {
  const steering: { interventions: Intervention[] } = { interventions: [] };
  const session = openSession(fates);
  const dials = { interventions: () => steering.interventions, onMoved: null };
  const conversation = new ConversationState(session, dials);
  conversation.sampling = { temperature: 0, topP: 1, maxTokens: 6 };
  const ask = async (text: string) => {
    const isTaken = await conversation.send(text);
    await ended(conversation);
    return isTaken;
  };
  return { conversation, steering, session, requests: session.requests, ask };
}

const ended = (conversation: ConversationState) => vi.waitFor(() => expect(conversation.isBusy).toBe(false), 60_000);

/** The GPU goes away after some tokens. */
const loseAfter =
  (count: number): Fate =>
  (request, options) =>
    new Promise((_, reject) => {
      const abort = new AbortController();
      const lost = new PersonascopeError('DeviceLost', 'The GPU was lost.', 'Load the model again.');
      if (count === 0) return reject(lost);
      const emit = (event: Parameters<NonNullable<typeof options.onEvent>>[0]) => {
        if (event.index >= count) return;
        options.onEvent?.(event);
        if (event.index === count - 1) abort.abort();
      };
      void host.chat(request, { signal: abort.signal, emit }).then(() => reject(lost));
    });

const stopAtOnce: Fate = (request, options) => {
  const abort = new AbortController();
  abort.abort();
  return host.chat(request, { signal: abort.signal, emit: options.onEvent ?? (() => undefined) });
};

describe('after a turn that ended with no reply, the next one is answered', () => {
  const cases: [string, Parameters<typeof open>, string, (given: ReturnType<typeof open>) => void][] = [
    ['the GPU lost before the first token', [loseAfter(0)], 'failed', () => undefined],
    ['stopped while the prompt was read', [stopAtOnce], 'aborted', () => undefined],
    [
      'steered too strongly',
      [],
      'failed',
      ({ steering }) => (steering.interventions = [{ kind: 'addition', vector: 'pirate', coefficient: 1e36 }]),
    ],
  ];
  test.each(cases)('%s', async (_what, fates, status, before) => {
    const given = open(...fates);
    const { conversation, steering, requests, ask } = given;
    before(given);
    await ask('What is a river?');
    expect(conversation.turns[0]!.reply).toMatchObject({ status, text: '' });
    steering.interventions = [];
    await ask('Who are you?');
    expect(requests.at(-1)!.messages).toEqual([{ role: 'user', content: 'Who are you?' }]);
    expect(conversation.turns[1]!.reply!.text.length).toBeGreaterThan(3);
    expect(conversation.turns[1]!.reply!.error).toBeNull();

    // Tried again in its place it would be read; the turn after it was written without it.
    await conversation.again(0);
    expect(conversation.turns[0]!.replies).toHaveLength(status === 'failed' || status === 'aborted' ? 2 : 1);
    expect(conversation.turns[0]!.reply!.text.length).toBeGreaterThan(3);
  });

  test('a Compare side that failed', async () => {
    const failing = open(
      (request, options) => host.chat(request, { signal: options.signal!, emit: () => undefined }),
      loseAfter(0),
    );
    failing.conversation.compare = true;
    await failing.ask('What is a river?');
    const [turn] = failing.conversation.turns;
    expect(turn!.reply!.text.length).toBeGreaterThan(3);
    expect(turn!.plain).toMatchObject({ status: 'failed', text: '' });
    await failing.ask('Who are you?');
    expect(failing.conversation.turns[1]!.plain!.text.length).toBeGreaterThan(3);
    expect(failing.requests.at(-1)!.messages.map(({ role }) => role)).toEqual(['user', 'assistant', 'user']);
  });
});

test('half a reply is kept when the GPU goes, with why, and across a reload, while it is written too', async () => {
  let written = '';
  const { conversation, steering, ask } = open((request, options) => {
    const onEvent: typeof options.onEvent = (event) => {
      options.onEvent?.(event);
      if (event.index !== 2) return;
      written = toJson(conversation.export(model));
    };
    return loseAfter(4)(request, { ...options, onEvent });
  });
  steering.interventions = [{ kind: 'addition', vector: 'pirate', coefficient: 1 }];
  await ask('What is a volcano?');
  const [reply] = conversation.turns[0]!.replies;
  expect(reply).toMatchObject({ status: 'failed', interventions: steering.interventions });
  expect(reply!.tokens).toHaveLength(4);

  const reloaded = open();
  reloaded.conversation.restore(
    parseConversation(conversationSchema, JSON.parse(toJson(conversation.export(model))), '', ''),
  );
  const again = reloaded.conversation.turns[0]!.reply!;
  expect(again).toMatchObject({ status: 'failed', text: reply!.text, interventions: steering.interventions });
  expect(again.failure).toBe('The GPU was lost. Load the model again.');
  // The last token's own place would have come with the next one.
  expect(again.axis).toEqual([...reply!.axis, null]);
  await reloaded.ask('Who are you?');
  expect(reloaded.conversation.turns[1]!.reply!.text.length).toBeGreaterThan(3);

  const cut = open();
  cut.conversation.restore(parseConversation(conversationSchema, JSON.parse(written), '', ''));
  expect(cut.conversation.turns[0]!.reply).toMatchObject({ status: 'interrupted' });
  expect(cut.conversation.turns[0]!.reply!.tokens).toHaveLength(3);
});

describe('another reply to the same question', () => {
  test('stands beside the first, and each is followed by what was said after it', async () => {
    const { conversation, steering, ask } = open();
    await ask('Who are you?');
    await ask('What is a river?');
    const before = conversation.turns.map(({ reply }) => reply!.text);
    steering.interventions = [{ kind: 'addition', vector: 'pirate', coefficient: 1.75 }];
    await conversation.replay();
    expect(conversation.turns.map(({ replies }) => replies.length)).toEqual([2, 2]);
    const pirate = conversation.turns.map(({ reply }) => reply!.text);
    expect(pirate).not.toEqual(before);
    conversation.choose(0, 0);
    expect(conversation.turns.map(({ reply }) => reply!.text)).toEqual(before);
    conversation.choose(0, 1);
    expect(conversation.turns.map(({ reply }) => reply!.text)).toEqual(pirate);
  });

  test('that has no words leaves the first in its place, and says why', async () => {
    const { conversation, ask } = open(
      (request, options) => host.chat(request, { signal: options.signal!, emit: () => undefined }),
      loseAfter(0),
      loseAfter(0),
    );
    await ask('Who are you?');
    const first = conversation.turns[0]!.reply!;
    await conversation.again();
    expect(conversation.turns[0]).toMatchObject({ chosen: 0, trouble: { name: 'DeviceLost' } });
    expect(conversation.turns[0]!.replies).toEqual([first]);
    await conversation.replay();
    expect(conversation.turns[0]!.reply).toBe(first);
  });

  test('from the start, stopped half-way, leaves every earlier reply within reach', async () => {
    const through: Fate = (request, options) => host.chat(request, { signal: options.signal!, emit: () => undefined });
    const { conversation, ask } = open(through, through, through, loseAfter(0));
    await ask('Who are you?');
    await ask('What is a river?');
    const before = conversation.turns.map(({ reply }) => reply!);
    await conversation.replay();
    expect(conversation.turns[1]!.replies).toContain(before[1]);
    conversation.choose(0, 0);
    expect(conversation.turns.map(({ reply }) => reply)).toEqual(before);
  });
});

describe('a conversation that no longer fits', () => {
  const long = 'What is a river? '.repeat(95);

  test('is told before it is sent, and goes on without its oldest turns', async () => {
    const { conversation, requests, ask } = open();
    const said = { seed: 0, interventions: [], schedule: [], tokenIds: [], text: 'It is water that runs to the sea.' };
    conversation.restore({
      ...{ model, system: '', sampling: conversation.sampling },
      turns: [long, 'Who are you?'].map((user) => ({ user, replies: [said], chosen: 0 })),
    });
    expect(await ask('What is a river?')).toBe(false);
    const answered = conversation.turns.length;
    const { tokens, contextLength, firstRead } = conversation.full!;
    expect(contextLength).toBe(512);
    expect(tokens).toBeGreaterThan(contextLength - 6);
    expect(firstRead).toBe(1);
    expect(await conversation.makeRoom(firstRead!, 'What is a river?')).toBe(true);
    await ended(conversation);
    expect(conversation.turns).toHaveLength(answered + 1);
    expect(conversation.turns.at(-1)!.reply).toMatchObject({ firstRead });
    expect(conversation.turns.at(-1)!.reply!.text.length).toBeGreaterThan(0);
    expect(requests.at(-1)!.messages).toHaveLength(2 * (answered - firstRead!) + 1);
    const { turns } = conversation.export(model);
    expect(turns.at(-1)!.replies[0]!.firstRead).toBe(firstRead);
  });

  test('by its question alone says so, and a shorter one is answered', async () => {
    const { conversation, ask } = open();
    expect(await ask(long.repeat(2))).toBe(false);
    expect(conversation.full).toMatchObject({ firstRead: null });
    expect(conversation.turns).toEqual([]);
    expect(await ask('Who are you?')).toBe(true);
  });

  test('by characters or turns is refused with the number, and nothing is lost', async () => {
    const { conversation, ask } = open();
    expect(await ask('a'.repeat(limits.message + 1))).toBe(false);
    expect(conversation.refused!.message).toContain('100,001 characters');
    conversation.restore({
      ...{ model, system: '', sampling: conversation.sampling },
      turns: Array.from({ length: limits.turns }, () => ({ user: 'Hi', replies: [], chosen: null })),
    });
    expect(await ask('Who are you?')).toBe(false);
    expect(conversation.refused!.message).toContain('500 turns');
    expect(conversation.turns).toHaveLength(limits.turns);
  });
});

describe('what is written meanwhile', () => {
  const never: Fate = (_request, { signal }) =>
    new Promise((_, reject) => {
      const abort = () => reject(new PersonascopeError('Aborted', 'Stopped.'));
      signal!.addEventListener('abort', abort);
    });
  const through: Fate = (request, options) => host.chat(request, { signal: options.signal!, emit: () => undefined });

  test('and has no words is in no record and in no undo; the reply beside it is', async () => {
    const { conversation, ask } = open(through, through, never);
    await ask('Who are you?');
    await ask('What is a river?');
    const before = conversation.turns.map(({ reply }) => reply!);
    const again = conversation.again(0);
    await vi.waitFor(() => expect(conversation.turns[0]!.replies).toHaveLength(2));
    const [memento, record] = [conversation.memento(), conversation.export(model)];
    expect(record.turns.map(({ chosen, replies }) => [chosen, replies.length])).toEqual([
      [0, 1],
      [0, 1],
    ]);
    conversation.clear();
    await again;
    conversation.recall(memento);
    expect(conversation.turns.map(({ reply }) => reply)).toEqual(before);
  });

  test('nothing else is begun: room is made once', async () => {
    const { conversation, ask } = open(loseAfter(0));
    await ask('Who are you?');
    const making = conversation.makeRoomAndAnswer(0);
    expect(conversation.canAnswer).toBe(false);
    await Promise.all([making, conversation.makeRoomAndAnswer(0), conversation.again(0)]);
    expect(conversation.turns[0]!.replies).toHaveLength(2);
  });

  test('a message does not get into another chat', async () => {
    const { conversation, session, ask } = open();
    await ask('Who are you?');
    // The engine hangs while it counts, and is ended.
    session.call = ((_method: string, _request: unknown, { signal }: { signal: AbortSignal }) =>
      new Promise((_, reject) => {
        const end = () => reject(new PersonascopeError('EngineStopped', 'It did not answer.', 'It starts again.'));
        signal.addEventListener('abort', () => setTimeout(end));
      })) as typeof session.call;
    const sent = conversation.send('What is a river?');
    conversation.stop();
    conversation.clear();
    expect(await sent).toBe(false);
    expect(conversation.turns).toEqual([]);
    // In the chat that is still there it stays, as one more message: no undo of what was before takes it away.
    let isToldOf = false;
    conversation.onSent = () => (isToldOf = true);
    const kept = conversation.send('What is a river?');
    conversation.stop();
    expect(await kept).toBe(true);
    expect(conversation.turns[0]!.reply).toMatchObject({ text: '', status: 'failed' });
    expect(isToldOf).toBe(true);
  });
});

test('what was said after a turn without a reply stays with the reply that it was said after', async () => {
  const stopped: Fate = () => Promise.reject(new PersonascopeError('Aborted', 'Stopped.'));
  const through: Fate = (request, options) => host.chat(request, { signal: options.signal!, emit: () => undefined });
  // The second turn is never answered again; the third is written after two different first replies.
  const { conversation, ask } = open(through, through, through, stopped, through, through, stopped);
  await ask('Who are you?');
  await ask('What is a river?');
  await conversation.replay();
  expect(conversation.turns.map(({ chosen }) => chosen)).toEqual([1, null]);
  await ask('What is a volcano?');
  const third = conversation.turns[2]!.reply!;
  expect(third).toMatchObject({ follows: null, after: [0, 1] });
  await conversation.replay();
  expect(conversation.turns.map(({ chosen }) => chosen)).toEqual([2, null, null]);
  const record = parseConversation(conversationSchema, JSON.parse(toJson(conversation.export(model))), '', '');
  conversation.restore(record);
  conversation.choose(0, 1);
  expect(conversation.turns.map(({ chosen }) => chosen)).toEqual([1, null, 0]);
});

test('a turn above the line is answered again with what was read for it before', async () => {
  const { conversation, requests, ask } = open();
  for (const question of ['Who are you?', 'What is a river?']) await ask(question);
  await conversation.makeRoom(2, 'What is a volcano?');
  await ended(conversation);
  requests.length = 0;
  await conversation.replay();
  expect(requests.map(({ messages }) => messages.length)).toEqual([1, 3, 1]);
});

test('a notice that there is no room goes with what it was about', async () => {
  const { conversation, requests, ask } = open();
  for (const question of ['Who are you?', 'What is a river?']) await ask(question);
  conversation.full = { tokens: 600, contextLength: 512, firstRead: 2 };
  await conversation.edit(0, 'What is a volcano?');
  expect(conversation.full).toBeNull();
  // A number from before the edit leaves out no more than there is.
  await conversation.makeRoom(2, 'Who are you?');
  await ended(conversation);
  await ask('What is a river?');
  expect(conversation.firstRead).toBe(1);
  expect(requests.at(-1)!.messages.length).toBe(3);
});

describe('a link', () => {
  const silent = { confirm: async () => true, silence: async () => undefined };
  const openLink = (session: ReturnType<typeof open>['session']) =>
    new LinkState(session as unknown as Session, silent);
  const reply = { seed: 0, interventions: [], schedule: [], tokenIds: [], text: '' };
  const link = { model, system: '', sampling: { temperature: 0, topP: 1, maxTokens: 6 } };

  test('whose replies have no tokens is not reproduced; words without tokens are told from them', async () => {
    const { session } = open();
    const state = openLink(session);
    state.conversation = { ...link, turns: [{ user: 'Hi', replies: [reply], chosen: 0 }] };
    await state.replay();
    expect(state.result).toBeNull();
    state.conversation = {
      ...link,
      turns: [{ user: 'Hi', replies: [{ ...reply, text: 'I am bad.' }], chosen: 0 }],
    };
    await state.replay();
    expect(state.result).toMatchObject({ outcome: 'different' });
  });

  test('opened, has the words that were shown, and every reply', async () => {
    const { conversation, session, ask } = open();
    await ask('Who are you?');
    const shared = conversation.export(model);
    const [turn] = shared.turns;
    const state = openLink(session);
    state.conversation = {
      ...shared,
      turns: [{ ...turn!, replies: [turn!.replies[0]!, { ...turn!.replies[0]!, text: 'I am bad.' }], chosen: 1 }],
    };
    await state.decode();
    expect(state.isForged(0)).toBe(true);
    expect(state.withReadings()!.turns[0]).toMatchObject({
      chosen: 1,
      replies: [{ text: turn!.replies[0]!.text }, { text: turn!.replies[0]!.text }],
    });
  });

  test('that is left while vectors are looked up shows nothing any more', async () => {
    const { conversation, session, ask } = open();
    await ask('Who are you?');
    const state = openLink(session);
    state.conversation = conversation.export(model);
    const { call } = session;
    session.call = ((...request: Parameters<typeof call>) => {
      state.close();
      return call(...request);
    }) as typeof call;
    await state.replay();
    expect(state.replayed).toEqual([]);
  });

  test('that ends in half a character is not forged', async () => {
    const { session } = open();
    const state = openLink(session);
    state.conversation = { ...link, turns: [{ user: 'Hi', replies: [{ ...reply, text: 'Hello' }], chosen: 0 }] };
    state.decoded = ['Hello\uFFFD'];
    expect(state.isForged(0)).toBe(false);
  });
});
