/** Downloads of WebLLM's models, on a fake Cache and a server that misbehaves. */
import { expect, test } from 'vitest';
import { ModelStore, type DownloadProgress, type StoreOptions } from '../../../src/lib/downloads/store';
import { cutBody, FakeCaches, folder, lib, md5, memoryLedger, serve, tinyModel, type Misbehave } from './fake-browser';

const source = { url: folder, lib, runtime: '0.2.79' } as const;
const files = tinyModel();
const total = Object.values(files).reduce((sum, { length }) => sum + length, 0);

function setUp(misbehave?: Misbehave, options: StoreOptions = {}, served = files) {
  const caches = new FakeCaches();
  const ledger = memoryLedger();
  const server = serve(served, misbehave);
  const open = (more: StoreOptions = {}) =>
    new ModelStore(source, {
      ...{ caches: caches.storage, ledger, fetch: server.fetch, retryDelay: 1 },
      ...{ storage: { estimate: async () => ({ quota: caches.quota, usage: caches.usage }) }, ...options, ...more },
    });
  return { caches, ledger, server, open, store: open() };
}

test('downloads what WebLLM reads into the scopes it reads, and says how far it is', async () => {
  const { caches, server, store } = setUp();
  expect(await store.state()).toBe('none');
  const plan = await store.plan();
  expect(plan).toMatchObject({ totalBytes: total, presentBytes: 0, host: 'huggingface.co' });
  expect(caches.names()).toEqual([]);
  const progress: DownloadProgress[] = [];
  await store.download(undefined, (event) => progress.push(event));
  expect(progress[0]).toMatchObject({ loadedBytes: 0, totalBytes: total });
  expect(progress.at(-1)).toMatchObject({ loadedBytes: total, totalBytes: total });
  expect([...caches.scopes.get('webllm/config')!.keys()]).toEqual([`${folder}mlc-chat-config.json`]);
  expect([...caches.scopes.get('webllm/wasm')!.keys()]).toEqual([lib]);
  expect([...caches.scopes.get('webllm/model')!.keys()].sort()).toEqual(
    Object.keys(files)
      .filter((name) => !['mlc-chat-config.json', 'tiny.wasm'].includes(name))
      .map((name) => folder + name)
      .sort(),
  );
  for (const scope of caches.scopes.values())
    for (const [url, { bytes }] of scope) expect(bytes).toEqual(files[url.split('/').pop()!]);
  expect(await store.state()).toBe('complete');

  const before = server.asked.length;
  await store.download();
  expect(server.asked.length).toBe(before);
});

test('the newer runtime has its manifest under another name, and a folder without revision is completed as WebLLM does', async () => {
  const { 'ndarray-cache.json': manifest, ...rest } = files;
  const { caches, open } = setUp(undefined, {}, { ...rest, 'tensor-cache.json': manifest! });
  void open;
  const server = serve({ ...rest, 'tensor-cache.json': manifest! });
  const store = new ModelStore(
    { url: 'https://huggingface.co/mlc-ai/tiny-MLC', lib, runtime: '0.2.86' },
    { caches: caches.storage, ledger: memoryLedger(), fetch: server.fetch },
  );
  expect(store.folder).toBe(folder);
  await store.download();
  expect(caches.names()).toContain('tensor-cache.json');
});

test('a shard that is not there ends the download with its name; what is complete is kept and not fetched again', async () => {
  let isMissing = true;
  const { caches, server, store } = setUp((name) =>
    isMissing && name === 'params_shard_5.bin' ? new Response('no', { status: 404 }) : undefined,
  );
  await expect(store.download()).rejects.toMatchObject({
    name: 'DownloadFailed',
    message: 'params_shard_5.bin: the server answered 404: there is no such file.',
    nextStep: expect.stringContaining('address'),
  });
  expect(server.asked.filter((name) => name === 'params_shard_5.bin').length).toBe(1);
  expect(await store.state()).toBe('partial');
  expect(caches.names()).toContain('params_shard_0.bin');
  isMissing = false;
  await store.download();
  expect(await store.state()).toBe('complete');
  expect(server.asked.filter((name) => name === 'params_shard_0.bin').length).toBe(1);
});

test('a cut connection is tried again, and its bytes are not counted twice', async () => {
  const { server, store } = setUp((name, attempt) => {
    if (attempt > 1) return undefined;
    if (name === 'params_shard_1.bin') return cutBody(files[name]!, 2000);
    // A server that ends too early without an error.
    if (name === 'params_shard_2.bin') return new Response(files[name]!.slice(0, 100));
    return undefined;
  });
  const progress: DownloadProgress[] = [];
  await store.download(undefined, (event) => progress.push(event));
  expect(server.asked.filter((name) => name === 'params_shard_1.bin').length).toBe(3);
  expect(progress.at(-1)!.loadedBytes).toBe(total);
  expect(await store.state()).toBe('complete');
});

test('a connection that stays cut fails after four attempts', async () => {
  const { server, store } = setUp((name) => (name === 'tokenizer.json' ? cutBody(files[name]!, 3) : undefined));
  await expect(store.download()).rejects.toMatchObject({
    name: 'DownloadFailed',
    message: expect.stringMatching(/tokenizer.json.*4 attempts/),
  });
  expect(server.asked.filter((name) => name === 'tokenizer.json').length).toBe(4);
});

test('a shard with a wrong digest is fetched again; if it stays wrong nothing of it is kept', async () => {
  const damaged = files['params_shard_3.bin']!.slice();
  damaged[7]! ^= 1;
  const once = setUp((name, attempt) =>
    name === 'params_shard_3.bin' && attempt === 0 ? new Response(damaged) : undefined,
  );
  await once.store.download();
  expect(await once.store.state()).toBe('complete');

  const always = setUp((name) => (name === 'params_shard_3.bin' ? new Response(damaged) : undefined));
  await expect(always.store.download()).rejects.toMatchObject({
    name: 'DownloadFailed',
    message: expect.stringContaining(`its digest is md5:${md5(damaged)}`),
    nextStep: expect.stringContaining('another source'),
  });
  expect(always.caches.names()).not.toContain('params_shard_3.bin');
});

test('a file without a digest in the manifest must stay what it was at the first download', async () => {
  const changed = new Uint8Array(900).fill(8);
  let isChanged = false;
  const { caches, ledger, store } = setUp((name) =>
    isChanged && name === 'tiny.wasm' ? new Response(changed) : undefined,
  );
  await store.download();
  expect(ledger.records.get(lib)).toMatchObject({ bytes: 900, digest: expect.stringMatching(/^sha256:[0-9a-f]{64}$/) });
  caches.scopes.get('webllm/wasm')!.clear();
  isChanged = true;
  await expect(store.download()).rejects.toMatchObject({
    name: 'DownloadFailed',
    message: expect.stringMatching(/^tiny.wasm is another file than at its first download/),
    nextStep: expect.stringContaining('Delete the model'),
  });
  await store.delete();
  await store.download();
  expect(await store.state()).toBe('complete');
});

test('too little room is said before anything is fetched', async () => {
  const { caches, server, store } = setUp();
  caches.quota = 20_000;
  await expect(store.download()).rejects.toMatchObject({
    name: 'StorageFull',
    message: '1 MB are to be downloaded, and the browser has room for 1 MB.',
    nextStep: expect.stringContaining('Delete a downloaded model'),
  });
  expect(server.asked).toEqual(['mlc-chat-config.json', 'ndarray-cache.json']);
});

test('storage that fills up on the way ends at once, and a retry goes on from there', async () => {
  const { caches, server, open } = setUp();
  const store = open({ storage: { estimate: async () => ({ quota: Infinity, usage: 0 }) } });
  caches.quota = 20_000;
  await expect(store.download()).rejects.toMatchObject({ name: 'StorageFull' });
  const kept = caches.names();
  expect(kept.length).toBeGreaterThan(2);
  caches.quota = Infinity;
  await store.download();
  expect(await store.state()).toBe('complete');
  for (const name of kept) expect([name, server.asked.filter((other) => other === name).length]).toEqual([name, 1]);
});

test('cancelling keeps complete files, and nothing half', async () => {
  const controller = new AbortController();
  const { caches, server, store } = setUp((name, _, signal) => {
    if (name !== 'params_shard_4.bin' || controller.signal.aborted) return undefined;
    return new Response(
      new ReadableStream({
        start: (stream) => {
          stream.enqueue(files[name]!.slice(0, 1000));
          signal!.addEventListener('abort', () => stream.error(signal!.reason));
          setTimeout(() => controller.abort(), 20);
        },
      }),
    );
  });
  await expect(store.download(controller.signal)).rejects.toMatchObject({
    name: 'Aborted',
    nextStep: 'What is complete is kept: start it again to go on.',
  });
  expect(caches.names()).toContain('params_shard_0.bin');
  expect(caches.names()).not.toContain('params_shard_4.bin');
  expect(await store.state()).toBe('partial');
  const plan = await store.plan();
  expect(plan.presentBytes).toBe(total - files['params_shard_4.bin']!.length);
  await store.download();
  expect(server.asked.filter((name) => name === 'params_shard_0.bin').length).toBe(1);
});

test('repair finds damaged, short and changed files, and fetches just these', async () => {
  const { caches, server, store } = setUp();
  await store.download();
  const model = caches.scopes.get('webllm/model')!;
  model.get(`${folder}params_shard_2.bin`)!.bytes[10]! ^= 1;
  model.get(`${folder}tokenizer.json`)!.bytes[1]! ^= 1;
  model.get(`${folder}ndarray-cache.json`)!.bytes[1]! ^= 1;
  model.delete(`${folder}params_shard_0.bin`);
  server.asked.length = 0;
  let checked = [0, 0];
  const wrong = await store.repair(undefined, undefined, (...event) => (checked = event));
  expect(wrong.sort()).toEqual(['ndarray-cache.json', 'params_shard_2.bin', 'tokenizer.json']);
  expect(checked[0]).toBe(checked[1]);
  expect([...new Set(server.asked)].sort()).toEqual([
    'ndarray-cache.json',
    'params_shard_0.bin',
    'params_shard_2.bin',
    'tokenizer.json',
  ]);
  expect(await store.repair()).toEqual([]);
});

test('delete leaves nothing, and no other model', async () => {
  const { caches, ledger, store } = setUp();
  const other = 'https://huggingface.co/mlc-ai/other-MLC/resolve/main/params_shard_0.bin';
  await (await caches.open('webllm/model')).put(other, new Response('x'));
  await store.download();
  await store.delete();
  expect(caches.names()).toEqual(['params_shard_0.bin']);
  expect(ledger.records.size).toBe(0);
  expect(await store.state()).toBe('none');
});

test('a mirror serves the same paths, and WebLLM never knows of it', async () => {
  const { caches, server, open } = setUp();
  const store = open({ mirror: 'http://192.168.0.2:8080/models/' });
  expect((await store.plan()).host).toBe('192.168.0.2:8080');
  await store.download();
  expect(new Set(server.urls.map((url) => url.replace(/[^/]*$/, '')))).toEqual(
    new Set([
      'http://192.168.0.2:8080/models/mlc-ai/tiny-MLC/resolve/main/',
      'http://192.168.0.2:8080/models/mlc-ai/binary-mlc-llm-libs/main/web-llm-models/v0_2_48/',
    ]),
  );
  const cached = [...caches.scopes.values()].flatMap((scope) => [...scope.keys()]);
  expect(cached.every((url) => url.startsWith(folder) || url === lib)).toBe(true);
  await expect(open({ mirror: 'javascript:alert(1)' }).plan()).rejects.toMatchObject({ name: 'BadRequest' });
});

test('a library on localhost is left to WebLLM, which does not look for it in its cache', async () => {
  const { caches, server } = setUp();
  const local = { ...source, lib: 'http://localhost:8080/tiny.wasm' };
  const store = new ModelStore(local, { caches: caches.storage, ledger: memoryLedger(), fetch: server.fetch });
  await store.download();
  expect(server.asked).not.toContain('tiny.wasm');
  expect(await store.state()).toBe('complete');
});

test.each(['', 'models/tiny', 'ftp://a.b/c', 'https://user:pass@a.b/c', 'https://a.b/c?x=1'])(
  'refuses the address "%s"',
  (url) => {
    const open = () => new ModelStore({ ...source, url }, { caches: new FakeCaches().storage, ledger: memoryLedger() });
    expect(open).toThrow(expect.objectContaining({ name: 'BadRequest' }));
  },
);
