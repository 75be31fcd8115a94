/** The Cache API, or the part of it that downloads and WebLLM use, in memory, where the browser has none for us. */
import { inTime } from './patience';
import { downloads } from './stored';
import { storageTrouble } from './trouble';

let provided: Promise<void> | null = null;

/** Once in a thread: if the browser's `caches` is absent or refuses, takes its place until the page closes. WebLLM reads the global one. */
export function provideCaches(): Promise<void> {
  return (provided ??= provide());
}

async function provide(): Promise<void> {
  try {
    await inTime(caches.open('webllm/config'), 'The cache');
  } catch {
    Object.defineProperty(globalThis, 'caches', { value: new MemoryCaches(), configurable: true, writable: true });
    storageTrouble.report({ kind: 'refused', what: downloads });
  }
}

type Address = RequestInfo | URL;

export class MemoryCaches implements Pick<CacheStorage, 'delete' | 'has' | 'keys' | 'match'> {
  readonly #caches = new Map<string, MemoryCache>();

  async open(name: string): Promise<MemoryCache> {
    const cache = this.#caches.get(name) ?? new MemoryCache();
    this.#caches.set(name, cache);
    return cache;
  }

  async match(request: Address): Promise<Response | undefined> {
    for (const cache of this.#caches.values()) {
      const found = await cache.match(request);
      if (found) return found;
    }
    return undefined;
  }

  has = async (name: string): Promise<boolean> => this.#caches.has(name);

  delete = async (name: string): Promise<boolean> => this.#caches.delete(name);

  keys = async (): Promise<string[]> => [...this.#caches.keys()];
}

class MemoryCache implements Pick<Cache, 'add' | 'delete' | 'keys' | 'match' | 'put'> {
  /** By address. A browser may hold a blob outside of the page's own memory. */
  readonly #kept = new Map<string, { body: Blob; init: ResponseInit }>();

  async match(request: Address): Promise<Response | undefined> {
    const kept = this.#kept.get(addressOf(request));
    return kept && new Response(kept.body, kept.init);
  }

  /** Nothing is kept of a body that breaks. */
  async put(request: Address, response: Response): Promise<void> {
    const { status, statusText, headers } = response;
    this.#kept.set(addressOf(request), { body: await response.blob(), init: { status, statusText, headers } });
  }

  async add(request: Address): Promise<void> {
    const response = await fetch(request);
    if (!response.ok) throw new TypeError(`${addressOf(request)}: the server answered ${response.status}`);
    await this.put(request, response);
  }

  delete = async (request: Address): Promise<boolean> => this.#kept.delete(addressOf(request));

  keys = async (): Promise<readonly Request[]> => [...this.#kept.keys()].map((url) => new Request(url));
}

const addressOf = (request: Address): string => (request instanceof Request ? request.url : String(request));
