/** As much of IndexedDB as the page uses, which can refuse, stay silent, be full, and close under whoever uses it. */

type Rows = Map<string, unknown>;
type Handler = (() => void) | null;

interface FakeRequest {
  result?: unknown;
  error?: DOMException;
  transaction?: unknown;
  onsuccess: Handler;
  onerror: Handler;
  onupgradeneeded: Handler;
}

const later = (act: () => void) => void setTimeout(act);

export class FakeIndexedDB {
  /** database -> store -> key -> value */
  readonly contents = new Map<string, Map<string, Rows>>();
  readonly connections = new Set<FakeConnection>();
  opening: 'answers' | 'throws' | 'fails' | 'is silent' = 'answers';
  /** Name of the error that the next transactions that write end with. */
  writing: string | null = null;
  opened = 0;

  /** Puts it in place of the browser's. */
  get factory(): IDBFactory {
    return this as unknown as IDBFactory;
  }

  rows(database: string, store: string): Rows {
    const stores = this.contents.get(database) ?? new Map<string, Rows>();
    this.contents.set(database, stores);
    const rows = stores.get(store) ?? new Map<string, unknown>();
    stores.set(store, rows);
    return rows;
  }

  databases = async () => [...this.contents.keys()].map((name) => ({ name, version: 1 }));

  open(name: string): FakeRequest {
    this.opened++;
    if (this.opening === 'throws') throw new DOMException('The operation is insecure.', 'SecurityError');
    const request = newRequest();
    if (this.opening === 'is silent') return request;
    later(() => {
      if (this.opening === 'fails') return fail(request, 'UnknownError');
      const isNew = !this.contents.has(name);
      let isAborted = false;
      const connection = new FakeConnection(this, name);
      request.result = connection;
      if (isNew) {
        this.contents.set(name, new Map());
        request.transaction = { abort: () => (isAborted = true) };
        request.onupgradeneeded?.();
      }
      if (isAborted) {
        this.contents.delete(name);
        return later(() => fail(request, 'AbortError'));
      }
      this.connections.add(connection);
      request.onsuccess?.();
    });
    return request;
  }

  deleteDatabase(name: string): FakeRequest {
    const request = newRequest();
    later(() => {
      for (const connection of this.connections) if (connection.name === name) connection.onversionchange?.();
      if ([...this.connections].some((connection) => connection.name === name)) return;
      this.contents.delete(name);
      request.onsuccess?.();
    });
    return request;
  }

  /** As a browser does whose disk fails, or whose user clears its data. */
  closeAll(): void {
    for (const connection of [...this.connections]) {
      connection.close();
      connection.onclose?.();
    }
  }
}

class FakeConnection {
  onclose: Handler = null;
  onversionchange: Handler = null;

  constructor(
    private readonly browser: FakeIndexedDB,
    readonly name: string,
  ) {}

  createObjectStore = (store: string) => void this.browser.rows(this.name, store);

  close = () => void this.browser.connections.delete(this);

  transaction(store: string, mode: string) {
    if (!this.browser.connections.has(this)) throw new DOMException('closing', 'InvalidStateError');
    if (!this.browser.contents.get(this.name)?.has(store)) throw new DOMException('no such store', 'NotFoundError');
    const rows = this.browser.rows(this.name, store);
    const queue: (() => void)[] = [];
    const changes: (() => void)[] = [];
    const transaction: Record<string, unknown> & { oncomplete?: Handler; onabort?: Handler; error?: DOMException } = {};
    const ask = (work: () => unknown) => {
      const request = newRequest();
      queue.push(() => {
        request.result = work();
        request.onsuccess?.();
      });
      return request;
    };
    const step = () => {
      const next = queue.shift();
      if (next) {
        next();
        return later(step);
      }
      const error = mode === 'readwrite' ? this.browser.writing : null;
      if (error) {
        transaction.error = new DOMException('refused', error);
        return transaction.onabort?.();
      }
      for (const change of changes) change();
      transaction.oncomplete?.();
    };
    later(step);
    const objectStore = {
      transaction,
      get: (key: string) => ask(() => structuredClone(rows.get(key))),
      getAllKeys: () => ask(() => [...rows.keys()]),
      put: (value: unknown, key: string) => {
        const copy = structuredClone(value);
        return ask(() => changes.push(() => rows.set(key, copy)));
      },
      delete: (key: string) => ask(() => changes.push(() => rows.delete(key))),
    };
    transaction.objectStore = () => objectStore;
    return transaction;
  }
}

function newRequest(): FakeRequest {
  return { onsuccess: null, onerror: null, onupgradeneeded: null };
}

function fail(request: FakeRequest, name: string): void {
  request.error = new DOMException('refused', name);
  request.onerror?.();
}

/** localStorage, which can refuse to be touched at all, or to take more. */
export class FakeStorage {
  readonly kept = new Map<string, string>();
  isFull = false;

  get length(): number {
    return this.kept.size;
  }

  key = (i: number) => [...this.kept.keys()][i] ?? null;
  getItem = (key: string) => this.kept.get(key) ?? null;
  removeItem = (key: string) => void this.kept.delete(key);
  setItem = (key: string, value: string) => {
    if (this.isFull) throw new DOMException('full', 'QuotaExceededError');
    this.kept.set(key, value);
  };
}

/** As a page meets it whose cookies are blocked: naming it throws. */
export function forbidGlobal(name: string): () => void {
  const before = Object.getOwnPropertyDescriptor(globalThis, name);
  Object.defineProperty(globalThis, name, {
    configurable: true,
    get: () => {
      throw new DOMException('Access is denied for this document.', 'SecurityError');
    },
  });
  return () => {
    if (before) Object.defineProperty(globalThis, name, before);
    else Reflect.deleteProperty(globalThis, name);
  };
}
