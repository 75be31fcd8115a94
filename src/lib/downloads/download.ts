/**
 * Files over the network: retried, limited in size, abortable, and refused with the file's name and the reason.
 * A host that accepts and never answers, or stops in the middle, is told of and then given up.
 */
import { anySignal } from '../browser';
import { PersonascopeError } from '../errors';
import { parseUntrusted } from '../formats/untrusted-json';
import { watchSilence } from '../silence';

/** Nothing has come from a host for so long. */
export interface Silence {
  host: string;
  seconds: number;
}

export interface DownloadOptions {
  signal?: AbortSignal;
  fetch?: typeof fetch;
  /** Milliseconds before the first retry; each further one waits twice as long. */
  retryDelay?: number;
  /** How often it is tried; default 4. */
  attempts?: number;
  /** Called when a host has been silent for a while, and with null when that is over. */
  onSilence?: (silence: Silence | null) => void;
  /** Milliseconds of silence until it is told, again and again, and until the connection counts as stalled. */
  patience?: { notice: number; stall: number };
}

const ATTEMPTS = 4;
const PATIENCE = { notice: 20_000, stall: 60_000 };

/** A failure that may be gone the next time: no connection, a stalled or cut-off body, a server's 5xx or 429. */
export class PassingFailure extends Error {
  /** For the error that is told when no attempt helped. */
  readonly nextStep: string | undefined;

  constructor(message: string, nextStep?: string, options?: ErrorOptions) {
    super(message, options);
    this.nextStep = nextStep;
  }
}

/**
 * A file's bytes.
 * @param limit as many as it may have
 * @param isOptional whether the folder may lack the file: then null where the server says so, with a 4xx or with a web page
 * @throws PersonascopeError `DownloadFailed`, `Aborted`, or `BadModel` for a file that is too long or a web page
 */
export async function downloadBytes(
  url: URL,
  limit: number,
  options: DownloadOptions & { isOptional?: undefined },
): Promise<Uint8Array<ArrayBuffer>>;
export async function downloadBytes(
  url: URL,
  limit: number,
  options: DownloadOptions & { isOptional?: true },
): Promise<Uint8Array<ArrayBuffer> | null>;
export async function downloadBytes(url: URL, limit: number, options: DownloadOptions & { isOptional?: true }) {
  const file = fileName(url);
  return retry(file, options, async () => {
    const response = await request(url, options);
    if (options.isOptional && isAbsent(response)) return null;
    requireOk(response, file);
    const chunks: Uint8Array[] = [];
    let length = 0;
    for await (const chunk of readChunks(response, { ...options, host: url.host })) {
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

/** {@link downloadBytes}, as text. */
export async function downloadText(
  url: URL,
  limit: number,
  options: DownloadOptions & { isOptional?: undefined },
): Promise<string>;
export async function downloadText(
  url: URL,
  limit: number,
  options: DownloadOptions & { isOptional?: true },
): Promise<string | null>;
export async function downloadText(url: URL, limit: number, options: DownloadOptions & { isOptional?: true }) {
  const bytes = await downloadBytes(url, limit, options);
  return bytes && new TextDecoder().decode(bytes);
}

/** {@link downloadText}, parsed; undefined for an absent optional file. */
export async function downloadJson(url: URL, limit: number, options: DownloadOptions & { isOptional?: true }) {
  const text = await downloadText(url, limit, options);
  if (text === null) return undefined;
  const refuse = (reason: string, options?: ErrorOptions) => badModel(fileName(url), reason, options);
  return parseUntrusted(text, { maxCharacters: limit, refuse });
}

/** Asks once. A 5xx, a 429 or no answer at all counts as a passing failure. */
export async function request(
  url: URL,
  options: DownloadOptions,
  init: Pick<RequestInit, 'method'> = {},
): Promise<Response> {
  const get = options.fetch ?? globalThis.fetch;
  const stalled = new AbortController();
  const signal = options.signal ? anySignal([options.signal, stalled.signal]) : stalled.signal;
  const asking = get(url.href, { ...init, signal });
  const response = await withPatience(asking, url.host, options).catch((cause: unknown) => {
    stalled.abort();
    throw cause;
  });
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

/** The body as it arrives. @param from where it comes from, if over the network */
export async function* readChunks(
  response: Response,
  from?: DownloadOptions & { host: string },
): AsyncGenerator<Uint8Array, void> {
  const reader = response.body?.getReader();
  if (!reader) return;
  try {
    for (;;) {
      const reading = reader.read();
      const { done, value } = await (from ? withPatience(reading, from.host, from) : reading);
      if (done) return;
      yield value;
    }
  } finally {
    // Left early, the rest must not go on arriving. A body that broke has nothing to cancel, and says so again.
    void reader.cancel().catch(() => undefined);
  }
}

/** Waits for a host, and tells when that takes long. @throws PassingFailure once it was silent for too long */
async function withPatience<T>(
  answer: Promise<T>,
  host: string,
  { onSilence, patience: { notice, stall } = PATIENCE }: DownloadOptions,
): Promise<T> {
  let isTold = false;
  let stop = () => {};
  const stalled = new Promise<never>((_, reject) => {
    const watch = watchSilence(notice / 20, (silence) => {
      const seconds = Math.round(silence / 1000);
      if (silence >= stall) {
        const nextStep = 'Check the connection, and try again.';
        reject(new PassingFailure(`the connection stalled: ${host} sent nothing for ${seconds} s`, nextStep));
      } else if (silence % notice === 0) {
        isTold = true;
        onSilence?.({ host, seconds });
      }
    });
    stop = () => watch.stop();
  });
  try {
    return await Promise.race([answer, stalled]);
  } finally {
    stop();
    if (isTold) onSilence?.(null);
  }
}

/** For a body that ended too early: it is asked for again. */
export function cutOff(got: number, expected: number): Error {
  return new PassingFailure(`got ${got} bytes, expected ${expected}`);
}

/** Runs a download; again after a passing failure. */
export async function retry<T>(file: string, options: DownloadOptions, download: () => Promise<T>): Promise<T> {
  const { signal, retryDelay = 500, attempts = ATTEMPTS } = options;
  for (let attempt = 1; ; attempt++) {
    try {
      signal?.throwIfAborted();
      return await download();
    } catch (cause) {
      if (signal?.aborted)
        throw new PersonascopeError('Aborted', `${file}: the download was cancelled.`, '', { cause });
      if (cause instanceof PersonascopeError) throw cause;
      if (attempt === attempts) {
        const times = attempt === 1 ? '' : ` after ${attempt} attempts`;
        const message = `${file}: the download failed${times}: ${(cause as Error).message}.`;
        const nextStep =
          (cause instanceof PassingFailure && cause.nextStep) ||
          'Check the connection, and that the address allows other sites to read it (CORS).';
        throw new PersonascopeError('DownloadFailed', message, nextStep, { cause });
      }
      await pause(retryDelay * 2 ** (attempt - 1), signal);
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
