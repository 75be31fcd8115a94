/** Records under text keys: in the browser's IndexedDB, or in memory where there is none. */
import { createStore, delMany, get, keys, set, update } from 'idb-keyval';

export interface Records {
  get(key: string): Promise<unknown>;
  set(key: string, value: unknown): Promise<void>;
  /** Reads and writes as one step: no other tab writes in between. @param change throws to leave the record as it is */
  update(key: string, change: (before: unknown) => unknown): Promise<void>;
  delete(keys: string[]): Promise<void>;
  keys(): Promise<string[]>;
}

/** One database for each kind of record, because an upgrade of one must not touch the others. */
export function openRecords(database: string, store: string): Records {
  if (typeof indexedDB === 'undefined') return new MemoryRecords();
  const opened = createStore(database, store);
  return {
    get: (key) => get(key, opened),
    set: (key, value) => set(key, value, opened),
    update: (key, change) => update(key, change, opened),
    delete: (names) => delMany(names, opened),
    keys: () => keys<string>(opened),
  };
}

export class MemoryRecords implements Records {
  readonly #map = new Map<string, unknown>();

  get = async (key: string): Promise<unknown> => this.#map.get(key);

  set = async (key: string, value: unknown): Promise<void> => void this.#map.set(key, structuredClone(value));

  update = async (key: string, change: (before: unknown) => unknown): Promise<void> =>
    void this.#map.set(key, structuredClone(change(this.#map.get(key))));

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
