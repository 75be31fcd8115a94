/** Models that the visitor downloaded by their addresses, remembered so that they can be chosen, repaired and deleted again. */
import * as v from 'valibot';
import type { DownloadSummary, ModelSource } from '../engine/engine';

export interface CustomModel {
  source: ModelSource;
  label: string;
  bytes: number;
}

const storageKey = 'personascope-custom-models';
const schema = v.array(
  v.object({
    source: v.object({
      engine: v.literal('web-llm'),
      url: v.string(),
      lib: v.string(),
      runtime: v.optional(v.string()),
    }),
    label: v.string(),
    bytes: v.number(),
  }),
);

export class CustomModels {
  list(): CustomModel[] {
    const record = localStorage.getItem(storageKey);
    if (record === null) return [];
    const parsed = v.safeParse(v.pipe(v.string(), v.parseJson(), schema), record);
    // A list of another version is of no use; the files are still found by their addresses.
    return parsed.success ? (parsed.output as CustomModel[]) : [];
  }

  add(source: ModelSource, { label, totalBytes }: DownloadSummary): void {
    const others = this.list().filter((known) => known.source.url !== source.url);
    localStorage.setItem(storageKey, JSON.stringify([...others, { source, label, bytes: totalBytes }]));
  }
}
