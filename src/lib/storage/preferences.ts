/** Short texts kept by the browser, or in memory where it forbids or lacks that. The one way to them. */
import type { PreferenceName, TabNoteName } from './stored';
import { drafts, settings } from './stored';
import { storing, storageTrouble } from './trouble';

/** Kept across visits. */
export const preferences = openTexts<PreferenceName>(() => localStorage, settings);

/** Kept for one tab, across its reloads. A tab that is copied takes a copy along. */
export const tabNotes = openTexts<TabNoteName>(() => sessionStorage, drafts);

/**
 * @param open names the storage: even that throws where cookies are blocked
 * @param what is not kept where it is refused, in a reader's words
 */
function openTexts<Name extends string>(open: () => Storage, what: string) {
  /** What the browser did not take; null: removed. */
  const unkept = new Map<Name, string | null>();

  function change(name: Name, value: string | null, act: () => void): void {
    if (!storing.hasEnded && ask(act, what)) unkept.delete(name);
    else unkept.set(name, value);
  }

  return {
    /** Null: nothing is kept. What comes back may be anything: check it. */
    get(name: Name): string | null {
      const here = unkept.get(name);
      return here === undefined ? (ask(() => open().getItem(name), what)?.answer ?? null) : here;
    },

    set(name: Name, value: string): void {
      change(name, value, () => open().setItem(name, value));
    },

    remove(name: Name): void {
      change(name, null, () => open().removeItem(name));
    },
  };
}

/** Null: it was refused. */
function ask<T>(act: () => T, what: string): { answer: T } | null {
  try {
    return { answer: act() };
  } catch (cause) {
    const isFull = (cause as Error).name === 'QuotaExceededError';
    storageTrouble.report({ kind: isFull ? 'full' : 'refused', what });
    return null;
  }
}
