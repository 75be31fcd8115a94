/** Records under text keys: in the browser's IndexedDB, and in memory where it refuses or has no room. */
import { delMany, get, keys, set, update, type UseStore } from 'idb-keyval';
import { openStore } from './database';
import { databases, type DatabaseName } from './stored';
import { storing, storageTrouble } from './trouble';

export interface Records {
  get(key: string): Promise<unknown>;
  /** @throws DOMException `DataCloneError` for what cannot be copied */
  set(key: string, value: unknown): Promise<void>;
  /** Reads and writes as one step: no other tab writes in between. @param change throws to leave the record as it is; may be called twice */
  update(key: string, change: (before: unknown) => unknown): Promise<void>;
  delete(keys: string[]): Promise<void>;
  keys(): Promise<string[]>;
}

/**
 * Never fails for want of storage: from the first refusal on, memory answers, with what was read and written here before; what there
 * is no room for is held in memory too. Either is told to `storageTrouble`.
 *
 * @param isBulky not held in memory while the browser keeps it: once that refuses, what it kept before is out of reach
 */
export function openRecords(database: DatabaseName, store: string, { isBulky = false } = {}): Records {
  return new BrowserRecords(openStore(database, store), databases[database].what, isBulky);
}

class BrowserRecords implements Records {
  readonly #store: UseStore;
  readonly #what: string;
  readonly #isBulky: boolean;
  /** Answers when the browser does not. */
  readonly #here = new MemoryRecords();
  /** Keys whose record, or whose absence, is known here only. */
  readonly #unkept = new Set<string>();
  #isRefused = false;

  constructor(store: UseStore, what: string, isBulky: boolean) {
    this.#store = store;
    this.#what = what;
    this.#isBulky = isBulky;
  }

  async get(key: string): Promise<unknown> {
    const kept = this.#unkept.has(key) ? null : await this.#ask(() => get<unknown>(key, this.#store));
    if (!kept) return this.#here.get(key);
    if (kept.answer !== undefined && !this.#isBulky) await this.#here.set(key, kept.answer);
    return kept.answer;
  }

  async set(key: string, value: unknown): Promise<void> {
    // What cannot be copied fails before anything else can.
    const copy: unknown = structuredClone(value);
    const isKept = (await this.#ask(() => set(key, copy, this.#store))) !== null;
    await this.#note(key, copy, isKept);
  }

  async update(key: string, change: (before: unknown) => unknown): Promise<void> {
    if (this.#unkept.has(key)) return this.set(key, change(await this.#here.get(key)));
    const changed: unknown[] = [];
    const work = (before: unknown) => {
      try {
        changed[0] = structuredClone(change(before));
      } catch (cause) {
        throw new OwnFault(cause);
      }
      return changed[0];
    };
    const isKept = (await this.#ask(() => update(key, work, this.#store))) !== null;
    const value = changed.length > 0 ? changed[0] : change(await this.#here.get(key));
    await this.#note(key, value, isKept);
  }

  async delete(names: string[]): Promise<void> {
    const isKept = await this.#ask(() => delMany(names, this.#store));
    await this.#here.delete(names);
    for (const name of names) this.#mark(name, isKept !== null);
  }

  async keys(): Promise<string[]> {
    const kept = await this.#ask(() => keys<string>(this.#store));
    const here = await this.#here.keys();
    if (!kept) return here;
    return [...kept.answer.filter((key) => !this.#unkept.has(key)), ...here.filter((key) => this.#unkept.has(key))];
  }

  async #note(key: string, value: unknown, isKept: boolean): Promise<void> {
    this.#mark(key, isKept);
    if (isKept && this.#isBulky) await this.#here.delete([key]);
    else await this.#here.set(key, value);
  }

  #mark(key: string, isKept: boolean): void {
    if (isKept) this.#unkept.delete(key);
    else this.#unkept.add(key);
  }

  /** Null: the browser did not do it. @throws what is the caller's own fault */
  async #ask<T>(work: () => Promise<T>): Promise<{ answer: T } | null> {
    if (this.#isRefused || storing.hasEnded) return null;
    try {
      return { answer: await work() };
    } catch (cause) {
      if (cause instanceof OwnFault) throw cause.cause;
      const { name } = cause as Error;
      if (['DataCloneError', 'DataError'].includes(name)) throw cause;
      const kind = name === 'QuotaExceededError' ? 'full' : 'refused';
      if (kind === 'refused') this.#isRefused = true;
      storageTrouble.report({ kind, what: this.#what });
      return null;
    }
  }
}

/** What the caller of `update` did wrong, on its way through the browser. */
class OwnFault extends Error {
  constructor(override readonly cause: unknown) {
    super('not the browser’s');
  }
}

/** Copies on the way in and out, as a browser does. */
export class MemoryRecords implements Records {
  readonly #map = new Map<string, unknown>();

  get = async (key: string): Promise<unknown> => structuredClone(this.#map.get(key));

  set = async (key: string, value: unknown): Promise<void> => void this.#map.set(key, structuredClone(value));

  update = async (key: string, change: (before: unknown) => unknown): Promise<void> =>
    void this.#map.set(key, structuredClone(change(structuredClone(this.#map.get(key)))));

  delete = async (names: string[]): Promise<void> => names.forEach((name) => this.#map.delete(name));

  keys = async (): Promise<string[]> => [...this.#map.keys()];
}

/** The part of the records whose keys begin so. */
export function within(records: Records, prefix: string): Records {
  return {
    get: (key) => records.get(prefix + key),
    set: (key, value) => records.set(prefix + key, value),
    update: (key, change) => records.update(prefix + key, change),
    delete: (names) => records.delete(names.map((name) => prefix + name)),
    keys: async () =>
      (await records.keys()).filter((key) => key.startsWith(prefix)).map((key) => key.slice(prefix.length)),
  };
}
