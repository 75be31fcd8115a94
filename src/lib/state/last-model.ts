/**
 * The model that was used last, besides the one that every visit begins with. It is offered, and loaded only if the visitor asks for
 * it: a server that is gone or a folder that does harm must not come back by itself.
 */
import * as v from 'valibot';
import type { ModelSource } from '../engine/engine';
import { limits } from '../limits';
import { preferences } from '../storage/preferences';

export interface LastModel {
  model: string | ModelSource;
  label: string;
}

const storageKey = 'personascope-last-model';
const name = v.pipe(v.string(), v.minLength(1), v.maxLength(limits.name));
const address = v.pipe(v.string(), v.maxLength(limits.url));
const schema = v.object({
  model: v.union([
    name,
    v.object({ engine: v.literal('wgsl'), url: address }),
    v.object({ engine: v.literal('web-llm'), url: address, lib: address, runtime: v.optional(name) }),
  ]),
  label: name,
});

/** Called when a model has answered. */
export function noteAnswer(model: string | ModelSource, label: string): void {
  preferences.set(storageKey, JSON.stringify({ model, label: label.slice(0, limits.name) }));
}

export function forgetLastModel(): void {
  preferences.remove(storageKey);
}

/**
 * What to offer at the start; null: nothing was used, or it is not known what.
 *
 * @param search of the page's address: `?model=embedded` is for whoever wants no offer
 */
export function readLastModel(search: string): LastModel | null {
  if (new URLSearchParams(search).get('model') === 'embedded') return null;
  const kept = v.safeParse(v.pipe(v.string(), v.parseJson(), schema), preferences.get(storageKey));
  return kept.success ? (kept.output as LastModel) : null;
}
