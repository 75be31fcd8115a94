import { anySignal } from '../browser';

/** Some at a time; the first failure stops the others, and nothing runs any more when it is told. */
export async function runAll<T>(
  items: readonly T[],
  concurrency: number,
  signal: AbortSignal | undefined,
  run: (item: T, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const failed = new AbortController();
  const stop = signal ? anySignal([signal, failed.signal]) : failed.signal;
  const queue = [...items];
  const runners = Array.from({ length: concurrency }, async () => {
    for (let item = queue.shift(); item !== undefined && !stop.aborted; item = queue.shift()) await run(item, stop);
  });
  try {
    await Promise.all(runners);
    signal?.throwIfAborted();
  } catch (cause) {
    failed.abort();
    await Promise.allSettled(runners);
    throw cause;
  }
}
