import { describe, expect, it } from 'vitest';
import { extractPersona } from '../../../src/lib/extract/extract-persona';
import { parseTrait, type Trait } from '../../../src/lib/extract/prompts';
import { cosine, dot, layerOf, norm } from '../../../src/lib/maths/linear';
import { dModel, nLayers, SyntheticEngine } from './synthetic-engine';

const trait: Trait = parseTrait({
  name: 'pirate',
  label: 'Pirate',
  description: 'Talks like a pirate.',
  positive: ['You are a pirate.', 'Talk like a pirate.'],
  negative: ['You are a clerk.', 'Talk plainly.'],
  questions: ['a', 'b', 'c', 'd', 'e', 'f'],
});
/** 2 e_0 at layer 0, 3 e_1 at layer 1, e_0 + e_2 at layer 2. */
const truth = new Float64Array(nLayers * dModel);
truth[0] = 2;
truth[dModel + 1] = 3;
truth[2 * dModel] = truth[2 * dModel + 2] = 1;

const isPirate = (system: string | null) => system?.includes('pirate') ?? false;
const open = (noise: number, effect = 1) =>
  new SyntheticEngine({ noise, meanFor: (system) => truth.map((x) => 5 + (isPirate(system) ? effect * x : 0)) });
const options = { positions: 'message', targetLayer: 1 } as const;
const at = (vectors: Float64Array, layer: number) => layerOf(vectors, layer, dModel);
const meanOf = (values: number[]) => values.reduce((sum, x) => sum + x, 0) / values.length;

describe('a persona vector', () => {
  it('is the difference that was put in, exactly so without noise', async () => {
    const { vector, kept, norm: norms } = await extractPersona(open(0), trait, options);
    vector.forEach((x, i) => expect(x).toBeCloseTo(truth[i]!, 5));
    expect(kept).toEqual({ positive: 12, negative: 12 });
    expect(norms).toEqual([2, 3, Math.SQRT2].map((n) => expect.closeTo(n, 5)));
  });

  it('separates questions it was not made from, and repeats between halves', async () => {
    const { auroc, splitHalfCosine, vector } = await extractPersona(open(1), trait, options);
    expect(auroc).toBeGreaterThan(0.95);
    expect(splitHalfCosine).toBeGreaterThan(0.8);
    expect(cosine(at(vector, 1), at(truth, 1))).toBeGreaterThan(0.95);
  });

  it('says so when there is nothing to find', async () => {
    const { auroc, splitHalfCosine } = await extractPersona(open(1, 0), trait, options);
    expect(Math.abs(splitHalfCosine)).toBeLessThan(0.75);
    expect(auroc).toBeLessThan(0.75);
  });

  it('repeats with its seed', async () => {
    const run = (seed: number) => extractPersona(open(1), trait, { ...options, seed });
    expect(await run(3)).toEqual(await run(3));
    expect((await run(3)).vector).not.toEqual((await run(4)).vector);
  });

  it('samples each pair once with a seed of its own, and writes one token unless the reply matters', async () => {
    const engine = open(0);
    await extractPersona(engine, trait, { ...options, seed: 100 });
    expect(engine.requests).toHaveLength(24);
    expect(new Set(engine.requests.map(({ sampling }) => sampling.seed)).size).toBe(24);
    expect(new Set(engine.requests.map(({ messages }) => JSON.stringify(messages))).size).toBe(24);
    expect(new Set(engine.requests.map(({ sampling }) => sampling.maxTokens))).toEqual(new Set([1]));
    const writing = open(0);
    await extractPersona(writing, trait, { ...options, positions: 'response', maxTokens: 40 });
    expect(writing.requests[0]!.sampling.maxTokens).toBe(40);
  });

  it('can point away from the model with no system prompt, asked as often', async () => {
    const engine = open(0);
    const { vector, kept } = await extractPersona(engine, trait, { ...options, contrast: 'default' });
    vector.forEach((x, i) => expect(x).toBeCloseTo(truth[i]!, 5));
    expect(kept).toEqual({ positive: 12, negative: 12 });
    const bare = engine.requests.filter(({ messages }) => messages.length === 1);
    expect(bare.map(({ messages }) => messages[0]!.content)).toEqual([...trait.questions, ...trait.questions]);
    expect(engine.requests.some(({ messages }) => trait.negative.includes(messages[0]!.content))).toBe(false);
  });

  it('keeps what the judge keeps, and refuses when that is too little', async () => {
    const engine = open(0);
    const { kept } = await extractPersona(engine, trait, {
      ...options,
      judge: ({ polarity, question, text }) => text.endsWith(question) && (polarity === 'negative' || question !== 'a'),
    });
    expect(kept).toEqual({ positive: 10, negative: 12 });
    expect(engine.requests[0]!.sampling.maxTokens).toBe(64);
    const judge = ({ polarity, question }: { polarity: string; question: string }) =>
      polarity === 'positive' || 'ace'.includes(question);
    await expect(extractPersona(engine, trait, { ...options, judge })).rejects.toMatchObject({
      name: 'BadRequest',
      message: expect.stringContaining('Too few negative replies of "Pirate"'),
    });
  });

  it('reports progress and stops when told', async () => {
    const seen: number[] = [];
    const abort = new AbortController();
    const running = extractPersona(open(0), trait, {
      ...options,
      signal: abort.signal,
      onProgress: ({ done, total, subject }) => {
        expect([total, subject]).toEqual([24, 'pirate']);
        seen.push(done);
        if (done === 5) abort.abort();
      },
    });
    await expect(running).rejects.toMatchObject({ name: 'Aborted' });
    expect(seen).toEqual([1, 2, 3, 4, 5]);
  });
});

describe('controls', () => {
  async function meanCosineOfShuffles(engine: SyntheticEngine): Promise<number> {
    const cosines: number[] = [];
    for (let seed = 0; seed < 10; seed++) {
      const { vector, controls } = await extractPersona(engine, trait, { ...options, seed });
      cosines.push(Math.abs(cosine(at(controls.shuffled, 1), at(vector, 1))));
    }
    return meanOf(cosines);
  }

  it('are as long as the vector at every layer and mean nothing', async () => {
    const { vector, controls } = await extractPersona(open(1), trait, options);
    for (const twin of [controls.shuffled, controls.random]) {
      for (let layer = 0; layer < nLayers; layer++) {
        expect(norm(at(twin, layer))).toBeCloseTo(norm(at(vector, layer)), 9);
      }
    }
  });

  it('by shuffled labels hold nothing of a strong effect', async () => {
    // 100 standard deviations: an uneven split would be all effect.
    expect(await meanCosineOfShuffles(open(0.01, 1))).toBeLessThan(0.5);
  });

  it('by shuffled labels hold nothing of how strong each prompt is', async () => {
    // The second positive prompt asks half as strongly: 50 standard deviations between prompts of one label.
    const engine = new SyntheticEngine({
      noise: 0.01,
      meanFor: (system) => truth.map((x) => (isPirate(system) ? (system!.startsWith('You') ? x : x / 2) : 0)),
    });
    expect(await meanCosineOfShuffles(engine)).toBeLessThan(0.5);
  });

  it('by shuffled labels can be drawn from single samples of prompts', async () => {
    const { vector, controls } = await extractPersona(
      open(1),
      { ...trait, questions: ['a', 'b'] },
      { ...options, samplesPerPolarity: 2 },
    );
    expect(norm(at(controls.shuffled, 1))).toBeCloseTo(norm(at(vector, 1)), 9);
  });

  it('by rotation keep the angles between layers, so the increments are as long too', async () => {
    const { vector, controls } = await extractPersona(open(1), trait, { ...options, seed: 9 });
    for (let a = 0; a < nLayers; a++) {
      for (let b = 0; b < nLayers; b++) {
        expect(dot(at(controls.random, a), at(controls.random, b))).toBeCloseTo(dot(at(vector, a), at(vector, b)), 9);
      }
    }
    expect(Math.abs(cosine(at(controls.random, 1), at(vector, 1)))).toBeLessThan(0.9);
  });
});

describe('a trait from outside', () => {
  it.each([
    [{ ...trait, negative: ['one'] }, '2 positive and 1 negative system prompts, which must be pairs'],
    [{ ...trait, questions: ['a'] }, 'questions'],
    [{ ...trait, positive: ['  ', 'b'] }, 'positive.0: must not be empty'],
    [null, 'The trait can'],
  ])('is refused by field (%#)', (value, message) => {
    expect(() => parseTrait(value)).toThrow(
      expect.objectContaining({ name: 'BadRequest', message: expect.stringContaining(message) }),
    );
  });
});

describe('fewer samples', () => {
  it('use every question, prompts alternating, the same for both polarities', async () => {
    const engine = open(0);
    const { kept } = await extractPersona(engine, trait, { ...options, samplesPerPolarity: 6 });
    expect(kept).toEqual({ positive: 6, negative: 6 });
    const asked = engine.requests.map(({ messages }) => messages.map(({ content }) => content));
    expect(asked.slice(0, 3)).toEqual([
      ['You are a pirate.', 'a'],
      ['Talk like a pirate.', 'b'],
      ['You are a pirate.', 'c'],
    ]);
    expect(asked.slice(6).map(([, question]) => question)).toEqual(trait.questions);
  });
});
