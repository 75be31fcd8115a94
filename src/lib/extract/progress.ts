/** How far an extraction is, and how long it will take. */

export type ExtractionStage = 'replies' | 'held-out' | 'sweep' | 'controls' | 'calibration' | 'roles';

export interface ExtractionProgress {
  stage: ExtractionStage;
  /** What is being sampled. */
  subject: string;
  /** Replies. */
  done: number;
  total: number;
  /** Milliseconds, from the pace of the replies that had to be written; null at first. */
  msLeft: number | null;
}

export class ProgressMeter {
  #done = 0;
  #total: number;
  #paced = 0;
  #started: number;

  /** @param freshReplies how many replies had to be written so far: remembered ones take no time and set no pace */
  constructor(
    total: number,
    private readonly emit: (progress: ExtractionProgress) => void,
    private readonly freshReplies: () => number = () => this.#done,
    private readonly now: () => number = () => performance.now(),
  ) {
    this.#total = total;
    this.#started = now();
  }

  step(stage: ExtractionStage, subject: string): void {
    this.#done = Math.min(this.#done + 1, this.#total);
    if (this.freshReplies() === 0) this.#started = this.now();
    else this.#paced++;
    const elapsed = this.now() - this.#started;
    const msLeft = this.#paced < 3 ? null : (elapsed / this.#paced) * (this.#total - this.#done);
    this.emit({ stage, subject, done: this.#done, total: this.#total, msLeft });
  }

  /** These need not be written after all. */
  skip(replies: number): void {
    this.#total = Math.max(this.#done, this.#total - replies);
  }
}
