import { describe, expect, it } from 'vitest';
import type { Engine, ResolvedChatRequest } from '../../../src/lib/engine/engine';
import { PersonascopeError } from '../../../src/lib/errors';
import { extractPersona } from '../../../src/lib/extract/extract-persona';
import { sampleSpace } from '../../../src/lib/extract/extract-space';
import { parseTrait } from '../../../src/lib/extract/prompts';
import { MemoryRecords, within } from '../../../src/lib/storage/records';
import { RememberingEngine, ReplyMemory } from '../../../src/lib/extract/reply-memory';
import { dModel, nLayers, SyntheticEngine } from './synthetic-engine';

const trait = parseTrait({
  name: 'pirate',
  label: 'Pirate',
  description: 'Talks like a pirate.',
  positive: ['You are a pirate.'],
  negative: ['You are a clerk.'],
  questions: ['a', 'b', 'c', 'd', 'e', 'f'],
});
const options = { positions: 'message', targetLayer: 1 } as const;
const open = () =>
  new SyntheticEngine({
    noise: 1,
    meanFor: (system) => new Float64Array(nLayers * dModel).fill(system?.includes('pirate') ? 2 : 1),
  });

/** Stops, as a closed page does, in the middle of a reply. */
function stoppingAt(engine: SyntheticEngine, reply: number): Engine {
  let asked = 0;
  return {
    info: engine.info,
    chat: async (request, opts) => {
      if (++asked === reply) throw new PersonascopeError('Aborted', 'The page was closed.');
      return engine.chat(request, opts);
    },
    forward: engine.forward,
    steer: () => null,
    destroy: () => undefined,
  };
}

describe('an extraction that is stopped', () => {
  it('goes on where it was: no reply is written twice, and the vector is the same', async () => {
    const store = new MemoryRecords();
    const first = open();
    const stopped = extractPersona(new RememberingEngine(stoppingAt(first, 8), new ReplyMemory(store)), trait, options);
    await expect(stopped).rejects.toMatchObject({ name: 'Aborted' });
    expect(first.requests).toHaveLength(7);

    const second = open();
    const memory = new ReplyMemory(store);
    const resumed = await extractPersona(new RememberingEngine(second, memory), trait, options);
    expect(memory.counts).toEqual({ remembered: 7, fresh: 5 });
    expect(second.requests).toHaveLength(5);
    expect(resumed).toEqual(await extractPersona(open(), trait, options));
  });

  it('does not keep a reply that was cut short', async () => {
    const store = new MemoryRecords();
    const engine = open();
    const cut: Engine = {
      ...stoppingAt(engine, -1),
      chat: async (request, opts) => ({ ...(await engine.chat(request, opts)), stopReason: 'aborted' }),
    };
    const { stopReason } = await new RememberingEngine(cut, new ReplyMemory(store)).chat(request(1));
    expect(stopReason).toBe('aborted');
    expect(await store.keys()).toEqual([]);
  });
});

describe('what counts as the same question', () => {
  it('is every word, number and vector of it', async () => {
    const memory = new ReplyMemory(new MemoryRecords());
    const engine = new RememberingEngine(open(), memory);
    await engine.chat(request(1));
    await engine.chat(request(1));
    expect(memory.counts).toEqual({ fresh: 1, remembered: 1 });
    await engine.chat(request(2));
    await engine.chat(request(1), { collect: ['last'] });
    await engine.chat(steered(0.5));
    await engine.chat(steered(0.25));
    expect(memory.counts).toEqual({ fresh: 5, remembered: 1 });
    await engine.chat(steered(0.5));
    expect(memory.counts).toEqual({ fresh: 5, remembered: 2 });
  });
});

describe('persona space', () => {
  const prompts = {
    roles: ['demon', 'nurse', 'cat', 'poet'].map((name) => ({
      ...{ name, label: name, family: 'any' },
      prompts: [`Be a ${name}.`],
    })),
    neutral: [null],
  };
  const spaceOptions = { targetLayer: 1, cap: { layers: [1] }, samplesPerRole: 3, samplesOfDefault: 3, normReplies: 2 };

  it('keeps one record a role that is done, and the replies of the one under way', async () => {
    const store = new MemoryRecords();
    const memory = new ReplyMemory(store);
    const engine = new RememberingEngine(stoppingAt(open(), 12), memory);
    const run = sampleSpace(engine, prompts, ['x', 'y', 'z'], { ...spaceOptions, memory });
    await expect(run).rejects.toMatchObject({ name: 'Aborted' });
    // The default, two roles, and two replies of the third.
    expect(await store.keys()).toHaveLength(3 + 2);

    const second = open();
    const again = new ReplyMemory(store);
    const done: number[] = [];
    const sums = await sampleSpace(new RememberingEngine(second, again), prompts, ['x', 'y', 'z'], {
      ...spaceOptions,
      memory: again,
      onProgress: (progress) => done.push(progress.done),
    });
    expect(second.requests.filter(({ messages }) => messages.length > 1)).toHaveLength(4);
    expect(done).toEqual([3, 6, 9, 10, 11, 12, 13, 14, 15]);
    const whole = await sampleSpace(open(), prompts, ['x', 'y', 'z'], spaceOptions);
    expect(sums).toEqual(whole);
  });
});

it('records of one model are apart from another’s', async () => {
  const records = new MemoryRecords();
  await within(records, 'a ').set('x', 1);
  await within(records, 'b ').set('x', 2);
  expect(await within(records, 'a ').keys()).toEqual(['x']);
  await within(records, 'a ').delete(['x']);
  expect(await records.get('b x')).toBe(2);
  expect(await records.keys()).toEqual(['b x']);
});

function request(seed: number): ResolvedChatRequest {
  return {
    messages: [{ role: 'user', content: 'hi' }],
    ...{ interventions: [], probes: [], schedule: [] },
    sampling: { temperature: 0, topP: 1, seed, maxTokens: 4 },
  };
}

function steered(x: number): ResolvedChatRequest {
  const vectors = new Map([[0, Float32Array.of(x, 0, 1)]]);
  const addition = { kind: 'addition', positions: 'all', coefficient: 1, floor: -1, ceiling: 1, vectors } as const;
  return { ...request(1), interventions: [addition] };
}
