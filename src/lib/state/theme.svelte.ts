/** Light, dark, or what the system says; remembered. */
import { MediaQuery } from 'svelte/reactivity';
import { preferences } from '../storage/preferences';

export type ThemeChoice = 'system' | 'light' | 'dark';
const key = 'personascope-theme';
const choices: ThemeChoice[] = ['system', 'light', 'dark'];

export class Theme {
  readonly #systemIsDark = new MediaQuery('prefers-color-scheme: dark');
  /** A contrast theme of the system: it says whether it is dark, whatever was chosen here. */
  readonly #isForced = new MediaQuery('forced-colors: active');
  #choice = $state<ThemeChoice>('system');

  constructor() {
    const kept = preferences.get(key);
    this.#show(choices.find((choice) => choice === kept) ?? 'system');
    matchMedia('(forced-colors: active)').addEventListener('change', () => this.#show(this.#choice));
  }

  get choice(): ThemeChoice {
    return this.#choice;
  }

  get isDark(): boolean {
    return this.#isForced.current || this.#choice === 'system' ? this.#systemIsDark.current : this.#choice === 'dark';
  }

  choose(choice: ThemeChoice): void {
    this.#show(choice);
    preferences.set(key, choice);
  }

  #show(choice: ThemeChoice): void {
    this.#choice = choice;
    if (choice === 'system' || this.#isForced.current) delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = choice;
  }

  /** system, light, dark, and round again. */
  next(): void {
    this.choose(choices[(choices.indexOf(this.#choice) + 1) % choices.length]!);
  }
}
