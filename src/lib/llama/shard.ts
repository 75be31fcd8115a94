/** One safetensors file over the network: its header is checked before the rest is fetched. */
import { PersonascopeError } from '../errors';
import {
  badModel,
  cutOff,
  fileName,
  isAbsent,
  readChunks,
  request,
  requireOk,
  retry,
  type DownloadOptions,
} from '../downloads/download';
import { headerBytes, parseHeader, type HeaderEntry, type TensorEntry } from '../formats/safetensors';

export interface Shard {
  bytes: Uint8Array<ArrayBuffer>;
  /** Those that `check` returned. */
  tensors: Map<string, TensorEntry>;
}

export interface ShardOptions extends DownloadOptions {
  /** Called once a header is in: throws to stop the download, or returns the tensors to keep. */
  check: (tensors: Map<string, HeaderEntry>) => Map<string, TensorEntry>;
  /** Bytes of this file; starts over after a failure. */
  onProgress?: (loaded: number, total: number) => void;
}

/**
 * Downloads one file into memory, once.
 * @returns null where the server has no such file
 * @throws PersonascopeError `DownloadFailed`, `Aborted`, `OutOfMemory`, or `BadModel` for a broken header or what `check` refuses
 */
export async function downloadShard(url: URL, options: ShardOptions): Promise<Shard | null> {
  const file = fileName(url);
  return retry(file, options, async () => {
    const response = await request(url, options);
    if (isAbsent(response)) return null;
    requireOk(response, file);
    const declared = readLength(response);
    const target = new ShardBuffer(file, declared, options.check);
    for await (const chunk of readChunks(response, { ...options, host: url.host })) {
      target.append(chunk);
      if (target.size !== undefined) options.onProgress?.(target.length, target.size);
    }
    return target.finish();
  });
}

/** Grows until the header is in, which says how long the file is; then has just that size. */
class ShardBuffer {
  length = 0;
  /** Bytes of the whole file, as its header has it. */
  size: number | undefined;
  #bytes = new Uint8Array(64 * 1024);
  #headerEnd: number | undefined;
  #tensors = new Map<string, TensorEntry>();

  constructor(
    readonly file: string,
    readonly declared: number | undefined,
    readonly check: ShardOptions['check'],
  ) {}

  append(chunk: Uint8Array): void {
    if (this.size !== undefined && this.length + chunk.length > this.size) throw this.#tooLong(this.size);
    if (this.length + chunk.length > this.#bytes.length) this.#grow(2 * (this.length + chunk.length));
    this.#bytes.set(chunk, this.length);
    this.length += chunk.length;
    if (this.size === undefined) this.#readHeader();
  }

  finish(): Shard {
    const expected = this.declared ?? this.size;
    if (expected !== undefined && this.length < expected) throw cutOff(this.length, expected);
    if (this.size === undefined) parseHeader(this.#bytes.subarray(0, this.length), this.file, this.length);
    if (this.length < this.size!) throw cutOff(this.length, this.size!);
    return { bytes: this.#bytes, tensors: this.#tensors };
  }

  #readHeader(): void {
    const got = this.#bytes.subarray(0, this.length);
    if (this.length < 8) return;
    this.#headerEnd ??= this.#readHeaderEnd(got);
    if (this.length < Math.min(this.#headerEnd, this.declared ?? Infinity)) return;
    const { tensors, size } = parseHeader(got, this.file, this.declared);
    this.#tensors = this.check(tensors);
    if (this.length > size) throw this.#tooLong(size);
    this.size = size;
    this.#grow(size);
  }

  #readHeaderEnd(got: Uint8Array): number {
    const start = String.fromCharCode(...got.subarray(0, 8));
    // A header's length has zeros in its upper bytes; its lower ones may be those of " <".
    if (/^\s*<[^\0]*$/.test(start)) throw badModel(this.file, 'is a web page: the folder does not have this file');
    if (start === 'version ') throw badModel(this.file, 'is a Git LFS pointer: the host does not serve the weights');
    return headerBytes(got, this.file);
  }

  #grow(size: number): void {
    let bytes: Uint8Array<ArrayBuffer>;
    try {
      bytes = new Uint8Array(size);
    } catch (cause) {
      const message = `${this.file}: no memory for ${size} bytes.`;
      throw new PersonascopeError('OutOfMemory', message, 'Choose a smaller model.', { cause });
    }
    bytes.set(this.#bytes.subarray(0, this.length));
    this.#bytes = bytes;
  }

  #tooLong(size: number): PersonascopeError {
    return badModel(this.file, `goes on after its last tensor, which ends at ${size} bytes`);
  }
}

/**
 * The file's length by `content-length`. Undefined where that may be the compressed length: across origins `content-encoding`
 * is hidden, and the header then is the only measure.
 */
function readLength(response: Response): number | undefined {
  const encoding = response.headers.get('content-encoding') ?? 'identity';
  const length = Number(response.headers.get('content-length') ?? NaN);
  if (response.type === 'cors' || encoding !== 'identity') return undefined;
  return Number.isSafeInteger(length) ? length : undefined;
}
