/** What extractions keep in this browser: answers of one under way, the job itself, vectors and persona spaces that are done. */
import { createStore, delMany, get, keys, set } from 'idb-keyval';
import type { PersonaEntry } from '../interp/persona-space';
import type { VectorHeader } from '../interp/vector-header';
import type { Evidence } from './extract-trait';
import type { AnswerStore } from './reply-memory';
import type { SpaceReport } from './space-report';
import type { SpaceSums } from './space-sums';

export interface Records extends AnswerStore {
  keys(): Promise<string[]>;
}

/** A vector that did not come with the model. */
export interface VectorRecord {
  entry: PersonaEntry;
  /** (nLayers, dModel) */
  vector: Float32Array;
  /** Null: it came from a file. */
  evidence: Evidence | null;
  /** What the file said, and its name. Null: it was extracted here. */
  origin: { file: string; header: VectorHeader } | null;
  promptSet: string | null;
  /** When it was made here or came here. */
  createdAt: string;
}

export interface ExtractedVector extends VectorRecord {
  evidence: Evidence;
}

export interface ImportedVector extends VectorRecord {
  origin: NonNullable<VectorRecord['origin']>;
}

export interface SpaceRecord {
  sums: SpaceSums;
  report: SpaceReport;
  createdAt: string;
}

/** What was asked for and how far it is. */
export interface UnfinishedJob<R = unknown> {
  kind: 'trait' | 'space';
  request: R;
  /** For a reader. */
  label: string;
  done: number;
  total: number;
}

/** One database each, because an upgrade of one must not touch the others. In Node, in memory. */
export function openRecords(name: string): Records {
  if (typeof indexedDB === 'undefined') return new MemoryRecords();
  const store = createStore(`personascope-extract-${name}`, name);
  return {
    get: (key) => get(key, store),
    set: (key, value) => set(key, value, store),
    delete: (names) => delMany(names, store),
    keys: () => keys<string>(store),
  };
}

export class MemoryRecords implements Records {
  readonly #map = new Map<string, unknown>();

  get = async (key: string): Promise<unknown> => this.#map.get(key);

  set = async (key: string, value: unknown): Promise<void> => void this.#map.set(key, structuredClone(value));

  delete = async (names: string[]): Promise<void> => names.forEach((name) => this.#map.delete(name));

  keys = async (): Promise<string[]> => [...this.#map.keys()];
}

/** The part of the records whose keys begin so. */
export function within(records: Records, prefix: string): Records {
  return {
    get: (key) => records.get(prefix + key),
    set: (key, value) => records.set(prefix + key, value),
    delete: (names) => records.delete(names.map((name) => prefix + name)),
    keys: async () =>
      (await records.keys()).filter((key) => key.startsWith(prefix)).map((key) => key.slice(prefix.length)),
  };
}
