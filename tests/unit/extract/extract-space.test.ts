import { describe, expect, it } from 'vitest';
import { extractSpace } from '../../../src/lib/extract/extract-space';
import { assemblePersonas } from '../../../src/lib/extract/assemble';
import { extractPersona } from '../../../src/lib/extract/extract-persona';
import { parseRoles, parseTrait } from '../../../src/lib/extract/prompts';
import { measureResidualNorm } from '../../../src/lib/extract/residual-norm';
import { planSamples } from '../../../src/lib/extract/sample';
import { norm } from '../../../src/lib/maths/linear';
import { VectorBook } from '../../../src/lib/personas/vector-book';
import { dModel, nLayers, SyntheticEngine } from './synthetic-engine';

/** At every layer: roles at +-6 on e_0, +-3 on e_1 and +-1 on e_2; the default at 10 on e_0, all on top of 20 e_7. */
const places: [string, number, number, number][] = [
  ['sage', 6, 3, 1],
  ['clerk', 6, -3, -1],
  ['demon', -6, 3, -1],
  ['jester', -6, -3, 1],
];
const prompts = parseRoles({
  roles: places.map(([name]) => ({ name, label: name, family: 'f', prompts: [`Be a ${name}.`, `Act as ${name}.`] })),
  neutral: [null, 'You are an AI assistant.'],
});
const questions = Array.from({ length: 20 }, (_, i) => `question ${i}`);

function meanFor(system: string | null): Float64Array {
  const [, x, y, z] = places.find(([name]) => system?.includes(name)) ?? ['default', 10, 0, 0];
  const h = new Float64Array(nLayers * dModel);
  for (let layer = 0; layer < nLayers; layer++) h.set([x, y, z, 0, 0, 0, 0, 20], layer * dModel);
  return h;
}
const options = { targetLayer: 1, cap: { layers: [1, 2] } };

describe('persona space', () => {
  it('has the axis, the components and the places that were put in', async () => {
    const space = await extractSpace(new SyntheticEngine({ noise: 0, meanFor }), prompts, questions, options);
    expect([...space.axisVector.subarray(0, dModel)]).toEqual([10, 0, 0, 0, 0, 0, 0, 0]);
    expect(space.axis.norm).toEqual([10, 10, 10]);
    // Roles and default, one vote each: 10 / 5.
    expect(space.axis.centre).toEqual([2, 2, 2]);
    expect(space.axis.assistant).toEqual({ mean: 8, sd: 0 });
    expect(space.roles.map(({ axis }) => axis)).toEqual([4, 4, -8, -8]);
    expect(space.defaultRank).toBe(1);
    expect(space.pca.explainedVariance).toEqual([36 / 46, 9 / 46, 1 / 46].map((x) => expect.closeTo(x, 9)));
    expect(space.pca.cosPc1Axis).toBeCloseTo(1, 9);
    expect(space.pca.centre).toEqual([0, 0, 0].map((x) => expect.closeTo(x, 9)));
    expect(space.pca.assistant).toEqual([10, 0, 0].map((x) => expect.closeTo(x, 9)));
    places.forEach(([name, x, y, z], i) => {
      expect(space.roles[i]).toMatchObject({ name, pc: [x, y, z].map((value) => expect.closeTo(value, 6)) });
    });
    expect(space.residualNorm).toEqual([0, 1, 2].map(() => expect.closeTo(Math.hypot(10, 20), 4)));
    expect(space.capAxis).toBeNull();
    expect(space.cap).toEqual({
      ...{ layers: [1, 2], percentile: 25, floor: { 1: 10, 2: 10 } },
      ...{ positions: 'response', norm: [10, 10, 10], threshold: 8 },
    });
  });

  it('has floors at the percentile of the default’s replies, noise and all', async () => {
    const engine = new SyntheticEngine({ noise: 2, meanFor });
    const space = await extractSpace(engine, prompts, questions, { ...options, cap: { layers: [2], percentile: 25 } });
    // Replies are means of 5 tokens of sd 2; a normal's lower quartile lies 0.674 sd below its mean.
    const sd = 2 / Math.sqrt(5);
    expect(space.axis.assistant.sd).toBeGreaterThan(0.7 * sd);
    expect(space.axis.assistant.sd).toBeLessThan(1.3 * sd);
    const below = space.axis.assistant.mean + space.axis.centre[2]! - space.cap.floor[2]!;
    expect(below).toBeGreaterThan(0.3 * sd);
    expect(below).toBeLessThan(1.1 * sd);
  });

  it('caps along the axis of the messages if asked to, which needs no replies', async () => {
    const inMessages = (system: string | null, site: string) => {
      const h = meanFor(system);
      // In the messages the default is at 5 on e_3, the roles at -1, at every layer.
      if (site === 'message')
        for (let l = 0; l < nLayers; l++)
          h.fill(0, l * dModel, (l + 1) * dModel)[l * dModel + 3] = places.some(([name]) => system?.includes(name))
            ? -1
            : 5;
      return h;
    };
    const engine = new SyntheticEngine({ noise: 0, meanFor: inMessages });
    const cap = { layers: [1], percentile: 10, positions: 'message' as const };
    const space = await extractSpace(engine, prompts, questions, {
      ...options,
      cap,
      samplesPerRole: 3,
      judge: ({ text }) => text !== '',
    });
    expect([...space.axisVector.subarray(0, dModel)]).toEqual([10, 0, 0, 0, 0, 0, 0, 0]);
    expect([...space.capAxis!.subarray(dModel, 2 * dModel)]).toEqual([0, 0, 0, 6, 0, 0, 0, 0]);
    expect(space.cap).toEqual({
      layers: [1],
      percentile: 10,
      floor: { 1: 5 },
      positions: 'message',
      norm: [6, 6, 6],
      threshold: 8,
    });
    const asked = engine.requests.slice(-(40 + 4 * 20));
    expect(new Set(asked.map(({ sampling }) => sampling.maxTokens))).toEqual(new Set([1]));
    const ofSage = asked.slice(40, 60).map(({ messages }) => messages.at(-1)!.content);
    expect(ofSage).toEqual(questions);
    expect(engine.requests.at(-asked.length - 1)!.sampling.maxTokens).not.toBe(1);
  });

  it('draws every reply with a seed of its own', async () => {
    const engine = new SyntheticEngine({ noise: 0, meanFor });
    await extractSpace(engine, prompts, questions, { ...options, seed: 1000 });
    const seeds = engine.requests.slice(0, 40 + 4 * 40).map(({ sampling }) => sampling.seed);
    expect(seeds).toEqual(Array.from({ length: 200 }, (_, i) => 1000 + i));
  });

  it('samples as many replies a role as asked, each once', async () => {
    const engine = new SyntheticEngine({ noise: 0, meanFor });
    const seen: number[] = [];
    const { kept } = await extractSpace(engine, prompts, questions, {
      ...options,
      samplesPerRole: 7,
      onProgress: ({ done, total }) => {
        expect(total).toBe(40 + 4 * 7);
        seen.push(done);
      },
    });
    expect(kept).toEqual([7, 7, 7, 7]);
    expect(seen).toHaveLength(68);
  });

  it('drops what the judge drops, and names a role that is left with nothing', async () => {
    const engine = new SyntheticEngine({ noise: 0, meanFor });
    const kept = await extractSpace(engine, prompts, questions, {
      ...options,
      judge: ({ question }) => question.endsWith('1'),
    });
    expect(kept.kept).toEqual([4, 4, 4, 4]);
    const none = extractSpace(engine, prompts, questions, { ...options, judge: ({ role }) => role !== 'demon' });
    await expect(none).rejects.toMatchObject({ name: 'BadRequest', message: expect.stringContaining('"demon"') });
  });

  it('refuses roles that do not span it', async () => {
    const flat = new SyntheticEngine({
      noise: 0,
      meanFor: (system) => meanFor(system).map((x, i) => (i % dModel === 2 ? 0 : x)),
    });
    await expect(extractSpace(flat, prompts, questions, options)).rejects.toThrow('span only 2 of the 3 dimensions');
  });

  it('goes into files that a VectorBook reads', async () => {
    const engine = new SyntheticEngine({ noise: 0.1, meanFor });
    const trait = parseTrait({
      ...{ name: 'demonic', label: 'Demonic', description: 'd' },
      ...{ positive: ['Be a demon.'], negative: ['Be a clerk.'], questions: ['a', 'b', 'c', 'd'] },
    });
    const extracted = await extractPersona(engine, trait, { positions: 'message', targetLayer: 1 });
    const { space, tensors } = assemblePersonas(
      engine.info,
      { modelDigest: '0'.repeat(64), promptSet: 'test', createdAt: new Date(0).toISOString() },
      await extractSpace(engine, prompts, questions, options),
      [
        {
          ...{
            label: trait.label,
            description: trait.description,
            positions: 'message',
            contrast: 'opposite',
            coherentUpTo: null,
            onset: null,
            extracted,
          },
          steering: { mode: 'increments', layers: [0, 1, 2] },
        },
      ],
      { negative: -1, positive: 1 },
    );
    expect(space.personas[0]!.quality!.auroc).toBe(1);
    expect(space.axis.coherentUpTo).toEqual({ negative: -1, positive: 1 });
    const book = new VectorBook({ nLayers, dModel, space, tensors });
    expect(book.summaries().map(({ name }) => name)).toContain('role:jester');
    const { vectors } = book.resolve({ kind: 'capping', vector: 'assistant-axis', floor: space.cap.floor[1]! });
    expect([...vectors.keys()]).toEqual([1, 2]);
    expect(norm(vectors.get(1)!)).toBeCloseTo(space.axis.norm[1]!, 4);
  });
});

describe('the residual norm', () => {
  it('is of single tokens, not of their mean', async () => {
    // Pure noise: the mean over tokens has a far smaller norm than a token.
    const engine = new SyntheticEngine({ noise: 3, meanFor: () => new Float64Array(nLayers * dModel) });
    const norms = await measureResidualNorm(engine, [null], questions, { replies: 20 });
    const expected = 3 * Math.sqrt(dModel - 0.5);
    for (const value of norms) expect(Math.abs(value / expected - 1)).toBeLessThan(0.15);
  });

  it('needs a reply of two tokens', async () => {
    const engine = new SyntheticEngine({ noise: 1, meanFor, replyTokens: () => 1 });
    await expect(measureResidualNorm(engine, [null], questions)).rejects.toMatchObject({ name: 'BadRequest' });
  });
});

describe('planSamples', () => {
  it('uses every pair once, all questions before any again, prompts evenly', () => {
    const [p, q] = [
      ['x', 'y', 'z'],
      ['1', '2', '3', '4', '5'],
    ];
    const all = planSamples(p!, q!, Infinity).map(({ prompt, question }) => prompt + question);
    expect(new Set(all).size).toBe(15);
    const some = planSamples(p!, q!, 5);
    expect(some.map(({ question }) => question)).toEqual(q);
    expect(some.map(({ prompt }) => prompt)).toEqual(['x', 'y', 'z', 'x', 'y']);
  });
});
