/** One idea of every limit: each bound is taken wherever its input may enter, and one beyond it is refused there by the field's name. */
import { deflateRawSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { checkMessages } from '../../src/lib/chat/messages';
import type { ChatRequest, Message } from '../../src/lib/engine/engine';
import { resolveChat } from '../../src/lib/worker/requests';
import { parseSettings } from '../../src/lib/extract/extract-request';
import { checkFields } from '../../src/lib/engine/intervention-check';
import { limits, samplingBounds, type NumberBounds } from '../../src/lib/limits';
import { parseNumber, writeNumber } from '../../src/lib/formats/parse-number';
import { VectorBook } from '../../src/lib/personas/vector-book';
import { defaultSampling } from '../../src/lib/conversation/conversation';
import { decodePermalink } from '../../src/lib/conversation/permalink';
import { conversationSchema, parseConversation } from '../../src/lib/conversation/schema';
import { packTokenIds } from '../../src/lib/formats/token-ids';

const book = new VectorBook({ nLayers: 1, dModel: 2, space: null, tensors: new Map() });
const user = (content: string): Message => ({ role: 'user', content });
const text = (length: number) => 'a'.repeat(length);

type Door = (value: never) => unknown;

const api =
  <T>(request: (value: T) => Partial<ChatRequest>) =>
  (value: T) =>
    resolveChat({ messages: [user('Hi')], ...request(value) }, book);

interface Kept {
  user?: string;
  text?: string;
  sampling?: object;
  seed?: number;
  schedule?: object[];
  turns?: number;
}
function conversation({ user = 'Hi', text = 'Ho', sampling = {}, seed = 1, schedule = [], turns = 1 }: Kept) {
  const reply = { text, seed, interventions: [], schedule, tokenIds: [7] };
  return {
    ...{ model: 'm', system: '', sampling: { ...defaultSampling, ...sampling } },
    turns: Array.from({ length: turns }, () => ({ user, replies: [reply], chosen: 0 })),
  };
}
const record =
  <T>(change: (value: T) => Kept) =>
  (value: T) =>
    parseConversation(conversationSchema, conversation(change(value)), 'The record', '');
const link =
  <T>(change: (value: T) => Kept) =>
  (value: T) => {
    const kept = conversation(change(value));
    const turns = kept.turns.map(({ replies, ...turn }) => ({
      ...turn,
      replies: replies.map((reply) => ({ ...reply, tokenIds: packTokenIds(reply.tokenIds) })),
    }));
    return decodePermalink(`v2.${deflateRawSync(JSON.stringify({ ...kept, turns })).toString('base64url')}`);
  };
const page = (bounds: NumberBounds) => (value: number) => {
  const parsed = parseNumber(writeNumber(value), bounds);
  if ('reason' in parsed) throw new Error(parsed.reason);
};

/** Field -> what is taken, what is not, the name that is told, and the doors. A page's field stands beside its reason. */
const cases: [string, unknown[], unknown[], RegExp, Record<string, Door>][] = [
  [
    'temperature',
    [0, limits.temperature],
    [-0.001, limits.temperature + 0.001],
    /sampling\.temperature/,
    {
      page: page(samplingBounds.temperature),
      api: api((temperature: number) => ({ sampling: { temperature } })),
      link: link((temperature: number) => ({ sampling: { temperature } })),
      record: record((temperature: number) => ({ sampling: { temperature } })),
    },
  ],
  [
    'topP',
    [Number.MIN_VALUE, 1],
    [0, 1.001],
    /sampling\.topP/,
    {
      page: page(samplingBounds.topP),
      api: api((topP: number) => ({ sampling: { topP } })),
      link: link((topP: number) => ({ sampling: { topP } })),
      record: record((topP: number) => ({ sampling: { topP } })),
    },
  ],
  [
    'maxTokens',
    [1, limits.maxTokens],
    [0, 1.5, limits.maxTokens + 1],
    /sampling\.maxTokens/,
    {
      page: page(samplingBounds.maxTokens),
      api: api((maxTokens: number) => ({ sampling: { maxTokens } })),
      link: link((maxTokens: number) => ({ sampling: { maxTokens } })),
      record: record((maxTokens: number) => ({ sampling: { maxTokens } })),
    },
  ],
  [
    'seed',
    [0, limits.seed],
    [-1, 0.5, limits.seed + 1],
    /seed/,
    {
      page: page(samplingBounds.seed),
      api: api((seed: number) => ({ sampling: { seed } })),
      link: link((seed: number) => ({ seed })),
      record: record((seed: number) => ({ seed })),
    },
  ],
  [
    'message',
    [text(limits.message)],
    [text(limits.message + 1)],
    /messages\.0\.content|messages\[0\]\.content|turns\[0\]\.user/,
    {
      api: api((content: string) => ({ messages: [user(content)] })),
      chat: (content: string) => checkMessages([user(content)], ''),
      link: link((user: string) => ({ user })),
      record: record((user: string) => ({ user })),
    },
  ],
  [
    'a reply that is sent back',
    [text(limits.message + 1), text(limits.reply)],
    [text(limits.reply + 1)],
    /messages\.1\.content|messages\[1\]\.content|turns\[0\]\.replies\[0\]\.text/,
    {
      api: api((content: string) => ({ messages: [user('Hi'), { role: 'assistant', content }, user('Ho')] })),
      chat: (content: string) => checkMessages([user('Hi'), { role: 'assistant', content }, user('Ho')], ''),
      record: record((text: string) => ({ text })),
    },
  ],
  [
    'schedule steps',
    [limits.scheduleSteps],
    [limits.scheduleSteps + 1],
    /schedule/,
    {
      api: api((length: number) => ({ schedule: Array(length).fill({ token: 0, interventions: [] }) })),
      link: link((length: number) => ({ schedule: Array(length).fill({ token: 0, interventions: [] }) })),
      record: record((length: number) => ({ schedule: Array(length).fill({ token: 0, interventions: [] }) })),
    },
  ],
  [
    'the token of a schedule step',
    [0, limits.maxTokens],
    [-1, limits.maxTokens + 1],
    /schedule(\[0\]|\.0)\.token/,
    {
      api: api((token: number) => ({ schedule: [{ token, interventions: [] }] })),
      link: link((token: number) => ({ schedule: [{ token, interventions: [] }] })),
      record: record((token: number) => ({ schedule: [{ token, interventions: [] }] })),
    },
  ],
  [
    'messages',
    [limits.messages],
    [limits.messages + 1],
    /messages/,
    {
      api: api((length: number) => ({ messages: Array(length).fill(user('Hi')) })),
      chat: (length: number) => checkMessages(Array(length).fill(user('Hi')), ''),
    },
  ],
  [
    'turns',
    [limits.turns],
    [limits.turns + 1],
    /turns/,
    { link: link((turns: number) => ({ turns })), record: record((turns: number) => ({ turns })) },
  ],
  [
    'coefficient',
    [-limits.coefficient, limits.coefficient],
    [-1e39, 1e39, 1e308],
    /coefficient/,
    {
      page: page({ min: -limits.coefficient, max: limits.coefficient }),
      api: (coefficient: number) => checkFields({ kind: 'addition', vector: 'v', coefficient }, 'interventions[0]'),
    },
  ],
];

describe.each(cases)('%s', (_, taken, refused, name, doors) => {
  it.each(Object.entries(doors))('%s takes the bounds and refuses what lies beyond, by name', async (door, enter) => {
    for (const value of taken) await enter(value as never);
    for (const value of refused) {
      const message = await Promise.resolve()
        .then(() => enter(value as never))
        .then(
          () => null,
          (error: Error) => error.message,
        );
      expect(message, `${String(value).slice(0, 20)} was taken`).not.toBeNull();
      if (door !== 'page') expect(message).toMatch(name);
    }
  });
});

it('a conversation as long as a link may have is one that can be answered', () => {
  // The system prompt, every turn but the last with its reply, and the last question.
  expect(1 + 2 * (limits.turns - 1) + 1).toBeLessThanOrEqual(limits.messages);
});

it('an extraction samples no hotter and no longer than a reply', () => {
  expect(parseSettings({ temperature: limits.temperature }).temperature).toBe(limits.temperature);
  expect(() => parseSettings({ temperature: limits.temperature + 1 })).toThrow('temperature');
  expect(limits.extractionTokens).toBeLessThanOrEqual(limits.maxTokens);
});
