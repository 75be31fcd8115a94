/** Which build runs here, and what a download would mean; `navigator` and `caches` are stood in for. */
import { afterEach, expect, test, vi } from 'vitest';
import { findDownload, listCatalogue, planDownload } from '../../../src/lib/worker/model-downloads';
import { catalogue } from '../../../src/lib/downloads/mlc-catalogue';
import { ampleLimits, FakeCaches, memoryLedger, serve, tinyModel } from '../downloads/fake-browser';

vi.mock('../../../src/lib/downloads/digests', async (importOriginal) => ({
  ...(await importOriginal<object>()),
  openLedger: () => memoryLedger(),
}));

afterEach(() => vi.unstubAllGlobals());

function standIn(features: string[], less: Partial<typeof ampleLimits> = {}, shardBytes = 5000) {
  const caches = new FakeCaches();
  const files = tinyModel(6, shardBytes);
  const server = serve({ ...files, 'Qwen2-0.5B-Instruct-q4f16_1-ctx4k_cs1k-webgpu.wasm': files['tiny.wasm']! });
  vi.stubGlobal('caches', caches.storage);
  vi.stubGlobal('fetch', server.fetch);
  vi.stubGlobal('navigator', {
    gpu: { requestAdapter: async () => ({ features: new Set(features), limits: { ...ampleLimits, ...less } }) },
    storage: { estimate: async () => ({ quota: 1e9, usage: 4e8 }) },
  });
  return server;
}

test('lists the build that runs here, and says where there is none', async () => {
  standIn([]);
  const plain = await listCatalogue();
  expect(plain.map(({ id }) => id)).toEqual(catalogue.map(({ id }) => id));
  expect(plain.every(({ download, engine }) => download === 'none' && engine === 'web-llm')).toBe(true);
  expect(plain.filter(({ details }) => details!.unavailable).map(({ id }) => id)).toEqual(['gemma3-1b-it']);
  await expect(findDownload('gemma3-1b-it')).rejects.toMatchObject({
    name: 'NotSupported',
    message: expect.stringContaining('shader-f16'),
  });
  vi.unstubAllGlobals();
  standIn(['shader-f16']);
  const half = await listCatalogue();
  expect(half.every(({ details }) => details!.precision === 'f16' && !details!.unavailable)).toBe(true);
  expect(half[0]!.bytes).toBeLessThan(plain[0]!.bytes);
});

test('plans a download: sizes, room, source', async () => {
  const server = standIn(['shader-f16']);
  const { signal } = new AbortController();
  const plan = await planDownload('Qwen2.5-0.5B-Instruct', undefined, signal);
  expect(plan).toMatchObject({ freeBytes: 6e8, presentBytes: 0, host: 'huggingface.co', isMirror: false });
  expect(plan!.hosts).toEqual(['huggingface.co', 'raw.githubusercontent.com']);
  expect(plan!.details).toMatchObject({ precision: 'f16', isVerified: false, runtime: '0.2.79' });
  expect(await planDownload('Qwen2.5-0.5B-Instruct', 'http://10.0.0.2', signal)).toMatchObject({
    host: '10.0.0.2',
    hosts: ['10.0.0.2'],
    isMirror: true,
  });
  expect(server.asked.filter((name) => name.endsWith('.bin'))).toEqual([]);
  expect(await planDownload('organism-assistant', undefined, signal)).toBeNull();
  expect(await planDownload({ engine: 'wgsl', url: 'https://a.test/' }, undefined, signal)).toBeNull();
});

test('a model by its addresses: newest runtime unless said, and no unknown one', async () => {
  standIn([]);
  const model = {
    engine: 'web-llm',
    url: 'https://a.test/mlc-ai/tiny-MLC/resolve/main/',
    lib: 'https://a.test/l.wasm',
  } as const;
  expect(await findDownload(model)).toMatchObject({ label: 'tiny-MLC', source: { runtime: '0.2.86' }, details: null });
  await expect(findDownload({ ...model, runtime: '0.1.0' })).rejects.toMatchObject({ name: 'BadRequest' });
});

test('names every host that is to be asked: also that of a library which is never kept', async () => {
  standIn([]);
  const { signal } = new AbortController();
  const url = 'https://a.test/mlc-ai/tiny-MLC/resolve/main/';
  const hostsOf = async (lib: string) =>
    (await planDownload({ engine: 'web-llm', url, lib, runtime: '0.2.79' }, 'http://10.0.0.2', signal))!.hosts;
  expect(await hostsOf('https://b.test/tiny.wasm')).toEqual(['a.test', 'b.test']);
  expect(await hostsOf('https://a.test/tiny.wasm')).toEqual(['a.test']);
  expect(await hostsOf('http://localhost:9/tiny.wasm')).toEqual(['a.test', 'localhost:9']);
  expect(await hostsOf('https://huggingface.co/x/tiny.wasm')).toEqual(['a.test', '10.0.0.2']);
});

test.each<[string, Partial<typeof ampleLimits>, string]>([
  [
    'a buffer for its largest tensor',
    { maxBufferSize: 2 ** 28, maxStorageBufferBindingSize: 2 ** 20 },
    'This model needs a buffer of 3 MB (w); this GPU gives at most 1 MB.',
  ],
  [
    'the memory of a workgroup',
    { maxComputeWorkgroupStorageSize: 16_384 },
    "WebLLM's models need maxComputeWorkgroupStorageSize 32768; this GPU gives at most 16384.",
  ],
  [
    'buffers a shader',
    { maxStorageBuffersPerShaderStage: 8 },
    "WebLLM's models need maxStorageBuffersPerShaderStage 10; this GPU gives at most 8.",
  ],
])('a GPU that lacks %s is told with the numbers, before weights are fetched', async (_, less, message) => {
  const server = standIn(['shader-f16'], less, 2_500_000);
  const { signal } = new AbortController();
  await expect(planDownload('Qwen2.5-0.5B-Instruct', undefined, signal)).rejects.toMatchObject({
    name: 'NotSupported',
    message,
  });
  expect(server.asked.filter((name) => /\.(bin|wasm)$/.test(name))).toEqual([]);
});

test('a browser that gives no GPU lists the catalogue all the same, and plans nothing', async () => {
  standIn([]);
  Object.assign(navigator, { gpu: { requestAdapter: async () => null } });
  expect(await listCatalogue()).toHaveLength(catalogue.length);
  const { signal } = new AbortController();
  await expect(planDownload('Qwen2.5-0.5B-Instruct', undefined, signal)).rejects.toMatchObject({
    name: 'WebGpuUnavailable',
    obstacle: 'no-adapter',
  });
});
