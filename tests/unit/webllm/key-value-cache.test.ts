import { describe, expect, it } from 'vitest';
import type { ResolvedChatRequest } from '../../../src/lib/engine/engine';
import type { ResolvedIntervention } from '../../../src/lib/engine/intervention';
import { KeyValueCache } from '../../../src/lib/webllm/key-value-cache';

const vectors = (...numbers: number[]) => new Map([[1, Float32Array.from(numbers)]]);
const addition = (coefficient: number, positions: ResolvedIntervention['positions'] = 'all'): ResolvedIntervention => {
  return { kind: 'addition', vectors: vectors(1, 2), positions, coefficient, floor: -Infinity, ceiling: Infinity };
};
const ask = (interventions: ResolvedIntervention[] = [], probed = vectors(3, 4)): ResolvedChatRequest => ({
  messages: [],
  sampling: { temperature: 0, topP: 1, seed: 1, maxTokens: 9 },
  schedule: [],
  probes: [{ name: 'v', vectors: probed }],
  interventions,
});

/** A prompt of three tokens and one of the reply, each with its reading. */
function filled(request: ResolvedChatRequest): KeyValueCache {
  const cache = new KeyValueCache();
  cache.start(request);
  cache.append([10, 11, 12], [Float32Array.from([1, 2, 3])]);
  cache.append([13], [Float32Array.from([4])]);
  return cache;
}
const next = [10, 11, 12, 13, 14, 15];

describe('the cache is gone on with', () => {
  it('where the prompt begins with what it holds, and hands the readings over', () => {
    const reused = filled(ask()).reuse(next, ask());
    expect(reused).toEqual({ tokens: 4, readings: [Float32Array.from([1, 2, 3, 4])] });
  });

  it('under the same steering, idle dials left out', () => {
    const before = filled(ask([addition(0.5)]));
    expect(before.reuse(next, ask([addition(0), addition(0.5)]))?.tokens).toBe(4);
  });
});

describe('everything is read anew', () => {
  it.each([
    ['another dial', filled(ask([addition(0.5)])), ask([addition(0.6)])],
    ['steering turned off', filled(ask([addition(0.5)])), ask()],
    ['steering that tells prompt from reply', filled(ask([addition(1, 'response')])), ask([addition(1, 'response')])],
    ['another probe', filled(ask()), ask([], vectors(3, 5))],
    ['a change at the first token', filled(ask()), { ...ask(), schedule: [{ token: 0, interventions: [] }] }],
  ])('after %s', (_, cache, request) => expect(cache.reuse(next, request)).toBeNull());

  it('for other tokens, fewer tokens, or nothing new', () => {
    for (const ids of [
      [10, 11, 99, 13, 14],
      [10, 11, 12],
      [10, 11, 12, 13],
    ]) {
      expect(filled(ask()).reuse(ids, ask())).toBeNull();
    }
  });

  it('after the dials moved mid-reply, or a failure', () => {
    const cache = filled(ask());
    cache.forget();
    expect(cache.reuse(next, ask())).toBeNull();
  });

  it('at first', () => expect(new KeyValueCache().reuse(next, ask())).toBeNull());
});
