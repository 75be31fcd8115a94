/** Notices when frames come slowly (a software GPU, or one that is busy with the model), so that nothing is eased there. */

/** Milliseconds. */
const slow = 45;

export class Pace {
  #last: number | null = null;
  #typical = 16;

  /** A frame is drawn at `now` (milliseconds), and another one is wanted right after it or not. */
  frame(now: number, isMoving: boolean): void {
    if (this.#last !== null) this.#typical += (now - this.#last - this.#typical) * 0.3;
    this.#last = isMoving ? now : null;
  }

  get isSlow(): boolean {
    return this.#typical > slow;
  }
}
