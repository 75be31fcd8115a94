/** The sampler against a float64 account of softmax, temperature and nucleus. */
import { expect, test } from 'vitest';
import { randomFloats, runKernel } from './harness';

interface How {
  temperature: number;
  topP: number;
  uniform: number;
}

async function sample(logits: Float32Array, { temperature, topP, uniform }: How, workgroupSize = 256) {
  const got = await runKernel(
    { file: 'sample', constants: { WORKGROUP_SIZE: workgroupSize } },
    {
      logits: { shape: [logits.length], data: logits },
      sampled: { shape: [3], data: new Uint32Array(3), dtype: 'u32' },
    },
    'sampled',
    { d_vocab: logits.length, temperature, top_p: topP, uniform_draw: uniform },
    [1],
  );
  const bits = new Uint32Array(got.buffer);
  return { token: bits[0]!, logprob: got[1]!, nonFinite: bits[2]! };
}

/** Tokens of the nucleus in order of id, with cumulated probability. */
function nucleus(logits: Float32Array, temperature: number, topP: number): { token: number; upTo: number }[] {
  const maximum = Math.max(...logits);
  const masses = Array.from(logits, (logit, token) => ({ token, mass: Math.exp((logit - maximum) / temperature) }));
  const total = masses.reduce((sum, { mass }) => sum + mass, 0);
  let kept = 0;
  const chosen = masses
    .sort((a, b) => b.mass - a.mass)
    .filter(({ mass }) => {
      const isNeeded = kept < topP * total;
      if (isNeeded) kept += mass;
      return isNeeded;
    });
  let upTo = 0;
  return chosen.sort((a, b) => a.token - b.token).map(({ token, mass }) => ({ token, upTo: (upTo += mass / kept) }));
}

test.each([1, 5, 255, 256, 257, 1801])(
  'greedy over %i tokens: the largest logit, its log-probability',
  async (dVocab) => {
    const logits = randomFloats(dVocab, dVocab, 5);
    const { token, logprob, nonFinite } = await sample(
      logits,
      { temperature: 0, topP: 1, uniform: 0.5 },
      dVocab % 2 ? 256 : 64,
    );
    const maximum = Math.max(...logits);
    const total = logits.reduce((sum, logit) => sum + Math.exp(logit - maximum), 0);
    expect(token).toBe(logits.indexOf(maximum));
    expect(logprob).toBeCloseTo(-Math.log(total), 4);
    expect(nonFinite).toBe(0);
  },
);

test('greedy takes the first of equal logits', async () => {
  const logits = new Float32Array(600).fill(-1);
  logits[37] = logits[300] = logits[599] = 2;
  expect((await sample(logits, { temperature: 0, topP: 1, uniform: 0 })).token).toBe(37);
});

test.each([
  { temperature: 1, topP: 1 },
  { temperature: 0.7, topP: 0.95 },
  { temperature: 1.5, topP: 0.5 },
  { temperature: 1, topP: 1e-6 },
])('draws at temperature $temperature and top-p $topP fall where float64 puts them', async ({ temperature, topP }) => {
  const logits = randomFloats(21, 403, 4);
  const kept = nucleus(logits, temperature, topP);
  let checked = 0;
  for (let i = 0; i < 24; i++) {
    const uniform = Math.fround((i + 0.5) / 24);
    const at = kept.findIndex(({ upTo }) => uniform < upTo);
    const isNearEdge = kept.some(({ upTo }) => Math.abs(upTo - uniform) < 1e-5);
    if (isNearEdge && kept.length > 1) continue;
    const { token, logprob } = await sample(logits, { temperature, topP, uniform }, i % 2 ? 64 : 256);
    expect(token).toBe(kept[at]!.token);
    const total = logits.reduce((sum, logit) => sum + Math.exp(logit), 0);
    expect(logprob).toBeCloseTo(logits[token]! - Math.log(total), 4);
    checked++;
  }
  expect(checked).toBeGreaterThan(15);
});

test('counts logits that are not finite', async () => {
  const logits = randomFloats(22, 300);
  logits[3] = NaN;
  logits[200] = Infinity;
  logits[299] = -Infinity;
  expect((await sample(logits, { temperature: 0, topP: 1, uniform: 0 })).nonFinite).toBe(3);
});
