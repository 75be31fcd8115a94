/** The token loop: sampling, taps while it runs, readings, sums, stopping. Held against float64 where numbers come out. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ResolvedChatRequest } from '../../src/lib/engine/engine';
import { openGpu } from '../../src/lib/gpu/device';
import type { ResolvedIntervention } from '../../src/lib/engine/intervention';
import type { LlamaEngine } from '../../src/lib/llama/engine';
import { referenceForward } from './reference';
import { tinyModel } from './tiny-model';

const gpu = await openGpu();
const model = await tinyModel({}, { scale: 1.6 });
const { dModel, nLayers } = model.config;
let engine: LlamaEngine;
beforeAll(async () => {
  engine = await model.open(gpu);
});
afterAll(() => {
  engine.destroy();
  expect(gpu.live.size).toBe(0);
  gpu.destroy();
});

const messages = [{ role: 'user' as const, content: 'hello you there. who are you' }];
const promptIds = model.files.tokenizer.encodeChat(messages).ids;
const sampling = { temperature: 0, topP: 1, seed: 7, maxTokens: 12 };
const vector = (seed: number) => Float32Array.from({ length: dModel }, (_, i) => Math.sin(seed + i * 1.3));
const everywhere = (seed: number) => new Map([0, 1, 2].map((layer) => [layer, vector(seed + layer)]));
const addition = (coefficient: number, positions: ResolvedIntervention['positions'] = 'all'): ResolvedIntervention => ({
  kind: 'addition',
  vectors: everywhere(3),
  positions,
  coefficient,
  floor: -Infinity,
  ceiling: Infinity,
});

function request(overrides: Partial<ResolvedChatRequest> = {}): ResolvedChatRequest {
  return { messages, interventions: [], probes: [], schedule: [], sampling, ...overrides };
}

/** Greedy tokens by float64, with the interventions of each position where they were in force. */
function referenceTokens(count: number, interventions: ResolvedIntervention[]): number[] {
  const ids = [...promptIds];
  for (let i = 0; i < count; i++) {
    const { logits } = referenceForward(model.config, model.weights, ids, interventions, promptIds.length);
    const last = logits.at(-1)!;
    const next = last.indexOf(Math.max(...last));
    if (model.files.tokenizer.stopTokenIds.has(next)) break;
    ids.push(next);
  }
  return ids.slice(promptIds.length);
}

describe('greedy replies equal float64, steered or not', () => {
  test.each([
    ['plain', []],
    ['addition everywhere', [addition(0.8)]],
    ['addition on the prompt', [addition(0.8, 'prompt')]],
    ['addition on the reply', [addition(0.8, 'response')]],
    ['addition from the last prompt token on', [addition(0.8, 'from-last')]],
    ['a floor', [{ ...addition(1), kind: 'capping' as const, floor: 1.5 }]],
  ])('%s', async (_, interventions) => {
    const { tokens } = await engine.chat(request({ interventions }));
    expect(tokens.map(({ id }) => id)).toEqual(referenceTokens(12, interventions));
    expect(tokens.length).toBeGreaterThan(0);
  });

  test('the cases differ from each other', () => {
    const everywhere = (['all', 'prompt', 'response', 'from-last'] as const).map((positions) => [
      addition(0.8, positions),
    ]);
    const replies = [[], ...everywhere].map((i) => referenceTokens(12, i).join());
    expect(new Set(replies).size).toBe(5);
  });
});

test('alternatives are the most likely tokens, the drawn one among them when greedy', async () => {
  const plain = await engine.chat(request());
  const { tokens } = await engine.chat(request({ topLogprobs: 3 }));
  expect(tokens.map(({ id }) => id)).toEqual(plain.tokens.map(({ id }) => id));
  const ids = [...promptIds, ...tokens.map(({ id }) => id)];
  const { logits } = referenceForward(model.config, model.weights, ids);
  tokens.forEach(({ id, logprob, alternatives }, i) => {
    const row = logits[promptIds.length - 1 + i]!;
    const order = [...row.keys()].sort((a, b) => row[b]! - row[a]!);
    expect(alternatives?.map((other) => other.id)).toEqual(order.slice(0, 3));
    expect(alternatives![0]).toMatchObject({ id, text: model.files.tokenizer.decode([id]) });
    expect(alternatives![0]!.logprob).toBeCloseTo(logprob, 4);
  });
  expect(plain.tokens[0]).not.toHaveProperty('alternatives');
});

test('log-probabilities equal float64', async () => {
  const { tokens } = await engine.chat(request());
  const ids = [...promptIds, ...tokens.map(({ id }) => id)];
  const { logits } = referenceForward(model.config, model.weights, ids);
  tokens.forEach(({ id, logprob }, i) => {
    const row = logits[promptIds.length - 1 + i]!;
    const maximum = Math.max(...row);
    const total = row.reduce((sum, logit) => sum + Math.exp(logit - maximum), 0);
    expect(logprob).toBeCloseTo(row[id]! - maximum - Math.log(total), 4);
  });
});

test('readings: one a token, of prompt and reply, after the interventions of their layer', async () => {
  const interventions = [addition(0.5)];
  const probes = [
    { name: 'a', vectors: new Map([[1, vector(20)]]) },
    { name: 'b', vectors: everywhere(30) },
  ];
  const { tokens, readings } = await engine.chat(request({ interventions, probes }));
  const ids = [...promptIds, ...tokens.map(({ id }) => id)];
  const { residuals } = referenceForward(model.config, model.weights, ids, interventions);
  expect(readings.map(({ probe, layer, phase }) => `${probe}${layer} ${phase}`).sort()).toEqual(
    [
      'a1 prompt',
      'a1 response',
      'b0 prompt',
      'b0 response',
      'b1 prompt',
      'b1 response',
      'b2 prompt',
      'b2 response',
    ].sort(),
  );
  for (const { probe, layer, phase, values } of readings) {
    const v = probes.find(({ name }) => name === probe)!.vectors.get(layer)!;
    const rows =
      phase === 'prompt' ? residuals[layer]!.slice(0, promptIds.length) : residuals[layer]!.slice(promptIds.length);
    expect(values.length).toBe(rows.length);
    rows.forEach((row, t) => {
      const want = row.reduce((sum, value, i) => sum + value * v[i]!, 0);
      expect(Math.abs(values[t]! - want)).toBeLessThan(1e-3 * (1 + Math.abs(want)));
    });
  }
});

test('events bring every reading once: the prompt with the first token, each reply token with the next', async () => {
  const probes = [{ name: 'a', vectors: new Map([[2, vector(5)]]) }];
  const events: { index: number; values: number[]; phases: string[] }[] = [];
  const result = await engine.chat(request({ probes }), {
    onToken: ({ index, readings }) =>
      events.push({
        index,
        values: readings.flatMap(({ values }) => values),
        phases: readings.map(({ phase }) => phase),
      }),
  });
  const of = (phase: string) => result.readings.find((reading) => reading.phase === phase)!.values;
  expect(events[0]!.values).toEqual(of('prompt'));
  expect(events.slice(1).flatMap(({ values }) => values)).toEqual(of('response').slice(0, -1));
  expect(events.map(({ index }) => index)).toEqual(result.tokens.map((_, i) => i));
});

test('sums for extraction equal float64 at every layer, for each site', async () => {
  const two = [
    ...messages,
    { role: 'assistant' as const, content: 'me' },
    { role: 'user' as const, content: 'tell more' },
  ];
  const { ids, message } = model.files.tokenizer.encodeChat(two);
  const { tokens, collected } = await engine.chat(request({ messages: two }), {
    collect: ['message', 'response', 'last'],
  });
  const all = [...ids, ...tokens.map(({ id }) => id)];
  const { residuals } = referenceForward(model.config, model.weights, all);
  const ranges = {
    message: [message.begin, message.end],
    response: [ids.length, all.length],
    last: [ids.length - 1, ids.length],
  };
  expect(message.begin).toBeGreaterThan(promptIds.length - 2);
  expect(message.end).toBeLessThan(ids.length);
  for (const { site, sum, count } of collected) {
    const [begin, end] = ranges[site] as [number, number];
    expect(count).toBe(end - begin);
    for (let layer = 0; layer < nLayers; layer++) {
      for (let i = 0; i < dModel; i++) {
        const want = residuals[layer]!.slice(begin, end).reduce((total, row) => total + row[i]!, 0);
        expect(Math.abs(sum[layer * dModel + i]! - want)).toBeLessThan(2e-3 * (1 + Math.abs(want)));
      }
    }
  }
});

test('a seed decides the reply; another seed gives another', async () => {
  const hot = (seed: number) =>
    engine.chat(request({ sampling: { ...sampling, temperature: 1.5, seed, maxTokens: 20 } }));
  const [first, again, other] = [await hot(1), await hot(1), await hot(2)];
  expect(again.tokens).toEqual(first.tokens);
  expect(other.tokens).not.toEqual(first.tokens);
});

test('a coefficient of 0 gives the plain reply bit for bit, log-probabilities and readings included', async () => {
  const probes = [{ name: 'a', vectors: everywhere(1) }];
  const plain = await engine.chat(request({ probes }));
  const zero = await engine.chat(request({ probes, interventions: [addition(0)] }));
  expect({ ...zero, timings: null }).toEqual({ ...plain, timings: null });
});

test('steer acts on the next token, and its schedule replays to the same reply', async () => {
  let at: number | null = null;
  const live = await engine.chat(request(), {
    onToken: ({ index }) => {
      if (index === 4) at = engine.steer([addition(1.5)]);
    },
  });
  expect(at).toBe(5);
  const replayed = await engine.chat(request({ schedule: [{ token: 5, interventions: [addition(1.5)] }] }));
  const plain = await engine.chat(request());
  expect(replayed.tokens).toEqual(live.tokens);
  expect(live.tokens.slice(0, 5)).toEqual(plain.tokens.slice(0, 5));
  expect(live.tokens[5]).not.toEqual(plain.tokens[5]);
  expect(engine.steer([])).toBeNull();
});

/** A prompt of three passes. */
const long = [{ role: 'user' as const, content: 'abcdefghij'.repeat(28) }];

test('steered while a long prompt is read, a reply begins under what held before, and its schedule replays to it', async () => {
  const ask = { messages: long, sampling: { ...sampling, maxTokens: 6 } };
  const live = engine.chat(request(ask));
  let at: number | null;
  // As soon as there is a reply, its first pass is under way.
  while ((at = engine.steer([addition(1.5)])) === null) await Promise.resolve();
  expect(at).toBe(1);
  const { tokens } = await live;
  const replayed = await engine.chat(request({ ...ask, schedule: [{ token: 1, interventions: [addition(1.5)] }] }));
  const plain = await engine.chat(request(ask));
  expect(tokens).toEqual(replayed.tokens);
  expect(tokens[0]).toEqual(plain.tokens[0]);
  expect(tokens).not.toEqual(plain.tokens);
});

test('of two changes while a long prompt is read, the later one holds', async () => {
  const ask = { messages: long, sampling: { ...sampling, maxTokens: 6 } };
  let isFirst = true;
  const live = engine.chat(request(ask), { onToken: () => void (isFirst = false) });
  while (engine.steer([addition(1.5)]) === null) await Promise.resolve();
  while (isFirst) {
    engine.steer([addition(-1)]);
    await new Promise((resolve) => setTimeout(resolve));
  }
  const { tokens } = await live;
  const replayed = await engine.chat(request({ ...ask, schedule: [{ token: 1, interventions: [addition(-1)] }] }));
  expect(tokens).toEqual(replayed.tokens);
});

test('prefilled words start the reply and count as its positions', async () => {
  const probes = [{ name: 'a', vectors: new Map([[1, vector(9)]]) }];
  const { text, readings, timings } = await engine.chat(request({ prefill: 'well', probes }));
  expect(text.startsWith('well')).toBe(true);
  const response = readings.find(({ phase }) => phase === 'response')!.values;
  expect(timings.promptTokens).toBe(promptIds.length);
  expect(response.length).toBe(4 + timings.responseTokens);
});

test('a prompt of several passes reads like a short one', async () => {
  const { ids } = model.files.tokenizer.encodeChat(long);
  expect(ids.length).toBeGreaterThan(256);
  const probes = [{ name: 'a', vectors: new Map([[2, vector(3)]]) }];
  const { readings, tokens } = await engine.chat(
    request({ messages: long, probes, sampling: { ...sampling, maxTokens: 2 } }),
  );
  const { logits, residuals } = referenceForward(model.config, model.weights, ids);
  expect(tokens[0]!.id).toBe(logits.at(-1)!.indexOf(Math.max(...logits.at(-1)!)));
  readings[0]!.values.forEach((value, t) => {
    const want = residuals[2]![t]!.reduce((sum, x, i) => sum + x * vector(3)[i]!, 0);
    expect(Math.abs(value - want)).toBeLessThan(1e-3 * (1 + Math.abs(want)));
  });
});

test('stops within one token when aborted, and keeps what was written', async () => {
  const controller = new AbortController();
  const result = await engine.chat(request({ sampling: { ...sampling, maxTokens: 200 } }), {
    signal: controller.signal,
    onToken: ({ index }) => index === 2 && controller.abort(),
  });
  expect(result.stopReason).toBe('aborted');
  expect(result.tokens.length).toBe(3);
});

test('ends at the limit, or at the end of the context', async () => {
  const short = await engine.chat(request({ sampling: { ...sampling, maxTokens: 3 } }));
  expect([short.stopReason, short.tokens.length]).toEqual(['length', 3]);
  const content = 'a'.repeat(290);
  const full = await engine.chat(
    request({ messages: [{ role: 'user', content }], sampling: { ...sampling, maxTokens: 99 } }),
  );
  const room = model.config.contextLength - model.files.tokenizer.encodeChat([{ role: 'user', content }]).ids.length;
  expect(full.tokens.length).toBeLessThanOrEqual(room);
  if (full.stopReason === 'length') expect(full.tokens.length).toBe(room);
});

test('a conversation longer than the context is refused with both lengths', async () => {
  const failing = engine.chat(request({ messages: [{ role: 'user', content: 'a'.repeat(400) }] }));
  await expect(failing).rejects.toMatchObject({
    name: 'ContextOverflow',
    message: expect.stringMatching(/40\d tokens .* at most 300/),
  });
});

test('one reply at a time', async () => {
  const first = engine.chat(request());
  await expect(engine.chat(request())).rejects.toMatchObject({ name: 'Busy' });
  expect((await first).tokens.length).toBeGreaterThan(0);
});

test('steering past the range of f32 names the layer, and the next reply is sound', async () => {
  const vectors = new Map([[1, vector(1).map((x) => x * 1e30)]]);
  const failing = engine.chat(request({ interventions: [{ ...addition(1e8), vectors }] }));
  await expect(failing).rejects.toMatchObject({
    name: 'SteeringTooStrong',
    message: expect.stringContaining('layer 1'),
  });
  expect((await engine.chat(request())).tokens.length).toBeGreaterThan(0);
});
