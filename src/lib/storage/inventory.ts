/** What this site has stored in this browser, counted and sized; and the end of all of it. */
import { get, keys } from 'idb-keyval';
import { deleteDatabase, openExisting } from './database';
import { inTime } from './patience';
import { cacheScopes, databases, downloads, ownPrefix, preferenceNames, settings, tabNoteNames } from './stored';
import { storing } from './trouble';

export interface StoredKind {
  /** In a reader's words, in the plural. */
  what: string;
  count: number;
  /** Approximate: what the values hold, not what the browser needs to keep them. */
  bytes: number;
  /** Of what has names. */
  names: string[];
}

/**
 * What is there, one entry a kind; a storage that the browser refuses holds nothing. Nothing is made by looking.
 * @param site address of the site's folder; another site may lie beside it
 */
export async function listStored(site: string): Promise<StoredKind[]> {
  const lists = [listRecords, listDownloads, listOtherCaches, listTexts, () => listWorkers(site)].map(async (list) => {
    try {
      return await inTime(Promise.resolve(list()), 'The storage', 20_000);
    } catch {
      return [];
    }
  });
  return (await Promise.all(lists)).flat().filter(({ count }) => count > 0);
}

/**
 * Deletes all of it. From then on this page keeps nothing: it is to be loaded anew.
 *
 * @param site address of the site's folder
 * @returns names of what could not be deleted
 */
export async function deleteStored(site: string): Promise<string[]> {
  storing.hasEnded = true;
  const failed: string[] = [];
  const remove = async (name: string, work: () => unknown) => {
    try {
      await work();
    } catch (cause) {
      if (!isForbidden(cause)) failed.push(name);
    }
  };
  await Promise.all([
    ...(await databaseNames()).map((name) => remove(name, () => deleteDatabase(name))),
    ...(await cacheNames()).map((name) => remove(name, () => caches.delete(name))),
    remove('service worker', async () => {
      await Promise.all((await ownWorkers(site)).map((registration) => registration.unregister()));
    }),
    ...textStores.map(({ name, open, isOurs }) =>
      remove(name, () => {
        for (const key of namesIn(open()).filter(isOurs)) open().removeItem(key);
      }),
    ),
  ]);
  return failed;
}

async function listRecords(): Promise<StoredKind[]> {
  const kinds: StoredKind[] = [];
  for (const [name, { store, what, ...rest }] of Object.entries(databases)) {
    const counts = 'counts' in rest ? rest.counts : /^/;
    const connection = await openExisting(name).catch(() => null);
    if (!connection) continue;
    try {
      kinds.push({ what, ...(await measure(connection, store, counts)), names: [] });
    } catch {
      // It can't be read; it is deleted with the others all the same.
    } finally {
      connection.close();
    }
  }
  return kinds;
}

/** One record at a time: together they may be larger than the page's memory. @param counts keys of what a reader counts */
async function measure(
  connection: IDBDatabase,
  store: string,
  counts: RegExp,
): Promise<{ count: number; bytes: number }> {
  const use: Parameters<typeof get>[1] = async (mode, callback) =>
    callback(connection.transaction(store, mode).objectStore(store));
  const names = await keys(use);
  let bytes = 0;
  for (const name of names) bytes += sizeOf(await get<unknown>(name, use));
  return { count: names.filter((name) => counts.test(String(name))).length, bytes };
}

/** One entry: models, by the folders that their files came from. */
async function listDownloads(): Promise<StoredKind[]> {
  const folders = new Set<string>();
  let files = 0;
  let bytes = 0;
  for (const scope of cacheScopes) {
    if (!(await caches.has(scope))) continue;
    const cache = await caches.open(scope);
    for (const request of await cache.keys()) {
      const response = await cache.match(request);
      bytes += Number(response?.headers.get('content-length') ?? (await response?.blob())?.size ?? 0);
      files++;
      if (scope !== 'webllm/wasm') folders.add(folderName(request.url));
    }
  }
  return [{ what: downloads, count: folders.size || files, bytes, names: [...folders].sort() }];
}

async function listOtherCaches(): Promise<StoredKind[]> {
  const names = (await cacheNames()).filter((name) => name.startsWith(ownPrefix));
  let count = 0;
  let bytes = 0;
  for (const name of names) {
    const cache = await caches.open(name);
    for (const request of await cache.keys()) {
      count++;
      bytes += (await (await cache.match(request))?.blob())?.size ?? 0;
    }
  }
  return [{ what: 'files of the page itself', count, bytes, names: [] }];
}

function listTexts(): StoredKind[] {
  return textStores.flatMap(({ what, open, isOurs }) => {
    try {
      const store = open();
      const names = namesIn(store).filter(isOurs);
      const bytes = names.reduce((sum, name) => sum + 2 * (name.length + (store.getItem(name)?.length ?? 0)), 0);
      const words: Record<string, string> = { ...preferenceNames, ...tabNoteNames };
      return [{ what, count: names.length, bytes, names: names.map((name) => words[name] ?? name).sort() }];
    } catch {
      return [];
    }
  });
}

async function listWorkers(site: string): Promise<StoredKind[]> {
  return [{ what: 'service workers', count: (await ownWorkers(site)).length, bytes: 0, names: [] }];
}

/** SvelteKit notes in the tab's own storage how far each page was scrolled. */
const textStores = [
  { name: 'localStorage', what: settings, open: () => localStorage, isOurs: isOwn },
  {
    name: 'sessionStorage',
    what: 'notes of this tab',
    open: () => sessionStorage,
    isOurs: (key: string) => isOwn(key) || key.startsWith('sveltekit:'),
  },
];

function namesIn(store: Storage): string[] {
  return Array.from({ length: store.length }, (_, i) => store.key(i)!);
}

function isOwn(name: string): boolean {
  return name.startsWith(ownPrefix);
}

/** Those of this version, and of others if the browser lists them. */
async function databaseNames(): Promise<string[]> {
  const found = await Promise.resolve()
    .then(() => indexedDB.databases())
    .catch(() => []);
  const others = found.map(({ name }) => name ?? '').filter(isOwn);
  return [...new Set([...Object.keys(databases), ...others])];
}

async function cacheNames(): Promise<string[]> {
  const found = await Promise.resolve()
    .then(() => caches.keys())
    .catch(() => []);
  return found.filter((name) => isOwn(name) || (cacheScopes as readonly string[]).includes(name));
}

/** Those of this site's own folder: another site may lie beside it. */
async function ownWorkers(site: string): Promise<readonly ServiceWorkerRegistration[]> {
  const all = (await navigator.serviceWorker?.getRegistrations()) ?? [];
  return all.filter(({ scope }) => scope.startsWith(site));
}

/** Where the page may not even ask, nothing of it can be stored. */
function isForbidden(cause: unknown): boolean {
  return ['SecurityError', 'ReferenceError', 'TypeError', 'NotSupportedError'].includes((cause as Error).name);
}

/** `Qwen2-0.5B-Instruct-q4f16_1-MLC` of `https://…/Qwen2-0.5B-Instruct-q4f16_1-MLC/resolve/main/tokenizer.json`. */
function folderName(url: string): string {
  return (
    url
      .replace(/\/resolve\/.*$|\/[^/]*$/, '')
      .split('/')
      .pop() ?? url
  );
}

/** Bytes of text, numbers and arrays in it, through all levels. */
export function sizeOf(value: unknown): number {
  if (typeof value === 'string') return 2 * value.length;
  if (value instanceof ArrayBuffer || ArrayBuffer.isView(value)) return value.byteLength;
  if (value instanceof Blob) return value.size;
  if (value instanceof Map) return sizeOf([...value]);
  if (typeof value !== 'object' || value === null) return 8;
  return Object.entries(value).reduce(
    (sum, [key, part]) => sum + (Array.isArray(value) ? 0 : 2 * key.length) + sizeOf(part),
    0,
  );
}
