/** What the self-check found for a library, kept so that a library is checked once a browser. */
import { createStore, get, set } from 'idb-keyval';
import type { ResidualType } from '../taps/tap-program';
import type { Shape } from './forward-tracker';

/** To be raised when the taps or their check change, so that old verdicts are not believed. */
const VERSION = 1;

export interface Verdict {
  /** Null: verified. */
  reason: string | null;
  type: ResidualType | null;
}

const store = () => createStore('personascope-taps', 'verdicts');
const keyOf = (digest: string, { nLayers, dModel }: Shape) => `${VERSION} ${digest} ${nLayers} ${dModel}`;

/** Null if the library is new here, or the browser keeps nothing. */
export async function readVerdict(digest: string, shape: Shape): Promise<Verdict | null> {
  const known = await get<Verdict>(keyOf(digest, shape), store()).catch(() => undefined);
  return known ?? null;
}

/** Where nothing can be kept, the library is checked again next time. */
export async function writeVerdict(digest: string, shape: Shape, verdict: Verdict): Promise<void> {
  await set(keyOf(digest, shape), verdict, store()).catch(() => undefined);
}
