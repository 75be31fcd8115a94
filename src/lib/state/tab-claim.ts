/**
 * Which conversation this tab has, so that no two tabs write to one: a Web Lock for as long as the tab lives, and the tab's own memory
 * across a reload. Where a browser has no locks, records that another tab wrote are noticed when they are saved (`Conflict`).
 */
import { tabNotes } from '../storage/preferences';

const tabKey = 'personascope-conversation';
const lockName = (id: string) => `personascope conversation ${id}`;
const tabLock = 'personascope tab ';

/** How long a reload may wait for the page before it to let go, in steps. */
const steps = 6;
const stepMs = 80;

export class TabClaim {
  #release: (() => void) | null = null;
  #held: string | null = null;

  /** The conversation that this tab had before it was reloaded, or that the tab it was copied from has. */
  remembered(): string | null {
    return tabNotes.get(tabKey);
  }

  /** @returns false: another tab has it, and what this tab had stays its own */
  async take(id: string): Promise<boolean> {
    if (id === this.#held) return true;
    const release = await acquire(lockName(id), this.remembered() === id ? steps : 1);
    if (release === null) return false;
    this.#release?.();
    this.#release = release;
    this.#held = id;
    tabNotes.set(tabKey, id);
    return true;
  }
}

/** Whether another tab of this page has a model loaded: each takes GPU memory of its own. Says so of this tab from then on. */
export async function isSecondTab(): Promise<boolean> {
  const locks = globalThis.navigator?.locks;
  if (!locks) return false;
  try {
    const { held = [] } = await locks.query();
    const isSecond = held.some(({ name }) => name?.startsWith(tabLock));
    await acquire(tabLock + Math.random().toString(36).slice(2), 1);
    return isSecond;
  } catch {
    return false;
  }
}

/** @returns lets go of the lock; null where somebody else has it. Without locks everything is free. */
async function acquire(name: string, attempts: number): Promise<(() => void) | null> {
  const locks = globalThis.navigator?.locks;
  if (!locks) return () => undefined;
  for (let attempt = 0; attempt < attempts; attempt++) {
    if (attempt > 0) await new Promise((resolve) => setTimeout(resolve, stepMs));
    const release = await new Promise<(() => void) | null>((resolve) => {
      locks
        .request(name, { ifAvailable: true }, (lock) => {
          if (!lock) return resolve(null);
          return new Promise<void>((letGo) => resolve(letGo));
        })
        // Refused, as in some sandboxed frames: as if there were none.
        .catch(() => resolve(() => undefined));
    });
    if (release) return release;
  }
  return null;
}
