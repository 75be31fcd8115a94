/** What is newer than Chrome 113, the oldest browser that the page promises to run in: done by hand here, for every layer. */

/** @returns null for what is no address. (`URL.canParse` is of Chrome 120.) */
export function parseUrl(text: string, base?: string): URL | null {
  try {
    return new URL(text, base);
  } catch {
    return null;
  }
}

/** Aborts with the first of them, for its reason. (`AbortSignal.any` is of Chrome 116 and Safari 17.4.) */
export function anySignal(signals: readonly AbortSignal[]): AbortSignal {
  if (typeof AbortSignal.any === 'function') return AbortSignal.any([...signals]);
  const any = new AbortController();
  for (const signal of signals) {
    if (signal.aborted) any.abort(signal.reason);
    signal.addEventListener('abort', () => any.abort(signal.reason), { once: true, signal: any.signal });
  }
  return any.signal;
}
