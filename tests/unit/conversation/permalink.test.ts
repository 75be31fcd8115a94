import fc from 'fast-check';
import { readFileSync } from 'node:fs';
import { deflateRawSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { PersonascopeError } from '../../../src/lib/errors';
import { chosenOnly, fillPlaces, type Conversation } from '../../../src/lib/conversation/conversation';
import { limits } from '../../../src/lib/limits';
import { decodePermalink, encodePermalink } from '../../../src/lib/conversation/permalink';
import { packTokenIds } from '../../../src/lib/formats/token-ids';
import { asFirstVersion, conversations, inline, steered } from './conversations';

const link = (json: string, version = 1) => `v${version}.${deflateRawSync(json).toString('base64url')}`;

/** A link like one of ours, with one thing changed in its JSON. */
function linkWith(change: (json: ReturnType<typeof wire>) => void): string {
  const json = wire();
  change(json);
  return link(JSON.stringify(json));
}
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- the tests put wrong things everywhere
const wire = (): any => {
  const first = asFirstVersion(structuredClone(steered));
  return {
    ...first,
    turns: first.turns.map(({ user, reply }) => ({
      user,
      reply: reply && { ...reply, tokenIds: packTokenIds(reply.tokenIds) },
    })),
  };
};

async function refusal(promise: Promise<unknown>): Promise<PersonascopeError> {
  const error = await promise.then(
    () => expect.fail('it was accepted'),
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(PersonascopeError);
  expect((error as PersonascopeError).name).toBe('BadRequest');
  expect((error as PersonascopeError).nextStep).toMatch(/\.$/);
  return error as PersonascopeError;
}

describe('a link', () => {
  it('opens as the conversation it was made from, the chosen replies of it', async () => {
    await fc.assert(
      fc.asyncProperty(conversations, async (conversation) => {
        const shown = chosenOnly(conversation);
        fillPlaces(shown.turns);
        expect(await decodePermalink(await encodePermalink(conversation))).toEqual(shown);
      }),
      { numRuns: 150 },
    );
  });

  it('of every version that was ever written keeps opening', async () => {
    const path = new URL('../../fixtures/permalinks.json', import.meta.url);
    const fixtures = JSON.parse(readFileSync(path, 'utf8')) as { link: string; conversation: Conversation }[];
    expect(fixtures.map(({ link }) => link.slice(0, 3))).toEqual(['v1.', 'v1.', 'v2.', 'v2.']);
    for (const { link, conversation } of fixtures) expect(await decodePermalink(link)).toEqual(conversation);
    expect(fixtures.slice(0, 2).map(({ conversation }) => conversation)).toEqual([steered, inline]);
  });

  it('is one URL fragment, with or without its #', async () => {
    const made = await encodePermalink(steered);
    expect(made).toMatch(/^v2\.[A-Za-z0-9_-]+$/);
    expect(await decodePermalink(`#${made}`)).toEqual(steered);
  });

  it('writes typed arrays as numbers and leaves traces out', async () => {
    const conversation = structuredClone(inline);
    const reply = conversation.turns[0]!.replies[0]!;
    reply.interventions = [{ kind: 'addition', vector: { 1: Float32Array.of(0.5, -2) } }];
    reply.trace = { tokens: [{ text: 'a', logprob: -1, axis: 0.5 }], position: null };
    const decoded = (await decodePermalink(await encodePermalink(conversation))).turns[0]!.replies[0]!;
    expect(decoded.interventions).toEqual([{ kind: 'addition', vector: { 1: [0.5, -2] } }]);
    expect(decoded).not.toHaveProperty('trace');
  });

  it('is refused when it would be too long, on the way out and in', async () => {
    const numbers = Array.from({ length: 12_000 }, (_, i) => Math.sin(i));
    const conversation = structuredClone(inline);
    conversation.turns[0]!.replies[0]!.interventions = [{ kind: 'addition', vector: { 0: numbers } }];
    expect((await refusal(encodePermalink(conversation))).message).toContain('too long for a link');
    expect((await refusal(decodePermalink('v1.' + 'A'.repeat(limits.link)))).message).toContain('longer than 65536');
  });

  it('is refused on the way out when it could not be opened again', async () => {
    const conversation = structuredClone(inline);
    conversation.turns[0]!.replies[0]!.interventions = [{ kind: 'addition', vector: 'pirate', coefficient: Infinity }];
    expect((await refusal(encodePermalink(conversation))).message).toContain(
      'turns[0].replies[0].interventions[0].coefficient',
    );
  });
});

describe('a link that went through other programs', () => {
  const around: [string, (made: string) => string][] = [
    ['a full stop after it', (made) => `#${made}.`],
    ['brackets and a comma', (made) => `#${made}),`],
    ['quotes around it', (made) => `#${made}”`],
    ['tracking parameters', (made) => `#${made}&utm_source=chat&fbclid=x_y-z`],
    ['parameters as of a query', (made) => `#${made}?si=abc`],
    ['parameters before it', (made) => `#utm_medium=mail&${made}`],
    [
      'a percent-encoded payload',
      (made) => `#${made.replace('.', '%2E').replaceAll('-', '%2D').replaceAll('_', '%5F')}`,
    ],
    ['percent-encoding twice', (made) => `#${made.replace('.', '%252E')}`],
    ['a soft line break of a mail', (made) => `#${made.slice(0, 70)}=\r\n${made.slice(70)}`],
    ['a soft line break without its newline', (made) => `#${made.slice(0, 70)}=${made.slice(70)}`],
    ['a wrapped line', (made) => `#${made.slice(0, 40)}\n  ${made.slice(40)}`],
    ['zero-width spaces', (made) => `#${made.slice(0, 9)}\u200b${made.slice(9)}`],
    ['underscores for italics', (made) => `#${made}_`],
    ['a second #', (made) => `##${made}`],
  ];
  it.each(around)('with %s opens', async (_what, change) => {
    expect(await decodePermalink(change(await encodePermalink(steered)))).toEqual(steered);
  });

  it('is refused where its characters were changed', async () => {
    const made = await encodePermalink(steered);
    await refusal(decodePermalink(`#${made.toLowerCase()}`));
  });
});

describe('a link of version 2', () => {
  const second = (change: (json: Record<string, unknown>) => void) => {
    const json = structuredClone({ ...steered, turns: [{ user: 'Hi', replies: [], chosen: null }] }) as never;
    change(json);
    return link(JSON.stringify(json), 2);
  };

  it('of a newer page opens without the fields that are not known here, and says what a replay needs', async () => {
    const opened = await decodePermalink(second((json) => Object.assign(json, { mood: 'new', needs: ['window'] })));
    expect(opened).not.toHaveProperty('mood');
    expect(opened.needs).toEqual(['window']);
  });

  it('that chooses a reply it does not have is refused', async () => {
    const broken = second((json) => (json['turns'] = [{ user: 'Hi', replies: [], chosen: 0 }]));
    expect((await refusal(decodePermalink(broken))).message).toContain('turns[0] must choose one of its replies');
  });
});

describe('a hostile or damaged link', () => {
  it('from a newer version is refused by name', async () => {
    const error = await refusal(decodePermalink(link('{}', 3)));
    expect(error.message).toContain('made by a newer Personascope (version 3');
  });

  it.each(['', '#', 'about', 'v1', 'vx.AAAA', 'v-1.AA'])('that is none (%j) is refused', async (hash) => {
    expect((await refusal(decodePermalink(hash))).message).toContain('not a conversation');
  });

  it('that unfolds to more than 512 kB is refused', async () => {
    const bomb = link(`"${'a'.repeat(20_000_000)}"`);
    expect(bomb.length).toBeLessThan(limits.link);
    expect((await refusal(decodePermalink(bomb))).message).toContain('more than 512 kB');
  });

  it('cut short anywhere is refused', async () => {
    const made = await encodePermalink(steered);
    for (let length = 3; length < made.length - 2; length += 7) await refusal(decodePermalink(made.slice(0, length)));
  });

  it('with any characters at all is refused, never an unforeseen error', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ maxLength: 60 }), async (junk) => {
        await refusal(decodePermalink(`v1.${junk}`));
      }),
    );
  });

  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  const wrong: [string, RegExp, (json: any) => void][] = [
    ['a missing field', /: system is missing\.$/, (json) => delete json.system],
    [
      'an unknown field',
      /: turns\[0\]\.reply\.script is not a known field\.$/,
      (json) => (json.turns[0].reply.script = 1),
    ],
    [
      'an unknown kind',
      /interventions\[0\]\.kind must be addition,/,
      (json) => (json.turns[0].reply.interventions[0].kind = 'boost'),
    ],
    [
      'a layer of 256',
      /schedule\[0\]\.interventions\[0\]\.layers\[0\] must be at most 255/,
      (json) => (json.turns[0].reply.schedule[0].interventions[0].layers = [256]),
    ],
    [
      'half a layer',
      /layers\[0\] must be a whole number/,
      (json) => (json.turns[0].reply.interventions[0].layers = [1.5]),
    ],
    [
      'a coefficient in words',
      /coefficient must be a number/,
      (json) => (json.turns[0].reply.interventions[0].coefficient = 'much'),
    ],
    [
      'a vector layer in words',
      /vector\.mid must be a layer/,
      (json) => (json.turns[0].reply.interventions[0].vector = { mid: [1] }),
    ],
    [
      'a vector of text',
      /vector\.1\[0\] must be a number/,
      (json) => (json.turns[0].reply.interventions[0].vector = { 1: ['1'] }),
    ],
    [
      'a vector with no layer',
      /vector must have a layer/,
      (json) => (json.turns[0].reply.interventions[0].vector = {}),
    ],
    [
      'a vector that is too wide',
      /vector\.1 must have at most 16384 items/,
      (json) => (json.turns[0].reply.interventions[0].vector = { 1: new Array(16_385).fill(0) }),
    ],
    [
      'damaged token ids',
      /turns\[0\]\.reply\.tokenIds ends in the middle/,
      (json) => (json.turns[0].reply.tokenIds = 'gA'),
    ],
    ['token ids past 2^31', /tokenIds holds a number too large/, (json) => (json.turns[0].reply.tokenIds = '_____w8')],
    ['a negative seed', /seed must be at least 0/, (json) => (json.turns[0].reply.seed = -1)],
    [
      'temperature out of bounds',
      /sampling\.temperature must be at most 100/,
      (json) => (json.sampling.temperature = 101),
    ],
    ['topP of 0', /sampling\.topP must be more than 0/, (json) => (json.sampling.topP = 0)],
    [
      'a long message',
      /turns\[1\]\.user must be at most 100000 characters/,
      (json) => (json.turns[1].user = 'a'.repeat(100_001)),
    ],
    [
      'too many turns',
      /turns must have at most 500 items/,
      (json) => (json.turns = new Array(501).fill(json.turns[1])),
    ],
    [
      'a script as model',
      /model\.url must be an http\(s\) address/,
      (json) => (json.model = { engine: 'wgsl', url: 'javascript:alert(1)' }),
    ],
    [
      'a runtime that is no version',
      /model\.runtime must be a version/,
      (json) => (json.model = { engine: 'web-llm', url: 'a', lib: 'b', runtime: '../x' }),
    ],
    [
      'an engine of its own',
      /model\.engine must be wgsl or web-llm/,
      (json) => (json.model = { engine: 'cloud', url: 'a' }),
    ],
  ];
  it.each(wrong)('with %s is refused by the field’s path', async (_what, message, change) => {
    expect((await refusal(decodePermalink(linkWith(change)))).message).toMatch(message);
  });

  it('cannot reach object prototypes', async () => {
    const json = JSON.stringify(wire()).replace('"vector":"pirate"', '"vector":{"__proto__":[1]}');
    await refusal(decodePermalink(link(json)));
    expect(({} as Record<string, unknown>)[0]).toBeUndefined();
  });
});
