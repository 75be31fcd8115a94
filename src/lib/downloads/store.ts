/**
 * Downloads of WebLLM's models as people expect them: sized beforehand, resumed, checked, repaired, deleted.
 * Files go into the Cache scopes that WebLLM reads, under their canonical addresses, so that WebLLM only finds and never fetches.
 */
import { parseUrl } from '../browser';
import { PersonascopeError } from '../errors';
import type { BufferNeed } from '../gpu/buffer-limits';
import { downloadText, readChunks, request, requireOk, retry, type DownloadOptions } from './download';
import { folderAddress } from './folder';
import { mirrorUrl } from './mirror';
import { runAll } from './run-all';
import { freeBytes } from '../storage/room';
import type { Runtime } from './mlc-catalogue';
import { openLedger, type DigestLedger } from './digests';
import { FileCache, storageFull, type ModelFile } from './file-cache';
import { parseManifest, parseTokenizerFile, textLimits } from './manifest';
import { DownloadMeter, type DownloadProgress } from './progress';

export type { DownloadProgress };

export interface WebLlmSource {
  /** Weights folder; as with WebLLM, `resolve/main/` is added where it has no revision. */
  url: string;
  /** Model library, a wasm file. */
  lib: string;
  runtime: Runtime;
}

export interface StoreOptions extends Omit<DownloadOptions, 'signal'> {
  /** A server that has the files, see `downloads/mirror.ts`. */
  mirror?: string;
  caches?: CacheStorage;
  ledger?: DigestLedger;
  storage?: Pick<StorageManager, 'estimate'>;
}

export interface PlannedFile extends ModelFile {
  /** `bytes`, or what the server says before the download; 0 if it does not. */
  size: number;
  isPresent: boolean;
  /** What was read already to make the plan. */
  text?: string;
}

export interface DownloadPlan {
  files: PlannedFile[];
  totalBytes: number;
  presentBytes: number;
  /** Name of the server that files come from. */
  host: string;
  /** Names of all servers that are to be asked, that one first. */
  hosts: string[];
}

export type DownloadState = 'none' | 'partial' | 'complete';
type OnProgress = (progress: DownloadProgress) => void;

const concurrency = 4;

/** The list of a folder's weight files, as that release of WebLLM names it. */
export function manifestName(runtime: Runtime): string {
  return runtime === '0.2.79' ? 'ndarray-cache.json' : 'tensor-cache.json';
}

export class ModelStore {
  /** Canonical address of the weights folder. */
  readonly folder: string;
  readonly #lib: ModelFile;
  readonly #config: ModelFile;
  readonly #manifest: ModelFile;
  readonly #options: StoreOptions & { fetch: typeof fetch };
  readonly #files: FileCache;

  /** @throws PersonascopeError `BadRequest` for an unusable address */
  constructor({ url, lib, runtime }: WebLlmSource, options: StoreOptions = {}) {
    this.folder = resolveFolder(url);
    this.#options = { ...options, fetch: fetchFresh(options.fetch ?? globalThis.fetch) };
    this.#files = new FileCache(options.caches ?? globalThis.caches, options.ledger ?? openLedger());
    const libUrl = parseAddress(lib);
    this.#lib = file(libUrl.pathname.split('/').pop()!, libUrl.href, 'webllm/wasm');
    this.#config = this.#inFolder('mlc-chat-config.json', 'webllm/config');
    this.#manifest = this.#inFolder(manifestName(runtime), 'webllm/model');
  }

  /**
   * Reads the manifest (from the cache if it is there) and says what is to be had.
   * @throws PersonascopeError `DownloadFailed`, `BadModel`, `Aborted`
   */
  async plan(signal?: AbortSignal): Promise<DownloadPlan> {
    const config = await this.#readText(this.#config, textLimits.config, signal);
    const manifest = await this.#readText(this.#manifest, textLimits.manifest, signal);
    const tokenizer = this.#inFolder(parseTokenizerFile(config.text, config.name), 'webllm/model');
    const shards = parseManifest(manifest.text, manifest.name).map(({ name, bytes, md5 }) => ({
      ...this.#inFolder(name, 'webllm/model'),
      ...{ bytes, digest: md5 === null ? null : (`md5:${md5}` as const) },
    }));
    const rest = await Promise.all(
      [...this.#libraryFiles(), tokenizer, ...shards].map((file) => this.#planFile(file, signal)),
    );
    const files = [config, manifest, ...rest];
    const hostOf = (url: string) => mirrorUrl(url, this.#options.mirror).host;
    const host = hostOf(this.folder);
    const asked = [
      ...files.filter(({ isPresent }) => !isPresent).map(({ url }) => hostOf(url)),
      ...this.#libraryHost(),
    ];
    return {
      files,
      totalBytes: sumSizes(files),
      presentBytes: sumSizes(files.filter(({ isPresent }) => isPresent)),
      ...{ host, hosts: [...new Set([host, ...asked])] },
    };
  }

  /** `mlc-chat-config.json`, from where it is. @throws PersonascopeError `DownloadFailed`, `BadModel`, `Aborted` */
  async readConfig(signal?: AbortSignal): Promise<string> {
    return (await this.#readText(this.#config, textLimits.config, signal)).text;
  }

  /** What of the weights needs the largest buffers, as the manifest has it. @throws what `readConfig` throws */
  async readNeeds(signal?: AbortSignal): Promise<BufferNeed[]> {
    const { text, name } = await this.#readText(this.#manifest, textLimits.manifest, signal);
    return parseManifest(text, name).map(({ largest }) => ({ what: largest.name, bytes: largest.bytes }));
  }

  /**
   * Fetches what is missing, four files at a time. Whatever is complete stays, also when it fails or is cancelled.
   * @throws PersonascopeError `DownloadFailed`, `StorageFull`, `BadModel`, `Aborted`
   */
  async download(signal?: AbortSignal, onProgress?: OnProgress): Promise<void> {
    try {
      const plan = await this.plan(signal);
      const missing = plan.files.filter(({ isPresent }) => !isPresent);
      if (missing.length > 0) await this.#requireSpace(sumSizes(missing));
      const meter = new DownloadMeter(plan.presentBytes, plan.totalBytes, onProgress);
      // The manifest first: it tells what the other files belong to.
      for (const file of missing) {
        const { text } = file;
        if (text === undefined) continue;
        await retry(file.name, { ...this.#options, ...(signal && { signal }) }, () =>
          this.#files.write(file, encode(text), (count) => meter.add(count)),
        );
      }
      const others = missing.filter(({ text }) => text === undefined);
      await runAll(others, concurrency, signal, (file, signal) => this.#fetch(file, signal, meter));
      meter.finish();
    } catch (cause) {
      if (!signal?.aborted) throw cause;
      const nextStep = 'What is complete is kept: start it again to go on.';
      throw new PersonascopeError('Aborted', 'The download was cancelled.', nextStep, { cause });
    }
  }

  /** What is there, without asking anyone. */
  async state(): Promise<DownloadState> {
    const manifest = await this.#readCached(this.#manifest);
    if (manifest === null) return 'none';
    const [inFolder, configs, libraries] = await Promise.all([
      this.#files.urls('webllm/model', this.folder),
      this.#files.urls('webllm/config', this.folder),
      this.#files.urls('webllm/wasm', this.#lib.url),
    ]);
    const names = new Set(inFolder.map((url) => url.slice(this.folder.length)));
    let shards: { name: string }[];
    try {
      shards = parseManifest(manifest, this.#manifest.name);
    } catch (cause) {
      if (cause instanceof PersonascopeError) return 'partial';
      throw cause;
    }
    const hasTokenizer = names.has('tokenizer.json') || names.has('tokenizer.model');
    const hasLibrary = this.#libraryFiles().length === 0 || libraries.length > 0;
    const isComplete = hasTokenizer && hasLibrary && configs.length > 0 && shards.every(({ name }) => names.has(name));
    return isComplete ? 'complete' : 'partial';
  }

  /**
   * Reads every stored file, and fetches again what has another digest than it must, or none that is known.
   * @param onChecked bytes read so far, of all stored
   * @returns names of the files that were wrong
   * @throws what `download` throws
   */
  async repair(
    signal?: AbortSignal,
    onProgress?: OnProgress,
    onChecked?: (checked: number, total: number) => void,
  ): Promise<string[]> {
    const { files, presentBytes } = await this.plan(signal);
    const wrong: string[] = [];
    let checked = 0;
    for (const file of files) {
      signal?.throwIfAborted();
      const response = await this.#files.match(file);
      if (!response) continue;
      const isIntact = file.isPresent && (await this.#files.isIntact(file, readChunks(response)));
      if (file.isPresent) onChecked?.((checked += file.size), presentBytes);
      if (isIntact) continue;
      wrong.push(file.name);
      await this.#files.remove(file.scope, file.url);
    }
    await this.download(signal, onProgress);
    return wrong;
  }

  /** Forgets files and digests. The library goes too: another model that shares it fetches it again. */
  async delete(): Promise<void> {
    for (const scope of ['webllm/model', 'webllm/config'] as const) {
      for (const url of await this.#files.urls(scope, this.folder)) await this.#files.remove(scope, url);
    }
    await this.#files.remove(this.#lib.scope, this.#lib.url);
    await this.#files.forgetDigests(this.folder);
    await this.#files.forgetDigests(this.#lib.url);
  }

  /** WebLLM does not look into its cache for a library whose address has "localhost" in it: it is not ours to keep. */
  #libraryFiles(): ModelFile[] {
    return this.#lib.url.includes('localhost') ? [] : [this.#lib];
  }

  /** Of a library that is not kept: WebLLM fetches it at every load, past the mirror. */
  #libraryHost(): string[] {
    return this.#libraryFiles().length === 0 ? [new URL(this.#lib.url).host] : [];
  }

  #inFolder(name: string, scope: ModelFile['scope']): ModelFile {
    return file(name, new URL(name, this.folder).href, scope);
  }

  async #planFile(file: ModelFile, signal?: AbortSignal): Promise<PlannedFile> {
    const isPresent = await this.#files.has(file);
    const size = (await this.#files.knownBytes(file)) ?? (await this.#askSize(file, signal));
    return { ...file, size, isPresent };
  }

  /** What the server says: it may be the compressed length, or nothing, so nothing is checked against it. */
  async #askSize({ url }: ModelFile, signal?: AbortSignal): Promise<number> {
    try {
      const options = { ...this.#options, ...(signal && { signal }) };
      const response = await request(mirrorUrl(url, this.#options.mirror), options, { method: 'HEAD' });
      return response.ok ? Number(response.headers.get('content-length') ?? 0) : 0;
    } catch {
      signal?.throwIfAborted();
      return 0;
    }
  }

  async #readText(file: ModelFile, limit: number, signal?: AbortSignal): Promise<PlannedFile & { text: string }> {
    const cached = await this.#readCached(file);
    const options = { ...this.#options, ...(signal && { signal }) };
    const text = cached ?? (await downloadText(mirrorUrl(file.url, this.#options.mirror), limit, options));
    return { ...file, size: new TextEncoder().encode(text).length, isPresent: cached !== null, text };
  }

  /** Null where it is not there, or not as it was when it was downloaded. */
  async #readCached(file: ModelFile): Promise<string | null> {
    const response = await this.#files.match(file);
    if (!response) return null;
    const text = await response.text();
    const isKnown = (await this.#files.knownBytes(file)) !== undefined;
    return !isKnown || (await this.#files.isIntact(file, encode(text))) ? text : null;
  }

  async #fetch(file: PlannedFile, signal: AbortSignal, meter: DownloadMeter): Promise<void> {
    const options = { ...this.#options, signal };
    let counted = 0;
    await retry(file.name, options, async () => {
      meter.add(-counted);
      counted = 0;
      const url = mirrorUrl(file.url, this.#options.mirror);
      const response = await request(url, options);
      requireOk(response, file.name);
      requireNoPage(response, file.name);
      await this.#files.write(file, readChunks(response, { ...options, host: url.host }), (count) => {
        counted += count;
        meter.add(count);
      });
    });
    meter.correctTotal(counted - file.size);
  }

  async #requireSpace(bytes: number): Promise<void> {
    const free = await freeBytes(this.#options.storage);
    if (free === null || free >= bytes) return;
    throw storageFull(`${megabytes(bytes)} are to be downloaded, and the browser has room for ${megabytes(free)}.`);
  }
}

function file(name: string, url: string, scope: ModelFile['scope']): ModelFile {
  return { name, url, scope, bytes: null, digest: null };
}

/** Past the HTTP cache: it would give a damaged file again at every attempt, and keep gigabytes twice. */
function fetchFresh(fetch: typeof globalThis.fetch): typeof globalThis.fetch {
  return (url, init) => fetch(url, { ...init, cache: 'no-store' });
}

/** As WebLLM reads a folder's address; a pasted page of a model means its folder. */
function resolveFolder(url: string): string {
  const { href } = folderAddress(parseAddress(url).href);
  return /.+\/resolve\/.+\//.test(href) ? href : `${href}resolve/main/`;
}

function parseAddress(address: string): URL {
  const url = parseUrl(address);
  if (url && ['http:', 'https:'].includes(url.protocol) && !url.username && !url.password && !url.search && !url.hash)
    return url;
  const nextStep = 'Give addresses like https://huggingface.co/mlc-ai/…/resolve/main/ and https://…/model.wasm.';
  throw new PersonascopeError('BadRequest', `"${address}" is not the http(s) address of a file or folder.`, nextStep);
}

function requireNoPage(response: Response, file: string): void {
  if (!response.headers.get('content-type')?.startsWith('text/html')) return;
  const message = `${file}: the server answered with a web page: there is no such file.`;
  throw new PersonascopeError('DownloadFailed', message, 'Check the address of the model folder.');
}

async function* encode(text: string): AsyncGenerator<Uint8Array, void> {
  yield new TextEncoder().encode(text);
}

function sumSizes(files: readonly PlannedFile[]): number {
  return files.reduce((sum, { size }) => sum + size, 0);
}

function megabytes(bytes: number): string {
  return `${Math.ceil(bytes / 1e6).toLocaleString('en')} MB`;
}
