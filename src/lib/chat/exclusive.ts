/** An engine does one thing at a time: there is one model, one cache, one GPU. */
import { PersonascopeError } from '../errors';

export class Exclusive {
  #isBusy = false;

  /** @throws PersonascopeError `Busy` if something is under way */
  async run<T>(body: () => Promise<T>): Promise<T> {
    if (this.#isBusy) throw new PersonascopeError('Busy', 'The model is still answering.', 'Stop it first, or wait.');
    this.#isBusy = true;
    try {
      return await body();
    } finally {
      this.#isBusy = false;
    }
  }
}
