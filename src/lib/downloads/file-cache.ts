/** Where WebLLM looks for its files: three scopes of the browser's Cache, filled by us with files that were checked. */
import { cutOff, PassingFailure } from './download';
import { PersonascopeError } from '../errors';
import { createHasher, type Digest, type DigestLedger } from './digests';

/** WebLLM's own names: config, library, all else. */
export type Scope = 'webllm/config' | 'webllm/wasm' | 'webllm/model';

export interface ModelFile {
  name: string;
  /** Canonical address: WebLLM asks for it, wherever it was fetched from. */
  url: string;
  scope: Scope;
  /** Null where nothing says it beforehand. */
  bytes: number | null;
  /** From the manifest. */
  digest: Digest | null;
}

export class FileCache {
  readonly #caches: CacheStorage;
  readonly #ledger: DigestLedger;

  constructor(caches: CacheStorage, ledger: DigestLedger) {
    this.#caches = caches;
    this.#ledger = ledger;
  }

  async match({ scope, url }: ModelFile): Promise<Response | undefined> {
    return (await this.#caches.open(scope)).match(url);
  }

  /** Whether it is there with as many bytes as it should have. */
  async has(file: ModelFile): Promise<boolean> {
    const length = (await this.match(file))?.headers.get('content-length');
    if (length === undefined) return false;
    return length === null || file.bytes === null || Number(length) === file.bytes;
  }

  /** Bytes of a file that was downloaded before, if known. */
  async knownBytes(file: ModelFile): Promise<number | undefined> {
    return file.bytes ?? (await this.#ledger.get(file.url))?.bytes;
  }

  /** Addresses of a scope that start so. */
  async urls(scope: Scope, prefix: string): Promise<string[]> {
    const requests = await (await this.#caches.open(scope)).keys();
    return requests.map(({ url }) => url).filter((url) => url.startsWith(prefix));
  }

  /** Nothing is kept of a file that is too short, too long or has another digest than it must. */
  async write(file: ModelFile, chunks: AsyncIterable<Uint8Array>, onBytes: (count: number) => void): Promise<void> {
    const expected = await this.#expectedDigest(file);
    const hasher = await createHasher(expected);
    let length = 0;
    let digest: Digest | undefined;
    let failure: unknown;
    async function* check(): AsyncGenerator<Uint8Array, void> {
      try {
        for await (const chunk of chunks) {
          length += chunk.length;
          if (file.bytes !== null && length > file.bytes) throw tooLong(file.bytes);
          hasher.update(chunk);
          onBytes(chunk.length);
          yield chunk;
        }
        if (file.bytes !== null && length < file.bytes) throw cutOff(length, file.bytes);
        digest = hasher.finish();
        if (expected !== null && digest !== expected) throw wrongDigest(file, digest, expected);
      } catch (cause) {
        failure = cause;
        throw cause;
      }
    }
    const headers = new Headers({ 'content-type': 'application/octet-stream' });
    if (file.bytes !== null) headers.set('content-length', String(file.bytes));
    const cache = await this.#caches.open(file.scope);
    try {
      await cache.put(file.url, new Response(toStream(check()), { headers }));
    } catch (cause) {
      throw failure ?? notStored(file, cause);
    }
    if (digest === undefined) {
      // A browser that kept what came before the failure.
      await cache.delete(file.url);
      throw failure ?? notStored(file, new Error('it ended early'));
    }
    if (file.digest === null) await this.#ledger.set(file.url, { digest, bytes: length });
  }

  /** Whether a stored file still has the digest it must have; false where none is known. */
  async isIntact(file: ModelFile, chunks: AsyncIterable<Uint8Array>): Promise<boolean> {
    const expected = await this.#expectedDigest(file);
    if (expected === null) return false;
    const hasher = await createHasher(expected);
    for await (const chunk of chunks) hasher.update(chunk);
    return hasher.finish() === expected;
  }

  async remove(scope: Scope, url: string): Promise<void> {
    await (await this.#caches.open(scope)).delete(url);
  }

  forgetDigests(prefix: string): Promise<void> {
    return this.#ledger.forget(prefix);
  }

  async #expectedDigest(file: ModelFile): Promise<Digest | null> {
    return file.digest ?? (await this.#ledger.get(file.url))?.digest ?? null;
  }
}

function toStream(chunks: AsyncGenerator<Uint8Array, void>): ReadableStream<Uint8Array> {
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await chunks.next();
      if (done) controller.close();
      else controller.enqueue(value);
    },
    async cancel() {
      await chunks.return();
    },
  });
}

const deleteIt = 'Delete the model and download it again, or use another source.';

function tooLong(expected: number): Error {
  return new PassingFailure(`it goes on after ${expected} bytes, where it should end`, deleteIt);
}

/** Damage on the way may be gone the next time; a file that changed at its source stays changed. */
function wrongDigest({ name, digest }: ModelFile, found: Digest, expected: Digest): Error {
  if (digest) return new PassingFailure(`its digest is ${found}, and must be ${expected}`, deleteIt);
  const message = `${name} is another file than at its first download: its digest is ${found}, and was ${expected}.`;
  return new PersonascopeError('DownloadFailed', message, deleteIt);
}

function notStored(file: ModelFile, cause: unknown): Error {
  const error = cause as Error;
  if (error.name === 'QuotaExceededError') return storageFull(`The browser has no room for ${file.name}.`, cause);
  return new PassingFailure(`it could not be stored (${error.message})`, 'Close private windows, and try again.');
}

/** @param message what there is no room for */
export function storageFull(message: string, cause?: unknown): PersonascopeError {
  const nextStep = 'Delete a downloaded model or free disk space, then go on: what is complete is kept.';
  return new PersonascopeError('StorageFull', message, nextStep, { cause });
}
