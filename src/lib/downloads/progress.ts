/** How far a download is, how fast, how long still. */
export interface DownloadProgress {
  loadedBytes: number;
  totalBytes: number;
  /** Over the last seconds; 0 until it is known. */
  bytesPerSecond: number;
  /** Null until it is known. */
  secondsLeft: number | null;
}

/** Milliseconds that the rate is taken over, and least ones between two reports. */
const windowLength = 5_000;
const interval = 100;

export class DownloadMeter {
  #loaded: number;
  #total: number;
  #reported = -Infinity;
  /** Bytes loaded so far at a time, oldest first. */
  readonly #samples: { time: number; loaded: number }[] = [];
  readonly #report: (progress: DownloadProgress) => void;
  readonly #now: () => number;

  constructor(
    loaded: number,
    total: number,
    report: (progress: DownloadProgress) => void = () => undefined,
    now = () => performance.now(),
  ) {
    this.#loaded = loaded;
    this.#total = total;
    this.#report = report;
    this.#now = now;
    this.#sample(true);
  }

  /** @param bytes negative when a file starts over */
  add(bytes: number): void {
    this.#loaded += bytes;
    this.#sample(false);
  }

  /** A file turned out longer or shorter than was thought. */
  correctTotal(bytes: number): void {
    this.#total += bytes;
  }

  finish(): void {
    this.#sample(true);
  }

  #sample(isForced: boolean): void {
    const time = this.#now();
    if (!isForced && time - this.#reported < interval) return;
    this.#reported = time;
    this.#samples.push({ time, loaded: this.#loaded });
    while (this.#samples.length > 2 && time - this.#samples[1]!.time > windowLength) this.#samples.shift();
    const first = this.#samples[0]!;
    const seconds = (time - first.time) / 1000;
    const bytesPerSecond = seconds > 0 ? Math.max(0, (this.#loaded - first.loaded) / seconds) : 0;
    this.#report({
      loadedBytes: this.#loaded,
      totalBytes: Math.max(this.#total, this.#loaded),
      bytesPerSecond,
      secondsLeft: bytesPerSecond > 0 ? Math.max(0, this.#total - this.#loaded) / bytesPerSecond : null,
    });
  }
}
