/** Models that the visitor downloaded by their addresses, remembered so that they can be chosen, repaired and deleted again. */
import * as v from 'valibot';
import type { DownloadSummary, ModelSource } from '../engine/engine';
import { preferences } from '../storage/preferences';

export interface CustomModel {
  source: ModelSource;
  label: string;
  bytes: number;
}

const storageKey = 'personascope-custom-models';
const list = v.pipe(v.string(), v.parseJson(), v.array(v.unknown()));
const entry = v.object({
  source: v.object({
    engine: v.literal('web-llm'),
    url: v.pipe(v.string(), v.url()),
    lib: v.pipe(v.string(), v.url()),
    runtime: v.optional(v.string()),
  }),
  label: v.string(),
  bytes: v.number(),
});

export class CustomModels {
  list(): CustomModel[] {
    const record = preferences.get(storageKey);
    if (record === null) return [];
    const parsed = v.safeParse(list, record);
    // An entry of another version is of no use; its files are still found by their addresses.
    return parsed.success ? (parsed.output.filter((item) => v.is(entry, item)) as CustomModel[]) : [];
  }

  add(source: ModelSource, { label, totalBytes }: DownloadSummary): void {
    const others = this.list().filter((known) => known.source.url !== source.url);
    preferences.set(storageKey, JSON.stringify([...others, { source, label, bytes: totalBytes }]));
  }
}
