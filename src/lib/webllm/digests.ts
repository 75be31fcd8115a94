/** Digests: computed while bytes stream by, and remembered for files whose manifest has none. */
import { createStore, delMany, get, keys, set } from 'idb-keyval';
import { createMD5, createSHA256, type IHasher } from 'hash-wasm';

/** `md5:…` or `sha256:…`, hexadecimal. */
export type Digest = `${'md5' | 'sha256'}:${string}`;

/** SHA-256 unless another kind is expected: manifests have MD5, which browsers lack. */
export async function createHasher(
  expected: Digest | null,
): Promise<{ update(chunk: Uint8Array): void; finish(): Digest }> {
  const kind = expected?.startsWith('md5:') ? 'md5' : 'sha256';
  const hasher: IHasher = await (kind === 'md5' ? createMD5() : createSHA256());
  return { update: (chunk) => void hasher.update(chunk), finish: () => `${kind}:${hasher.digest('hex')}` };
}

/** What was found at the first download, by canonical address. */
export interface DigestRecord {
  digest: Digest;
  bytes: number;
}

export interface DigestLedger {
  get(url: string): Promise<DigestRecord | undefined>;
  set(url: string, record: DigestRecord): Promise<void>;
  /** Forgets every address that starts so. */
  forget(prefix: string): Promise<void>;
}

let opened: DigestLedger | undefined;

/** In the browser's IndexedDB; one connection for all models. */
export function openLedger(): DigestLedger {
  return (opened ??= connect());
}

function connect(): DigestLedger {
  const store = createStore('personascope-digests', 'files');
  return {
    get: (url) => get(url, store),
    set: (url, record) => set(url, record, store),
    forget: async (prefix) => {
      const known = await keys<string>(store);
      await delMany(
        known.filter((url) => url.startsWith(prefix)),
        store,
      );
    },
  };
}
