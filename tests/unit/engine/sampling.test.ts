import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { drawToken, mostLikely } from '../../../src/lib/engine/sampling';

const logits = Float32Array.from([0, 2, -1, 2, 1, -3]);
const softmax = (temperature: number) => {
  const weights = [...logits].map((x) => Math.exp(x / temperature));
  const total = weights.reduce((a, b) => a + b);
  return weights.map((w) => w / total);
};

describe('drawToken', () => {
  it('is greedy at temperature 0, the first of equals', () => {
    const drawn = drawToken(logits, { temperature: 0, topP: 1, uniform: 0.9 });
    expect(drawn.id).toBe(1);
    expect(drawn.logprob).toBeCloseTo(Math.log(softmax(1)[1]!), 12);
  });

  it.each([0.5, 1, 2])('walks the vocabulary in order of its probabilities at temperature %f', (temperature) => {
    const probabilities = softmax(temperature);
    let begin = 0;
    for (const [id, p] of probabilities.entries()) {
      for (const at of [0.001, 0.999]) {
        const uniform = begin + at * p;
        expect(drawToken(logits, { temperature, topP: 1, uniform }).id).toBe(id);
      }
      begin += p;
    }
  });

  it('draws from the nucleus only, tokens as likely as its last included', () => {
    const drawn = (topP: number) =>
      new Set(Array.from({ length: 100 }, (_, i) => drawToken(logits, { temperature: 1, topP, uniform: i / 100 }).id));
    expect(drawn(0.1)).toEqual(new Set([1, 3]));
    expect(drawn(0.8)).toEqual(new Set([1, 3, 4]));
    expect(drawn(0.95)).toEqual(new Set([0, 1, 3, 4]));
  });

  it('gives the same token for the nucleus by threshold as by sorting everything', () => {
    const finite = fc.float({ min: -20, max: 20, noNaN: true });
    fc.assert(
      fc.property(
        fc.array(finite, { minLength: 1, maxLength: 60 }),
        fc.double({ min: 0.05, max: 0.99, noNaN: true }),
        (xs, topP) => {
          const values = Float32Array.from(xs);
          const top = Math.max(...values);
          const weights = [...values].map((x, id) => ({ id, w: Math.exp(x - top) }));
          const total = weights.reduce((sum, { w }) => sum + w, 0);
          const sorted = [...weights].sort((a, b) => b.w - a.w);
          let mass = 0;
          let last = Infinity;
          for (const { w } of sorted) {
            if (mass >= topP * total && w < last) break;
            mass += w;
            last = w;
          }
          for (let i = 0; i < 20; i++) {
            const { id } = drawToken(values, { temperature: 1, topP, uniform: i / 20 });
            expect(weights[id]!.w).toBeGreaterThanOrEqual(last);
          }
        },
      ),
    );
  });

  it('counts logits that are no number', () => {
    expect(drawToken(Float32Array.from([NaN, 1, Infinity]), { temperature: 0, topP: 1, uniform: 0 }).nonFinite).toBe(2);
  });
});

describe('mostLikely', () => {
  it('lists tokens by likelihood, the first of equals first', () => {
    const top = mostLikely(logits, 3);
    expect(top.map(({ id }) => id)).toEqual([1, 3, 4]);
    const probabilities = softmax(1);
    for (const { id, logprob } of top) expect(logprob).toBeCloseTo(Math.log(probabilities[id]!), 6);
    expect(mostLikely(logits, 20)).toHaveLength(6);
  });
});
