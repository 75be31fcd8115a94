/** Some browsers neither refuse nor answer. */

/** Milliseconds. */
const tick = 100;

/**
 * The answer, if it comes in time. The wait is counted in ticks, so that a thread that was busy itself does not take that for silence.
 *
 * @param what names it in the error
 * @param limit milliseconds
 * @throws DOMException `TimeoutError`, or what the answer throws
 */
export async function inTime<T>(answer: Promise<T>, what: string, limit = 3000): Promise<T> {
  let timer: ReturnType<typeof setInterval> | undefined;
  const silence = new Promise<never>((_, reject) => {
    let left = limit / tick;
    timer = setInterval(() => {
      if (--left <= 0) reject(new DOMException(`${what} did not answer`, 'TimeoutError'));
    }, tick);
  });
  try {
    return await Promise.race([answer, silence]);
  } finally {
    clearInterval(timer);
  }
}
