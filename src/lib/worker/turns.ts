/** Lets a visitor's chat and an extraction share one engine: each waits for the other's reply to end, and the visitor goes first. */
export class Turns {
  #background: Promise<unknown> = Promise.resolve();
  #visitors = 0;
  #waiting: (() => void)[] = [];
  /** Steering is meant for the visitor's reply only. */
  isVisitorSpeaking = false;

  /** For a background reply to end. */
  get isVisitorWaiting(): boolean {
    return this.#visitors > 0 && !this.isVisitorSpeaking;
  }

  async visitor<T>(work: () => Promise<T>): Promise<T> {
    this.#visitors++;
    try {
      await this.#background;
      this.isVisitorSpeaking = true;
      return await work();
    } finally {
      if (--this.#visitors === 0) {
        this.isVisitorSpeaking = false;
        for (const go of this.#waiting.splice(0)) go();
      }
    }
  }

  async background<T>(work: () => Promise<T>): Promise<T> {
    while (this.#visitors > 0) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    const running = work();
    this.#background = running.catch(() => undefined);
    return running;
  }
}
