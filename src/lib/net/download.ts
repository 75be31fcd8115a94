/** Files over the network: retried, limited in size, abortable, and refused with the file's name and the reason. */
import { PersonascopeError } from '../errors';

export interface DownloadOptions {
  signal?: AbortSignal;
  fetch?: typeof fetch;
  /** Milliseconds before the first retry; each further one waits twice as long. */
  retryDelay?: number;
}

const RETRIES = 3;

/** A failure that may be gone the next time: no connection, a cut-off body, a server's 5xx or 429. */
export class PassingFailure extends Error {
  /** For the error that is told when no attempt helped. */
  readonly nextStep: string | undefined;

  constructor(message: string, nextStep?: string, options?: ErrorOptions) {
    super(message, options);
    this.nextStep = nextStep;
  }
}

/**
 * A file's text.
 * @param limit bytes
 * @param isOptional whether the folder may lack the file: then null where the server says so, with a 4xx or with a web page
 * @throws PersonascopeError `DownloadFailed`, `Aborted`, or `BadModel` for a file that is too long or a web page
 */
export async function downloadText(url: URL, limit: number, options: DownloadOptions): Promise<string>;
export async function downloadText(
  url: URL,
  limit: number,
  options: DownloadOptions & { isOptional: true },
): Promise<string | null>;
export async function downloadText(url: URL, limit: number, options: DownloadOptions & { isOptional?: true }) {
  const bytes = await downloadBytes(url, limit, options as DownloadOptions & { isOptional: true });
  return bytes && new TextDecoder().decode(bytes);
}

/** {@link downloadText}, as bytes. */
export async function downloadBytes(url: URL, limit: number, options: DownloadOptions & { isOptional?: true }) {
  const file = fileName(url);
  return retry(file, options, async () => {
    const response = await request(url, options);
    if (options.isOptional && isAbsent(response)) return null;
    requireOk(response, file);
    const chunks: Uint8Array[] = [];
    let length = 0;
    for await (const chunk of readChunks(response)) {
      length += chunk.length;
      if (length > limit) throw badModel(file, `is longer than ${limit} bytes`);
      chunks.push(chunk);
    }
    const bytes = new Uint8Array(await new Blob(chunks as BlobPart[]).arrayBuffer());
    if (!isWebPage(response, bytes)) return bytes;
    if (options.isOptional) return null;
    throw badModel(file, 'is a web page: the folder does not have this file');
  });
}

/** {@link downloadText}, parsed; undefined for an absent optional file. */
export async function downloadJson(url: URL, limit: number, options: DownloadOptions & { isOptional?: true }) {
  const text = await downloadText(url, limit, options as DownloadOptions & { isOptional: true });
  if (text === null) return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    throw badModel(fileName(url), `is not JSON (${(cause as Error).message})`, { cause });
  }
}

/** Asks once. A 5xx or 429 counts as a passing failure. */
export async function request(url: URL, options: DownloadOptions): Promise<Response> {
  const get = options.fetch ?? globalThis.fetch;
  const response = await get(url.href, { signal: options.signal ?? null });
  if (response.status >= 500 || response.status === 429)
    throw new PassingFailure(`the server answered ${response.status}`);
  return response;
}

/** @throws PersonascopeError `DownloadFailed` for any answer but a success */
export function requireOk(response: Response, file: string): void {
  if (response.ok) return;
  const reasons: Record<number, string> = {
    401: 'it wants a login (the model may be gated)',
    403: 'it is forbidden (the model may be gated)',
    404: 'there is no such file',
  };
  const reason = reasons[response.status] ?? 'it can not be had';
  const message = `${file}: the server answered ${response.status}: ${reason}.`;
  throw new PersonascopeError('DownloadFailed', message, 'Check the address of the model folder.');
}

/** Whether the server says that it has no such file; stores that hide their listings answer 403. */
export function isAbsent(response: Response): boolean {
  if ([403, 404, 410].includes(response.status)) return true;
  return response.ok && isHtml(response);
}

/** By its first tag, since a chat template may begin with "<" too; any tag will do where the server calls it a page. */
function isWebPage(response: Response, bytes: Uint8Array): boolean {
  const start = new TextDecoder().decode(bytes.subarray(0, 1024)).replace(/<!--.*?-->/gs, '');
  return isHtml(response) ? /^\s*</.test(start) : /^\s*<(?:!doctype\s+html|html|head)\b/i.test(start);
}

function isHtml(response: Response): boolean {
  return (response.headers.get('content-type') ?? '').startsWith('text/html');
}

/** The body as it arrives. */
export async function* readChunks(response: Response): AsyncGenerator<Uint8Array, void> {
  const reader = response.body?.getReader();
  if (!reader) return;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } finally {
    // Left early, the rest must not go on arriving. A body that broke has nothing to cancel, and says so again.
    void reader.cancel().catch(() => undefined);
  }
}

/** For a body that ended too early: it is asked for again. */
export function cutOff(got: number, expected: number): Error {
  return new PassingFailure(`got ${got} bytes, expected ${expected}`);
}

/** Runs a download; again after a passing failure, three times at most. */
export async function retry<T>(file: string, options: DownloadOptions, download: () => Promise<T>): Promise<T> {
  const { signal, retryDelay = 500 } = options;
  for (let attempt = 0; ; attempt++) {
    try {
      signal?.throwIfAborted();
      return await download();
    } catch (cause) {
      if (signal?.aborted)
        throw new PersonascopeError('Aborted', `${file}: the download was cancelled.`, '', { cause });
      if (cause instanceof PersonascopeError) throw cause;
      if (attempt === RETRIES) {
        const message = `${file}: the download failed after ${attempt + 1} attempts: ${(cause as Error).message}.`;
        const nextStep =
          (cause instanceof PassingFailure && cause.nextStep) ||
          'Check the connection, and that the address allows other sites to read it (CORS).';
        throw new PersonascopeError('DownloadFailed', message, nextStep, { cause });
      }
      await pause(retryDelay * 2 ** attempt, signal);
    }
  }
}

export function fileName(url: URL): string {
  return decodeURIComponent(url.pathname.slice(url.pathname.lastIndexOf('/') + 1));
}

export function badModel(file: string, reason: string, options?: ErrorOptions): PersonascopeError {
  const nextStep = 'Check the address of the model folder.';
  return new PersonascopeError('BadModel', `${file} ${reason}.`, nextStep, options);
}

/** Ends early, without an error, when the signal fires. */
function pause(milliseconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, milliseconds);
    signal?.addEventListener('abort', done, { once: true });
    function done() {
      clearTimeout(timer);
      signal?.removeEventListener('abort', done);
      resolve();
    }
  });
}
