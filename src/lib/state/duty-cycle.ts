/**
 * Spaces out updates of the page where showing them is slow: on a software GPU, or a busy one, the compositor and the model share
 * the same queue, and every frame shown delays the next token. Showing then takes about a quarter of the time.
 */

/** Two frames at 60 Hz, in milliseconds: what showing takes where nothing is in the way. */
const prompt = 34;
const longestWait = 600;

export class DutyCycle {
  #isPending = false;
  #wait = 0;

  /** Runs `show` now or a little later; calls in between are one. */
  run(show: () => void): void {
    if (this.#isPending) return;
    this.#isPending = true;
    setTimeout(() => {
      this.#isPending = false;
      show();
      const began = performance.now();
      // The second frame starts after the first was handed over.
      requestAnimationFrame(() =>
        requestAnimationFrame(() => {
          const late = performance.now() - began - prompt;
          this.#wait = Math.max(0, Math.min(longestWait, late * 3));
        }),
      );
    }, this.#wait);
  }
}
