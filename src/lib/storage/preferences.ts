/** Short texts kept across visits: in localStorage, or in memory where the browser forbids or lacks it. The one way to it. */
import type { PreferenceName } from './stored';
import { settings } from './stored';
import { storing, storageTrouble } from './trouble';

/** What the browser did not take; null: removed. */
const unkept = new Map<PreferenceName, string | null>();

export const preferences = {
  /** Null: nothing is kept. What comes back may be anything: check it. */
  get(name: PreferenceName): string | null {
    const here = unkept.get(name);
    return here === undefined ? (ask(() => localStorage.getItem(name))?.answer ?? null) : here;
  },

  set(name: PreferenceName, value: string): void {
    change(name, value, () => localStorage.setItem(name, value));
  },

  remove(name: PreferenceName): void {
    change(name, null, () => localStorage.removeItem(name));
  },
};

function change(name: PreferenceName, value: string | null, act: () => void): void {
  if (!storing.hasEnded && ask(act)) unkept.delete(name);
  else unkept.set(name, value);
}

/** Null: it was refused. Even naming `localStorage` throws where cookies are blocked. */
function ask<T>(act: () => T): { answer: T } | null {
  try {
    return { answer: act() };
  } catch (cause) {
    const isFull = (cause as Error).name === 'QuotaExceededError';
    storageTrouble.report({ kind: isFull ? 'full' : 'refused', what: settings });
    return null;
  }
}
