/** Downloads where the Cache API is absent, refuses, or does not answer. */
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { ampleLimits, FakeCaches, folder, lib, serve, tinyModel } from '../downloads/fake-browser';

beforeEach(() => vi.resetModules());
afterEach(() => {
  vi.unstubAllGlobals();
  Reflect.deleteProperty(globalThis, 'caches');
});

async function provide() {
  const { provideCaches } = await import('../../../src/lib/storage/caches');
  const { storageTrouble } = await import('../../../src/lib/storage/trouble');
  const told: unknown[] = [];
  storageTrouble.subscribe((trouble) => told.push(trouble));
  await provideCaches();
  return told;
}

it('leaves a Cache that works alone', async () => {
  const { storage } = new FakeCaches();
  vi.stubGlobal('caches', storage);
  expect(await provide()).toEqual([]);
  expect(globalThis.caches).toBe(storage);
});

const refusals: [string, unknown][] = [
  ['absent', undefined],
  ['refusing', { open: () => Promise.reject(new DOMException('insecure', 'SecurityError')) }],
  [
    'throwing',
    {
      open: () => {
        throw new DOMException('insecure', 'SecurityError');
      },
    },
  ],
];
it.each(refusals)(
  '%s: models are listed, and one downloads for this visit, whatever the quota says',
  async (_, broken) => {
    vi.stubGlobal('caches', broken);
    const files = tinyModel();
    const server = serve(files);
    vi.stubGlobal('fetch', server.fetch);
    vi.stubGlobal('navigator', {
      gpu: { requestAdapter: async () => ({ features: new Set(), limits: ampleLimits }) },
      storage: { estimate: async () => ({ quota: 0, usage: 0 }) },
    });
    const { listCatalogue, findDownload, planDownload } = await import('../../../src/lib/worker/model-downloads');
    const { storageTrouble } = await import('../../../src/lib/storage/trouble');
    const told: unknown[] = [];
    storageTrouble.subscribe((trouble) => told.push(trouble));
    const models = await listCatalogue();
    expect(models.length).toBeGreaterThan(3);
    expect(models.every(({ download }) => download === 'none')).toBe(true);
    expect(told).toContainEqual({ kind: 'refused', what: 'downloaded models' });

    const source = { engine: 'web-llm', url: folder, lib, runtime: '0.2.79' } as const;
    const { signal } = new AbortController();
    expect(await planDownload(source, undefined, signal)).toMatchObject({ freeBytes: null, presentBytes: 0 });
    const store = (await findDownload(source))!.store();
    expect(await store.state()).toBe('none');
    await store.download();
    expect(await store.state()).toBe('complete');
    // As WebLLM looks for it: the global cache, a Request, and the bytes as they were served.
    const cache = await caches.open('webllm/model');
    const shard = await cache.match(new Request(`${folder}params_shard_3.bin`));
    expect(new Uint8Array(await shard!.arrayBuffer())).toEqual(files['params_shard_3.bin']);
    expect((await cache.keys()).map(({ url }) => url)).toContain(`${folder}tokenizer.json`);
    expect(await (await caches.match(`${folder}tokenizer.json`))!.json()).toEqual({ model: {} });
    expect(await store.repair()).toEqual([]);
    await store.delete();
    expect(await store.state()).toBe('none');
  },
);

it('silent: memory takes its place within seconds', async () => {
  vi.useFakeTimers();
  try {
    vi.stubGlobal('caches', { open: () => new Promise(() => undefined) });
    const providing = provide();
    await vi.advanceTimersByTimeAsync(3100);
    expect(await providing).toEqual([{ kind: 'refused', what: 'downloaded models' }]);
  } finally {
    vi.useRealTimers();
  }
});

it('in memory: add fetches as WebLLM asks for it, keeps nothing that failed, and a body that breaks', async () => {
  vi.stubGlobal('caches', undefined);
  await provide();
  const cache = await caches.open('webllm/config');
  vi.stubGlobal('fetch', async (request: Request) =>
    request.url.endsWith('missing') ? new Response('no', { status: 404 }) : new Response('{"a":1}'),
  );
  const there = new Request('https://a.test/there');
  await cache.add(there);
  expect(await (await cache.match(there))!.json()).toEqual({ a: 1 });
  await expect(cache.add(new Request('https://a.test/missing'))).rejects.toThrow('404');
  const breaking = new ReadableStream({ pull: (controller) => controller.error(new Error('cut')) });
  await expect(cache.put('https://a.test/cut', new Response(breaking))).rejects.toThrow('cut');
  expect((await cache.keys()).map(({ url }) => url)).toEqual(['https://a.test/there']);
  expect(await cache.delete(there)).toBe(true);
  expect(await cache.match(there)).toBeUndefined();
});
