/** Progress of a load as the page hears of it: also that for a while there is none. */
import type { Silence } from '../downloads/download';
import type { LoadProgress } from './protocol';

export class ProgressReport {
  readonly #emit: (progress: LoadProgress) => void;
  #last: LoadProgress = { phase: 'config', loadedBytes: 0, totalBytes: 0 };
  #lastTime = performance.now();

  constructor(emit: (progress: LoadProgress) => void) {
    this.#emit = emit;
  }

  readonly report = (progress: LoadProgress): void => {
    this.#last = progress;
    this.#lastTime = performance.now();
    this.#emit(progress);
  };

  /** Told only while nothing else arrives: of several files at once, one may wait. */
  readonly onSilence = (silence: Silence | null): void => {
    const isMoving = silence !== null && performance.now() - this.#lastTime < (silence.seconds * 1000) / 2;
    if (!isMoving) this.#emit(silence ? { ...this.#last, silence } : this.#last);
  };
}
