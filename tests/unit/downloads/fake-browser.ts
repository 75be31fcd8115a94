/** What the store needs of a browser: a Cache in memory, a quota, and a server of a made-up model that can misbehave. */
import { createHash } from 'node:crypto';
import type { DigestLedger, DigestRecord } from '../../../src/lib/downloads/digests';

type Bytes = Uint8Array<ArrayBuffer>;
interface Entry {
  bytes: Bytes;
  headers: Headers;
}

export class FakeCaches {
  readonly scopes = new Map<string, Map<string, Entry>>();
  /** Bytes that may be stored. */
  quota = Infinity;

  open = async (scope: string) => {
    const entries = this.scopes.get(scope) ?? new Map<string, Entry>();
    this.scopes.set(scope, entries);
    return {
      match: async (url: string) => {
        const entry = entries.get(url);
        return entry && new Response(entry.bytes, { headers: entry.headers });
      },
      put: async (url: string, response: Response) => {
        const bytes = new Uint8Array(await response.arrayBuffer());
        if (this.usage + bytes.length > this.quota) throw new DOMException('Quota exceeded.', 'QuotaExceededError');
        entries.set(url, { bytes, headers: response.headers });
      },
      delete: async (url: string) => entries.delete(url),
      keys: async () => [...entries.keys()].map((url) => ({ url })),
    };
  };

  get usage(): number {
    return [...this.scopes.values()]
      .flatMap((scope) => [...scope.values()])
      .reduce((sum, { bytes }) => sum + bytes.length, 0);
  }

  names(): string[] {
    return [...this.scopes.values()]
      .flatMap((scope) => [...scope.keys()])
      .map((url) => url.split('/').pop()!)
      .sort();
  }

  get storage(): CacheStorage {
    return this as unknown as CacheStorage;
  }
}

export function memoryLedger(): DigestLedger & { records: Map<string, DigestRecord> } {
  const records = new Map<string, DigestRecord>();
  return {
    records,
    get: async (url) => records.get(url),
    set: async (url, record) => void records.set(url, record),
    forget: async (prefix) => {
      for (const url of records.keys()) if (url.startsWith(prefix)) records.delete(url);
    },
  };
}

export const md5 = (bytes: Uint8Array) => createHash('md5').update(bytes).digest('hex');
export const folder = 'https://huggingface.co/mlc-ai/tiny-MLC/resolve/main/';
export const lib = 'https://raw.githubusercontent.com/mlc-ai/binary-mlc-llm-libs/main/web-llm-models/v0_2_48/tiny.wasm';
const encode = (text: string) => new TextEncoder().encode(text);

/** Of a GPU that has enough. */
export const ampleLimits = {
  maxBufferSize: 2 ** 32,
  maxStorageBufferBindingSize: 2 ** 31,
  maxComputeWorkgroupStorageSize: 32_768,
  maxStorageBuffersPerShaderStage: 10,
};

/** Files by the last part of their address. */
export function tinyModel(shards = 6, shardBytes = 5000): Record<string, Bytes> {
  const weights = Array.from({ length: shards }, (_, i) => ({
    name: `params_shard_${i}.bin`,
    bytes: new Uint8Array(shardBytes + i).fill(i + 1),
  }));
  const manifest = {
    metadata: { ParamSize: shards },
    records: weights.map(({ name, bytes }) => ({
      dataPath: name,
      format: 'raw-shard',
      nbytes: bytes.length,
      md5sum: md5(bytes),
      records: [
        { name: 'w', shape: [bytes.length], dtype: 'uint8', format: 'raw', nbytes: bytes.length, byteOffset: 0 },
      ],
    })),
  };
  return {
    'mlc-chat-config.json': encode(JSON.stringify({ tokenizer_files: ['tokenizer.json', 'tokenizer_config.json'] })),
    'ndarray-cache.json': encode(JSON.stringify(manifest)),
    'tokenizer.json': encode('{"model":{}}'),
    'tiny.wasm': new Uint8Array(900).fill(7),
    ...Object.fromEntries(weights.map(({ name, bytes }) => [name, bytes])),
  };
}

/** How a request for a file is answered, by the number of GETs of it before; undefined: as usual. */
export type Misbehave = (
  name: string,
  attempt: number,
  signal: AbortSignal | null,
) => Response | Promise<Response> | undefined;

export function serve(files: Record<string, Bytes>, misbehave: Misbehave = () => undefined) {
  const asked: string[] = [];
  const urls: string[] = [];
  const get = async (address: string | URL | Request, init?: RequestInit): Promise<Response> => {
    const url = String(address);
    const name = url.split('/').pop()!;
    const bytes = files[name];
    init?.signal?.throwIfAborted();
    if (init?.method === 'HEAD')
      return new Response(null, bytes ? { headers: { 'content-length': String(bytes.length) } } : { status: 404 });
    const attempt = asked.filter((other) => other === name).length;
    asked.push(name);
    urls.push(url);
    const bad = await misbehave(name, attempt, init?.signal ?? null);
    if (bad) return bad;
    return bytes ? new Response(bytes.slice()) : new Response('no', { status: 404 });
  };
  return { asked, urls, fetch: get as typeof fetch };
}

/** A body that breaks after some bytes. */
export function cutBody(bytes: Uint8Array, after: number): Response {
  return new Response(
    new ReadableStream({
      start: (controller) => controller.enqueue(bytes.slice(0, after)),
      pull: (controller) => controller.error(new TypeError('network error')),
    }),
  );
}
