/** How the page is laid out right now, and what the visitor chose to see of it. */
import { MediaQuery } from 'svelte/reactivity';
import { preferences } from '../storage/preferences';

export type Layout = 'wide' | 'medium' | 'narrow';
export type Panel = 'dials' | 'sky';
const tintKey = 'personascope-tint';
const dividerKey = 'personascope-divider';

/** Either part of the column stays large enough to use. */
const within = (share: number) => Math.max(0.3, Math.min(0.8, share));

export class View {
  readonly #isWide = new MediaQuery('min-width: 1200px');
  readonly #isMedium = new MediaQuery('min-width: 768px');
  readonly #reduceMotion = new MediaQuery('prefers-reduced-motion: reduce');
  /** The side panel's face between 768 and 1199 px. */
  panel = $state<Panel>('dials');
  /** The sheet that is open on a phone. */
  sheet = $state<Panel | null>(null);
  #tint = $state(preferences.get(tintKey) !== 'off');
  #skyShare = $state(within(Number(preferences.get(dividerKey)) || 0.62));

  get layout(): Layout {
    if (this.#isWide.current) return 'wide';
    return this.#isMedium.current ? 'medium' : 'narrow';
  }

  get isMotionReduced(): boolean {
    return this.#reduceMotion.current;
  }

  /** Whether tokens are tinted by their place on the axis. */
  get tint(): boolean {
    return this.#tint;
  }

  set tint(isOn: boolean) {
    this.#tint = isOn;
    preferences.set(tintKey, isOn ? 'on' : 'off');
  }

  /** The sky's share of the right column's height. */
  get skyShare(): number {
    return this.#skyShare;
  }

  set skyShare(share: number) {
    this.#skyShare = within(share);
    preferences.set(dividerKey, String(this.#skyShare));
  }
}
