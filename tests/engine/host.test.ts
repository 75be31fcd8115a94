/** The protocol's methods on real models: loading, keeping what was loaded when the next fails, names resolved, cancelling. */
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { EngineHost } from '../../src/lib/worker/host';
import type { LoadProgress, Method, Methods } from '../../src/lib/worker/protocol';
import { fetchLocal, localUrl } from './local-files';

const baseUrl = localUrl(`${process.cwd()}/static`);
const host = new EngineHost({ lost: () => undefined, unloaded: () => undefined });
beforeAll(() => vi.stubGlobal('fetch', fetchLocal));
afterAll(() => vi.unstubAllGlobals());

function context<M extends Method>(signal = new AbortController().signal) {
  const events: Methods[M]['event'][] = [];
  return { signal, events, emit: (event: Methods[M]['event']) => void events.push(event) };
}

/** Of the embedded model, loaded with no other before it. */
let gpuBytesAlone = 0;

const ask = {
  messages: [{ role: 'user' as const, content: 'What is a volcano?' }],
  sampling: { temperature: 0, maxTokens: 8 },
};

test('before a model is loaded, every question says so', async () => {
  await expect(host.chat(ask, context<'chat'>())).rejects.toMatchObject({ name: 'NoModel' });
  await expect(host.vectors()).rejects.toMatchObject({ name: 'NoModel' });
});

test('loads the embedded model with its persona space, and reports bytes', async () => {
  const loading = context<'load'>();
  const { info, personaSpace } = await host.load({ model: 'organism-assistant', baseUrl }, loading);
  expect(info.targetLayer).toBe(personaSpace!.targetLayer);
  gpuBytesAlone = info.gpuBytes;
  const weights = (loading.events as LoadProgress[]).filter(({ phase }) => phase === 'weights').at(-1)!;
  expect(weights.loadedBytes).toBe(weights.totalBytes);
  expect(weights.totalBytes).toBeGreaterThan(1e6);
});

test('a model that cannot be loaded leaves the loaded one answering', async () => {
  const bad = { engine: 'wgsl' as const, url: localUrl(`${process.cwd()}/static/fonts`) };
  await expect(host.load({ model: bad, baseUrl }, context<'load'>())).rejects.toMatchObject({
    name: expect.stringMatching(/BadModel|DownloadFailed/),
  });
  await expect(host.load({ model: 'nothing', baseUrl }, context<'load'>())).rejects.toMatchObject({
    name: 'BadRequest',
  });
  const { tokens } = await host.chat(ask, context<'chat'>());
  expect(tokens.length).toBe(8);
});

test('a load that is cancelled says so, and the loaded model stays', async () => {
  const controller = new AbortController();
  controller.abort();
  const failing = host.load({ model: 'organism-base', baseUrl }, context<'load'>(controller.signal));
  await expect(failing).rejects.toMatchObject({ name: expect.stringMatching(/Abort/) });
  expect((await host.chat(ask, context<'chat'>())).tokens.length).toBe(8);
});

test('the bytes of a model are its own, also while the one before it is still there', async () => {
  const load = (model: string) => host.load({ model, baseUrl }, context<'load'>());
  const base = (await load('organism-base')).info.gpuBytes;
  expect(base).toBeGreaterThan(1e6);
  const { info } = await load('organism-assistant');
  expect((await load('organism-base')).info.gpuBytes).toBe(base);
  expect((await load('organism-assistant')).info.gpuBytes).toBe(info.gpuBytes);
  expect(info.gpuBytes).toBe(gpuBytesAlone);
});

test('named vectors steer, and what is unknown is refused by field', async () => {
  const names = (await host.vectors()).map(({ name }) => name);
  expect(names).toContain('assistant-axis');
  const plain = await host.chat(ask, context<'chat'>());
  const away = { kind: 'addition' as const, vector: 'assistant-axis', coefficient: -2 };
  const steered = await host.chat({ ...ask, interventions: [away] }, context<'chat'>());
  expect(steered.tokens.map(({ logprob }) => logprob)).not.toEqual(plain.tokens.map(({ logprob }) => logprob));
  const failing = host.chat({ ...ask, interventions: [away, { ...away, layers: [99] }] }, context<'chat'>());
  await expect(failing).rejects.toMatchObject({
    name: 'BadRequest',
    message: expect.stringContaining('interventions[1]'),
  });
});

test('a reply without a seed draws one and reports it; with it, the reply comes again', async () => {
  const hot = { ...ask, sampling: { temperature: 1.2, maxTokens: 10 } };
  const first = await host.chat(hot, context<'chat'>());
  const again = await host.chat({ ...hot, sampling: { ...hot.sampling, seed: first.seed } }, context<'chat'>());
  expect(again.tokens).toEqual(first.tokens);
});
