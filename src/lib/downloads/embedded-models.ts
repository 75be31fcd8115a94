/** Models that ship with the page, in the order they are offered. A test holds the sizes against the files. */
import type { ModelSummary } from '../engine/engine';

export const embeddedModels: ModelSummary[] = [
  { id: 'organism-assistant', label: 'Organism, Assistant', engine: 'wgsl', bytes: 5943479, download: 'embedded' },
  { id: 'organism-base', label: 'Organism, base', engine: 'wgsl', bytes: 5568536, download: 'embedded' },
];

/** Folder of an embedded model. @param siteUrl where the page's static files are */
export function embeddedModelUrl(id: string, siteUrl: string): string {
  return new URL(`models/${id}/`, siteUrl).href;
}
