/** Digests: computed while bytes stream by, and remembered for files whose manifest has none. */
import { createMD5, createSHA256, type IHasher } from 'hash-wasm';
import * as v from 'valibot';
import { openRecords } from '../storage/records';

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

const schema = v.object({
  digest: v.custom<Digest>((digest) => typeof digest === 'string' && /^(md5|sha256):[0-9a-f]+$/.test(digest)),
  bytes: v.number(),
});

let opened: DigestLedger | undefined;

/** In the browser's records; one connection for all models. */
export function openLedger(): DigestLedger {
  return (opened ??= connect());
}

function connect(): DigestLedger {
  const records = openRecords('personascope-digests', 'files');
  return {
    get: async (url) => {
      const known = v.safeParse(schema, await records.get(url));
      return known.success ? known.output : undefined;
    },
    set: (url, record) => records.set(url, record),
    forget: async (prefix) => {
      await records.delete((await records.keys()).filter((url) => url.startsWith(prefix)));
    },
  };
}
