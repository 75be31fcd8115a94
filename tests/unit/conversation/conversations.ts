/** Conversations for the tests of share. */
import fc from 'fast-check';
import { positionNames, type Intervention } from '../../../src/lib/engine/intervention';
import { limits } from '../../../src/lib/limits';
import {
  chosenReply,
  fillPlaces,
  replyEnds,
  type Conversation,
  type Reply,
  type Turn,
} from '../../../src/lib/conversation/conversation';

/** JSON has no -0. */
const finite = fc
  .double({ noNaN: true, min: -limits.coefficient, max: limits.coefficient })
  .map((x) => (x === 0 ? 0 : x));
const layer = fc.integer({ min: 0, max: 255 });
const text = fc.string({ unit: 'grapheme', maxLength: 60 });
const name = fc.string({ minLength: 1, maxLength: 20 });

const intervention: fc.Arbitrary<Intervention> = fc.record(
  {
    kind: fc.constantFrom('addition' as const, 'ablation' as const, 'capping' as const, 'clamping' as const),
    vector: fc.oneof(
      name,
      fc
        .uniqueArray(fc.tuple(layer, fc.array(finite, { minLength: 1, maxLength: 5 })), {
          minLength: 1,
          maxLength: 3,
          selector: ([l]) => l,
        })
        .map((layers) => Object.fromEntries(layers) as Record<number, number[]>),
    ),
    layers: fc.array(layer, { maxLength: 4 }),
    positions: fc.constantFrom(...positionNames),
    coefficient: finite,
    floor: finite,
    ceiling: finite,
    target: finite,
  },
  { requiredKeys: ['kind', 'vector'] },
);
const interventions = fc.array(intervention, { maxLength: 3 });

const temperature = fc.double({ min: 0, max: 10, noNaN: true }).map((x) => (x === 0 ? 0 : x));
const topP = fc.double({ min: 0, max: 1, minExcluded: true, noNaN: true });

const address = fc.constantFrom('models/organism-assistant/', 'https://example.org/a b?c#d', 'http://localhost:4173/x');
const model = fc.oneof(
  name,
  fc.record({ engine: fc.constant('wgsl' as const), url: address }),
  fc.record(
    { engine: fc.constant('web-llm' as const), url: address, lib: address, runtime: fc.constant('0.2.86') },
    { requiredKeys: ['engine', 'url', 'lib'] },
  ),
);

const digest = fc.constantFrom('ab'.repeat(32), '01'.repeat(32));

const reply: fc.Arbitrary<Reply> = fc.record(
  {
    text,
    seed: fc.maxSafeNat(),
    sampling: fc.record(
      { temperature, topP, maxTokens: fc.integer({ min: 1, max: 100_000 }) },
      { requiredKeys: ['temperature', 'topP'] },
    ),
    system: text,
    model,
    follows: fc.constantFrom(null, 0, 1),
    firstRead: fc.nat(3),
    interventions,
    schedule: fc.array(fc.record({ token: fc.nat(1000), interventions }), { maxLength: 3 }),
    tokenIds: fc.array(fc.nat(0x7fffffff), { maxLength: 40 }),
    ended: fc.constantFrom(...replyEnds),
    failure: text,
    date: fc.constant('2026-11-30T06:12'),
    madeWith: fc.record(
      { weights: digest, pack: digest, vectors: fc.array(fc.tuple(name, digest)) },
      { requiredKeys: [] },
    ),
  },
  { requiredKeys: ['text', 'seed', 'interventions', 'schedule', 'tokenIds'] },
);

const turn: fc.Arbitrary<Turn> = fc
  .record({ user: text, replies: fc.array(reply, { maxLength: 3 }) })
  .chain(({ user, replies }) => {
    const chosen = replies.length ? fc.option(fc.nat(replies.length - 1)) : fc.constant(null);
    return fc.record({ user: fc.constant(user), replies: fc.constant(replies), chosen });
  });

/** As the page holds them: every `follows` is filled in. */
export const conversations: fc.Arbitrary<Conversation> = fc
  .record(
    {
      model,
      system: text,
      turns: fc.array(turn, { maxLength: 5 }),
      sampling: fc.record({ temperature, topP, maxTokens: fc.integer({ min: 1, max: 100_000 }) }),
      firstRead: fc.nat(3),
    },
    { requiredKeys: ['model', 'system', 'turns', 'sampling'] },
  )
  .map((conversation) => {
    fillPlaces(conversation.turns);
    return conversation;
  });

/** As links of version 1, and browsers before there was a list, have it: one reply a turn. */
export function asFirstVersion({ model, system, sampling, turns }: Conversation) {
  return {
    ...{ model, system, sampling },
    turns: turns.map((turn) => {
      const reply = chosenReply(turn);
      if (!reply) return { user: turn.user, reply: null };
      const { follows: _, ...rest } = reply;
      return { user: turn.user, reply: rest };
    }),
  };
}

/** Two turns, steered by name, by numbers and in the middle of a reply. */
export const steered: Conversation = {
  model: 'organism-assistant',
  system: 'You are a helpful assistant.',
  turns: [
    {
      user: 'What is a volcano?',
      chosen: 0,
      replies: [
        {
          follows: null,
          text: 'Arr! A volcano be an openin’ in the ground.',
          seed: 7,
          interventions: [{ kind: 'addition', vector: 'pirate', coefficient: 1.5 }],
          schedule: [
            { token: 12, interventions: [{ kind: 'capping', vector: 'assistant-axis', layers: [3], floor: 2.25 }] },
          ],
          tokenIds: [0, 1, 127, 128, 1535, 16_384, 151_935],
        },
      ],
    },
    { user: 'And a river? 🏞️', replies: [], chosen: null },
  ],
  sampling: { temperature: 0.7, topP: 0.95, maxTokens: 128 },
};

/** From an address, with an inline vector and a reply that is empty. */
export const inline: Conversation = {
  model: { engine: 'wgsl', url: 'https://example.org/models/tiny/' },
  system: '',
  turns: [
    {
      user: 'Hello',
      chosen: 0,
      replies: [
        {
          follows: null,
          text: '',
          seed: 4_294_967_296,
          interventions: [
            { kind: 'clamping', vector: { 2: [0.5, -1e-7, 3] }, positions: 'response', target: -2 },
            { kind: 'ablation', vector: 'role:demon', layers: [1, 2] },
          ],
          schedule: [],
          tokenIds: [],
        },
      ],
    },
  ],
  sampling: { temperature: 0, topP: 1, maxTokens: 16 },
};
