/** What the site stores, counted truly, and all of it gone afterwards; what belongs to others stays. */
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { FakeIndexedDB, FakeStorage, forbidGlobal } from './fake-indexeddb';

let browser: FakeIndexedDB;
let local: FakeStorage;
let tab: FakeStorage;
let scopes: Map<string, Map<string, Response>>;
let unregistered: string[];

/** Caches with what is in `scopes`. */
const fakeCaches = () => ({
  has: async (name: string) => scopes.has(name),
  keys: async () => [...scopes.keys()],
  delete: async (name: string) => scopes.delete(name),
  open: async (name: string) => ({
    keys: async () => [...scopes.get(name)!.keys()].map((url) => ({ url })),
    match: async ({ url }: { url: string }) => scopes.get(name)!.get(url)?.clone(),
  }),
});

beforeEach(() => {
  vi.resetModules();
  browser = new FakeIndexedDB();
  local = new FakeStorage();
  tab = new FakeStorage();
  scopes = new Map();
  unregistered = [];
  const registration = (scope: string) => ({ scope, unregister: async () => unregistered.push(scope) });
  vi.stubGlobal('indexedDB', browser.factory);
  vi.stubGlobal('localStorage', local);
  vi.stubGlobal('sessionStorage', tab);
  vi.stubGlobal('caches', fakeCaches());
  vi.stubGlobal('navigator', {
    serviceWorker: {
      getRegistrations: async () => [registration('https://a.test/scope/'), registration('https://a.test/other/')],
    },
  });
});
afterEach(() => vi.unstubAllGlobals());

/** On every page of it, `https://a.test/scope/extract/` too. */
const site = 'https://a.test/scope/';
const load = () => import('../../../src/lib/storage/inventory');

function fill(): void {
  browser.rows('personascope', 'conversations').set('conversation', 'x'.repeat(500));
  browser.rows('personascope-extract-vectors', 'vectors').set('d a', { vector: new Float32Array(100), name: 'ab' });
  browser.rows('personascope-extract-vectors', 'vectors').set('d b', { vector: new Float32Array(50), name: 'ab' });
  browser.rows('personascope-of-another-version', 'things').set('a', 1);
  browser.rows('somebody-else', 'things').set('a', 1);
  local.kept.set('personascope-theme', 'dark').set('personascope-mirror', 'http://a').set('other', 'x');
  tab.kept.set('personascope-draft', 'Half').set('sveltekit:scroll', '{}').set('other', 'x');
  const folder = 'https://huggingface.co/mlc-ai/tiny-MLC/resolve/main/';
  const sized = (length: number) => new Response('', { headers: { 'content-length': String(length) } });
  scopes.set(
    'webllm/model',
    new Map([
      [`${folder}a.bin`, sized(3e9)],
      [`${folder}tokenizer.json`, new Response('four')],
    ]),
  );
  scopes.set('webllm/config', new Map([[`${folder}mlc-chat-config.json`, sized(20)]]));
  scopes.set('webllm/wasm', new Map([['https://a.test/l.wasm', sized(1000)]]));
  scopes.set('webllm/other', new Map([['https://a.test/o', sized(1)]]));
  scopes.set('personascope-page', new Map([['https://a.test/index.html', new Response('12345')]]));
}

it('is nothing at first, and looking makes nothing', async () => {
  const { listStored } = await load();
  vi.stubGlobal('navigator', {});
  expect(await listStored(site)).toEqual([]);
  expect([...browser.contents.keys()]).toEqual([]);
});

it('is listed by kind with counts, names and bytes', async () => {
  fill();
  const { listStored } = await load();
  expect(await listStored(site)).toEqual([
    { what: 'conversations', count: 1, bytes: 1000, names: [] },
    { what: 'vectors', count: 2, bytes: 400 + 200 + 2 * (12 + 8 + 4), names: [] },
    { what: 'downloaded models', count: 1, bytes: 3e9 + 4 + 20 + 1000, names: ['tiny-MLC'] },
    { what: 'files of the page itself', count: 1, bytes: 5, names: [] },
    { what: 'settings', count: 2, bytes: 2 * (18 + 4 + 19 + 8), names: ['mirror', 'theme'] },
    {
      ...{ what: 'notes of this tab', count: 2, bytes: 2 * (18 + 4 + 16 + 2) },
      names: ['message that is being written', 'sveltekit:scroll'],
    },
    { what: 'service workers', count: 1, bytes: 0, names: [] },
  ]);
  expect(browser.connections.size).toBe(0);
});

it.each([true, false])('is deleted whole, and nothing of others (databases() there: %s)', async (canList) => {
  fill();
  if (!canList) Object.assign(browser, { databases: undefined });
  const { deleteStored, listStored } = await load();
  const { openRecords } = await import('../../../src/lib/storage/records');
  const records = openRecords('personascope', 'conversations');
  expect(await records.get('conversation')).toHaveLength(500);
  expect(await deleteStored(site)).toEqual([]);
  // The page that is still open may not bring anything back.
  await records.set('conversation', 'again');
  const rest = canList ? ['somebody-else'] : ['personascope-of-another-version', 'somebody-else'];
  expect([...browser.contents.keys()].sort()).toEqual(rest);
  expect([...local.kept.keys()]).toEqual(['other']);
  expect([...tab.kept.keys()]).toEqual(['other']);
  expect([...scopes.keys()]).toEqual(['webllm/other']);
  expect(unregistered).toEqual(['https://a.test/scope/']);
  vi.stubGlobal('navigator', {});
  expect(await listStored(site)).toEqual([]);
});

it('is said by name where it could not be deleted; where nothing may be stored, nothing is left', async () => {
  fill();
  vi.useFakeTimers();
  try {
    vi.stubGlobal('navigator', {});
    const restore = forbidGlobal('localStorage');
    const { deleteStored } = await load();
    const request = browser.open('personascope');
    await vi.advanceTimersByTimeAsync(10);
    // A tab of another version that does not let go.
    expect(request.result).toBeDefined();
    const deleting = deleteStored(site);
    await vi.advanceTimersByTimeAsync(11_000);
    expect(await deleting).toEqual(['personascope']);
    restore();
  } finally {
    vi.useRealTimers();
  }
});
