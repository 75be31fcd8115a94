import { describe, expect, it } from 'vitest';
import type { ChatToken } from '../../../src/lib/engine/engine';
import { features, readClassifiers } from '../../../src/lib/extract/classifier';
import { isRepetitive, klAtLeast, measureCoherence } from '../../../src/lib/extract/coherence';
import { findCoherentRange } from '../../../src/lib/extract/coherent-range';
import { likelihoodJudge, modelJudge, yesLogOdds } from '../../../src/lib/extract/judge';
import { measureLayers } from '../../../src/lib/extract/layer-quality';
import { ProgressMeter, type ExtractionProgress } from '../../../src/lib/extract/progress';
import { parseTrait } from '../../../src/lib/extract/prompts';
import { additionOf, type Cell, type Trials } from '../../../src/lib/extract/trial';
import { chooseCell, judgeVector } from '../../../src/lib/extract/verdict';
import { differenceInterval, proportion } from '../../../src/lib/maths/proportion';
import { Random } from '../../../src/lib/maths/random';
import { dModel, nLayers, SyntheticEngine } from './synthetic-engine';

describe('a proportion', () => {
  it('has Wilson’s interval, also at the ends', () => {
    // Checked against statsmodels' proportion_confint(method='wilson').
    expect(proportion(0, 8)).toMatchObject({ rate: 0, low: 0, high: expect.closeTo(0.3244, 3) });
    expect(proportion(8, 8)).toMatchObject({ rate: 1, low: expect.closeTo(0.6756, 3), high: 1 });
    expect(proportion(5, 10)).toMatchObject({ low: expect.closeTo(0.2366, 3), high: expect.closeTo(0.7634, 3) });
    expect(proportion(0, 0)).toMatchObject({ low: 0, high: 1 });
  });

  it('less another has Newcombe’s interval, which has a width where both are 0', () => {
    // 56 of 70 against 48 of 80: the example of Newcombe 1998.
    const { low, high } = differenceInterval(proportion(56, 70), proportion(48, 80));
    expect(low).toBeCloseTo(0.0524, 4);
    expect(high).toBeCloseTo(0.3339, 4);
    const none = differenceInterval(proportion(0, 50), proportion(0, 100));
    expect([none.low, none.high].map((x) => Number(x.toFixed(3)))).toEqual([-0.037, 0.071]);
  });
});

describe('coherence', () => {
  it('ends where words go in circles', () => {
    expect(isRepetitive('the sea the sea the sea the sea')).toBe(true);
    expect(isRepetitive('no No, no.')).toBe(true);
    expect(isRepetitive('The sea is wide, and the sea is deep, and I like the sea.')).toBe(false);
  });

  it('is measured against the model’s own replies, and the best prompt counts', async () => {
    const score = async (messages: { content: string }[], reply: string) =>
      reply === 'arr' && !messages[0]!.content.includes('pirate') ? [-3, -3] : reply === 'xq' ? [-5, -5] : [-1, -1];
    const own = [...Array(10).fill('plain'), 'xq'].map((text: string) => ({ system: null, question: 'q', text }));
    const systems = { positive: ['Be salty.', 'Be a pirate.'], negative: ['Be a clerk.'] };
    const { limit, isCoherent } = await measureCoherence(score, systems, own);
    // One strange reply of eleven does not set it.
    expect(limit).toBe(2.5);
    const judge = (text: string, toward: 'positive' | 'negative', system: string | null = null) =>
      isCoherent({ system, question: 'q', text, toward });
    expect(await judge('arr', 'positive')).toBe(true);
    expect(await judge('arr', 'negative')).toBe(false);
    expect(await judge('arr', 'negative', 'Be a pirate now.')).toBe(true);
    expect(await judge('plain', 'negative')).toBe(true);
    expect(await judge('xq', 'positive')).toBe(false);
    expect(await judge(' ', 'positive')).toBe(false);
    const blind = await measureCoherence(null, systems, []);
    expect(blind.limit).toBeNull();
    expect(await blind.isCoherent({ system: null, question: 'q', text: 'xq', toward: 'positive' })).toBe(true);
  });

  it('reads a reply once under the prompt that did for the last one', async () => {
    let readings = 0;
    const score = async (messages: { role: string; content: string }[], reply: string) => {
      readings++;
      const isAsked = messages[0]!.content.endsWith('pirate, softly.') || messages[0]!.role === 'user';
      return [isAsked === (reply !== 'odd') ? -1 : -9];
    };
    const positive = ['Be salty.', 'Be a sailor.', 'Be a captain.', 'Be a pirate.', 'Be a pirate, softly.'];
    const own = [{ system: null, question: 'q', text: 'plain' }];
    const { isCoherent } = await measureCoherence(score, { positive, negative: [] }, own);
    const judge = (text: string) => isCoherent({ system: null, question: 'q', text, toward: 'positive' });
    readings = 0;
    for (let i = 0; i < 10; i++) expect(await judge('plain')).toBe(true);
    expect(readings).toBe(10);
    // Only under the first of them: found once, after the one that did before.
    for (let i = 0; i < 10; i++) expect(await judge('odd')).toBe(true);
    expect(readings).toBe(10 + 2 + 9);
    // And back, through all that do not do.
    expect(await judge('plain')).toBe(true);
    expect(readings).toBe(21 + 5);
  });

  const token = (...probabilities: [number, number][]): ChatToken => ({
    ...{ id: 0, text: '', logprob: 0 },
    alternatives: probabilities.map(([id, p]) => ({ id, text: '', logprob: Math.log(p) })),
  });

  it('KL of whole distributions is exact, of lists a lower bound', () => {
    const p = token([1, 0.7], [2, 0.3]);
    expect(klAtLeast(p, p)).toBeCloseTo(0, 9);
    expect(klAtLeast(p, token([1, 0.5], [2, 0.5]))).toBeCloseTo(0.7 * Math.log(1.4) + 0.3 * Math.log(0.6), 9);
    // q(3) is at most q's last, 0.1.
    expect(klAtLeast(token([3, 0.9]), token([1, 0.8], [2, 0.1]))).toBeGreaterThan(0.9 * Math.log(9) - 0.4);
    expect(klAtLeast(token([3, 0.9]), token([1, 0.8], [2, 0.1]))).toBeLessThan(0.9 * Math.log(0.9 / 1e-3));
  });
});

describe('the judges', () => {
  it('read yes and no from the alternatives', () => {
    const alternative = (text: string, p: number) => ({ id: 0, text, logprob: Math.log(p) });
    expect(yesLogOdds([alternative(' Yes', 0.6), alternative('yes', 0.2), alternative('No', 0.2)])).toBeCloseTo(
      Math.log(4),
      9,
    );
    // "no" is not in the list: it counts as the least likely one that is.
    expect(yesLogOdds([alternative('Yes', 0.9), alternative('Maybe', 0.1)])).toBeCloseTo(Math.log(9), 9);
    expect(() => yesLogOdds([])).toThrow(expect.objectContaining({ name: 'NotSupported' }));
  });

  const trait = parseTrait({
    ...{ name: 'pirate', label: 'Pirate', description: 'Talks like a pirate.' },
    ...{ positive: ['Be a pirate.'], negative: ['Be a clerk.'], questions: ['a', 'b', 'c', 'd'] },
  });

  it('ask the model, less its leaning: it says yes to everything, but more so to a pirate', async () => {
    const engine = new SyntheticEngine({ noise: 0, meanFor: () => new Float64Array(nLayers * dModel) });
    const chat = engine.chat.bind(engine);
    engine.chat = async (request, options) => {
      const asked = request.messages[0]!.content;
      expect(asked).toContain('"Pirate"? Talks like a pirate.');
      const yes = asked.includes('Arr') ? 0.95 : asked.includes('N/A') ? 0.8 : 0.6;
      const alternatives = [
        { id: 1, text: 'Yes', logprob: Math.log(yes) },
        { id: 2, text: 'No', logprob: Math.log(1 - yes) },
      ];
      return { ...(await chat(request, options)), tokens: [{ id: 1, text: 'Yes', logprob: 0, alternatives }] };
    };
    const judge = modelJudge(engine, trait);
    expect(await judge.score({ question: 'Hi?', text: 'Arr!' })).toBeCloseTo(Math.log(19) - Math.log(4), 9);
    expect(await judge.score({ question: 'Hi?', text: 'Good day.' })).toBeCloseTo(Math.log(1.5) - Math.log(4), 9);
    // Two replies and the one without content, which is asked about once.
    expect(engine.requests).toHaveLength(3);
  });

  it('or compare how likely the prompts make a reply, where it cannot be asked', async () => {
    const judge = likelihoodJudge(trait, async ([system], reply) =>
      Array(4).fill(system!.content.includes('pirate') === reply.includes('Arr') ? -1 : -3),
    );
    expect(await judge.score({ question: 'Hi?', text: 'Arr!' })).toBe(2);
    expect(await judge.score({ question: 'Hi?', text: 'Good day.' })).toBe(-2);
    expect(await judge.score({ question: 'Hi?', text: ' ' })).toBeLessThan(0);
  });

  it('hash words as Python does, and weigh them', async () => {
    // zlib.crc32(gram) % 65536 of "arr", "matey", "arr matey".
    const [arr, matey, pair] = features('Arr, matey!', 65536);
    expect([arr, matey, pair]).toEqual([29537, 17009, 26364]);
    const base64 = (bytes: ArrayBufferView<ArrayBuffer>) => btoa(String.fromCharCode(...new Uint8Array(bytes.buffer)));
    const judges = readClassifiers({
      buckets: 65536,
      judges: {
        pirate: {
          buckets: base64(Uint16Array.of(arr!, matey!, pair!)),
          weights: base64(Int8Array.of(100, 27, -127)),
          step: 0.01,
        },
      },
    });
    const score = (text: string) => judges.get('pirate')!.score({ question: '', text });
    expect(await score('Arr')).toBeCloseTo(1, 9);
    expect(await score('arr, matey')).toBeCloseTo(0, 9);
    expect(await score('Good day')).toBe(0);
    expect(() => readClassifiers({ buckets: 1e9 })).toThrow(expect.objectContaining({ name: 'BadModel' }));
  });
});

describe('quality by layer', () => {
  const random = new Random(4);
  const direction = (layer: number) => (layer === 1 ? 3 : 0);
  const mean = (sign: number) => {
    const h = Float64Array.from({ length: nLayers * dModel }, () => random.normal());
    for (let layer = 0; layer < nLayers; layer++) h[layer * dModel]! += sign * direction(layer);
    return h;
  };
  const vector = new Float64Array(nLayers * dModel);
  for (let layer = 0; layer < nLayers; layer++) vector[layer * dModel] = 1;
  const heldOut = Array.from({ length: 10 }, (_, i) => [
    { question: `q${i}`, polarity: 'positive' as const, mean: mean(1) },
    { question: `q${i}`, polarity: 'negative' as const, mean: mean(-1) },
  ]).flat();
  const layers = measureLayers(vector, [vector, vector.map((x) => -x)], heldOut, dModel);

  it('tells the layer that separates from those that do not, with intervals that hold the figure', () => {
    expect(layers[1]!.auroc).toBeGreaterThan(0.95);
    expect(layers[1]!.cohensD).toBeGreaterThan(3);
    expect(layers[1]!.aurocInterval.low).toBeGreaterThan(0.9);
    expect(layers[0]!.auroc).toBeLessThan(0.85);
    expect(layers[0]!.aurocInterval.low).toBeLessThan(0.5);
    for (const { auroc, aurocInterval, cohensD, cohensDInterval } of layers) {
      expect(auroc).toBeGreaterThanOrEqual(aurocInterval.low);
      expect(auroc).toBeLessThanOrEqual(aurocInterval.high);
      expect(cohensD).toBeGreaterThanOrEqual(cohensDInterval!.low);
      expect(cohensD).toBeLessThanOrEqual(cohensDInterval!.high);
    }
    expect(layers[2]!.splitHalfCosine).toBeCloseTo(-1, 9);
  });
});

const steering: Cell['steering'] = { mode: 'direct', layers: [1] };
const cell = (coefficient: number, shown: number, coherent: number, n = 10): Cell => ({
  steering,
  coefficient,
  expression: proportion(shown, n),
  coherence: proportion(coherent, n),
  both: proportion(Math.min(shown, coherent), n),
  example: '',
});

describe('the verdict', () => {
  it('chooses where the smaller share is largest among coherent cells that show it, and of equals the gentlest', () => {
    expect(chooseCell([cell(0.5, 9, 9), cell(0.7, 10, 8)]).coefficient).toBe(0.5);
    expect(chooseCell([cell(0.5, 7, 10), cell(0.7, 9, 7)]).coefficient).toBe(0.5);
    expect(chooseCell([cell(0.3, 4, 10), cell(0.7, 9, 8), cell(0.5, 9, 9), cell(1, 10, 2)]).coefficient).toBe(0.5);
    expect(chooseCell([cell(0.5, 2, 7), cell(1, 9, 5), cell(2, 10, 0)]).coefficient).toBe(1);
  });

  it('wants both intervals apart and coherence, and says the margins', () => {
    const strong = judgeVector(cell(0.5, 10, 9), { random: cell(0.5, 0, 10), shuffled: cell(0.5, 1, 10) });
    expect(strong.isEstablished).toBe(true);
    expect(strong.margins.random).toBeCloseTo(proportion(10, 10).low - proportion(0, 10).high, 9);
    const weak = judgeVector(cell(0.5, 6, 10), { random: cell(0.5, 0, 10), shuffled: cell(0.5, 4, 10) });
    expect(weak.isEstablished).toBe(false);
    expect(weak.reasons).toHaveLength(1);
    expect(weak.reasons[0]).toContain('shuffled');
    const broken = judgeVector(cell(0.5, 10, 7), { random: cell(0.5, 0, 10), shuffled: cell(0.5, 0, 10) });
    expect(broken.reasons).toEqual(['where it works best, replies fall apart']);
    const far = judgeVector(cell(0.5, 10, 10), { random: cell(0.5, 0, 10), shuffled: cell(0.5, 0, 10) }, 4.2);
    expect(far.reasons).toEqual(['the next words change too much there (KL 4.2 nats, limit 4)']);
  });

  it('is told apart from too few questions to tell anything: all of three against none of three are not apart', () => {
    const judged = (n: number) =>
      judgeVector(cell(0.5, n, n, n), { random: cell(0.5, 0, n, n), shuffled: cell(0.5, 0, n, n) });
    expect(judged(4).isEstablished).toBe(true);
    expect(judged(3).isEstablished).toBe(false);
    expect(judged(3).reasons[0]).toBe(
      '3 held-out questions are too few to tell any effect from none; 8 allow for a miss or two',
    );
  });
});

describe('the coherent range', () => {
  it('walks outward either way and stops where coherence breaks', async () => {
    const asked: number[] = [];
    const engine = new SyntheticEngine({ noise: 0, meanFor: () => new Float64Array(nLayers * dModel) });
    const chat = engine.chat.bind(engine);
    engine.chat = async (request, options) => {
      const c = request.interventions[0]?.coefficient ?? 0;
      if (request.sampling.maxTokens > 9) asked.push(c);
      return {
        ...(await chat(request, options)),
        text: c > 0.45 || c < -0.25 ? 'go go go' : c > 0.25 ? 'arr' : 'fine',
      };
    };
    const trials: Trials = {
      ...{ engine, temperature: 0, maxTokens: 20, seed: 1 },
      judge: { kind: 'classifier', score: async ({ text }) => (text === 'fine' ? -1 : 1) },
      coherence: await measureCoherence(async () => [-1], { positive: [''], negative: [''] }, [
        { system: null, question: 'q', text: 'fine' },
      ]),
    };
    const vector = new Float64Array(nLayers * dModel).fill(1);
    const { coherentUpTo, onset, points } = await findCoherentRange(trials, vector, { mode: 'direct', layers: [1] }, [
      'a',
      'b',
    ]);
    expect(coherentUpTo).toEqual({ negative: -0.2, positive: 0.4 });
    expect(onset).toBeCloseTo(0.25, 12);
    expect(points.map(({ coefficient }) => coefficient)).toEqual([-0.3, -0.2, -0.1, 0.1, 0.2, 0.3, 0.4, 0.5]);
    expect(points.map(({ holds }) => holds)).toEqual([false, true, true, true, true, true, true, false]);
    expect(asked).toHaveLength(16);
    const often = await findCoherentRange(trials, vector, { mode: 'direct', layers: [1] }, ['a'], { unsteered: 0.6 });
    expect(often.onset).toBeNull();
  });
});

describe('steering', () => {
  it('is what the dials add: increments sum to the vector', () => {
    const vector = Float64Array.from({ length: nLayers * dModel }, (_, i) => i);
    const { vectors } = additionOf(vector, { mode: 'increments', layers: [0, 1, 2] }, dModel, 0.5);
    expect([...vectors.get(2)!]).toEqual(Array(dModel).fill(dModel));
    const direct = additionOf(vector, { mode: 'direct', layers: [1] }, dModel, 0.5);
    expect([...direct.vectors.keys()]).toEqual([1]);
    expect(direct.vectors.get(1)![0]).toBe(dModel);
  });
});

describe('progress', () => {
  it('estimates the time left from replies that had to be written', () => {
    let now = 0;
    let fresh = 0;
    const seen: ExtractionProgress[] = [];
    const meter = new ProgressMeter(
      10,
      (progress) => seen.push(progress),
      () => fresh,
      () => now,
    );
    for (let i = 0; i < 4; i++) meter.step('replies', 'Pirate');
    expect(seen.at(-1)).toEqual({ stage: 'replies', subject: 'Pirate', done: 4, total: 10, msLeft: null });
    for (let i = 0; i < 3; i++) {
      now += 1000;
      fresh++;
      meter.step('sweep', 'Pirate');
    }
    expect(seen.at(-1)).toMatchObject({ done: 7, msLeft: 3000 });
    meter.skip(2);
    now += 1000;
    fresh++;
    meter.step('sweep', 'Pirate');
    expect(seen.at(-1)).toMatchObject({ done: 8, total: 8, msLeft: 0 });
  });
});
