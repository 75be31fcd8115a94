/** What this browser does not keep for the page: told once by whoever meets it, to whoever shows it. */

export interface StorageTrouble {
  /** `refused`: that storage is absent, forbidden, broken or does not answer. `full`: it has no room. */
  kind: 'refused' | 'full';
  /** What is held in memory instead, in a reader's words. */
  what: string;
}

type Listener = (trouble: StorageTrouble) => void;

const met = new Map<string, StorageTrouble>();
const listeners = new Set<Listener>();

export const storageTrouble = {
  /** The same trouble is told once a page. */
  report(trouble: StorageTrouble): void {
    const key = `${trouble.kind} ${trouble.what}`;
    if (met.has(key)) return;
    met.set(key, trouble);
    for (const listener of listeners) listener(trouble);
  },

  /** Tells of what was met before, too. @returns ends it */
  subscribe(listener: Listener): () => void {
    for (const trouble of met.values()) listener(trouble);
    listeners.add(listener);
    return () => void listeners.delete(listener);
  },
};

/** Set before everything stored is deleted: what the page still wants to keep until it reloads must not come back. */
export const storing = { hasEnded: false };
