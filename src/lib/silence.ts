/** Notices that something has said nothing for too long. */

export interface SilenceWatch {
  /** It said something: the time starts over. */
  heard(): void;
  stop(): void;
}

/**
 * Tells how long nothing was heard, step by step. A computer that slept, or a thread that was busy, takes at most one step
 * forward and gets to what has arrived meanwhile before the next: time is what was waited, not what a clock says.
 * @param step milliseconds
 * @param onStep called after each step with the milliseconds of silence so far
 */
export function watchSilence(step: number, onStep: (silence: number) => void): SilenceWatch {
  let silence = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const wait = () => {
    timer = setTimeout(() => {
      silence += step;
      wait();
      onStep(silence);
    }, step);
  };
  wait();
  return { heard: () => (silence = 0), stop: () => clearTimeout(timer) };
}
