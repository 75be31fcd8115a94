/** An engine does one thing at a time: there is one model, one cache, one GPU. */
import { PersonascopeError } from '../errors';

export class Exclusive {
  #isBusy = false;
  #ended: Promise<unknown> = Promise.resolve();

  /** @throws PersonascopeError `Busy` if something is under way */
  async run<T>(body: () => Promise<T>): Promise<T> {
    if (this.#isBusy) throw new PersonascopeError('Busy', 'The model is still answering.', 'Stop it first, or wait.');
    this.#isBusy = true;
    const running = body();
    this.#ended = running.catch(() => undefined);
    try {
      return await running;
    } finally {
      this.#isBusy = false;
    }
  }

  /** Resolves when nothing is under way. */
  async idle(): Promise<void> {
    await this.#ended;
  }
}
