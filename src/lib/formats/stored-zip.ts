/**
 * A zip archive whose entries are stored as they are, as torch.save writes them. Entries are views of the archive: nothing
 * is unpacked, so nothing can grow.
 *
 *     local header, data … | central directory: an entry each | [zip64 record and locator] | end record
 *
 * Source: PKWARE APPNOTE 6.3.10, sections 4.3.7, 4.3.12, 4.3.14 to 4.3.16. Checksums are not held against the data:
 * PyTorch may leave them out.
 */
import { badFile } from './bad-file';

const endSignature = 0x06054b50;
const entrySignature = 0x02014b50;
const localSignature = 0x04034b50;
const endBytes = 22;
const entryBytes = 46;
const localBytes = 30;
/** What torch.save puts between the directory and the end: a zip64 record of 56 bytes and its locator of 20. */
const zip64Bytes = 76;
const maxComment = 65_535;
const maxEntries = 4_096;
const isEncrypted = 1;
const methods: Record<number, string> = { 8: 'deflate', 9: 'deflate64', 12: 'bzip2', 14: 'LZMA', 93: 'zstd' };

/**
 * @returns name -> its bytes
 * @throws PersonascopeError `BadRequest` naming the file, the entry and the reason
 */
export function readStoredZip(bytes: Uint8Array, file: string): Map<string, Uint8Array> {
  const bad = (reason: string) => badFile(`${file}:`, reason);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const end = findEnd(view);
  if (end === null) throw bad('is a zip archive without an end: it was cut short');
  const [disk, firstDisk] = [view.getUint16(end + 4, true), view.getUint16(end + 6, true)];
  const [count, total] = [view.getUint16(end + 8, true), view.getUint16(end + 10, true)];
  const [size, start] = [view.getUint32(end + 12, true), view.getUint32(end + 16, true)];
  if (disk !== 0 || firstDisk !== 0 || count !== total) throw bad('is a zip archive of several parts');
  if (count > maxEntries) throw bad(`is a zip archive of ${count} entries, more than ${maxEntries}`);
  const between = end - (start + size);
  if (between !== 0 && between !== zip64Bytes) {
    throw bad(
      `is a zip archive whose directory, ${size} bytes from byte ${start}, does not end where its end record begins`,
    );
  }
  const entries = new Map<string, Uint8Array>();
  let at = start;
  for (let i = 0; i < count; i++) {
    if (at + entryBytes > start + size) throw bad(`entry ${i} of the zip archive is past its directory`);
    const { name, data, next } = readEntry(view, at, start, file);
    if (next > start + size) throw bad(`entry ${i} of the zip archive is past its directory`);
    if (entries.has(name)) throw badFile(`${file}: ${quote(name)}`, 'is there twice');
    if (data) entries.set(name, data);
    at = next;
  }
  return entries;
}

/** The last end record whose comment goes to the end of the file. */
function findEnd(view: DataView): number | null {
  const lowest = Math.max(0, view.byteLength - endBytes - maxComment);
  for (let at = view.byteLength - endBytes; at >= lowest; at--) {
    const isEnd = view.getUint32(at, true) === endSignature;
    if (isEnd && at + endBytes + view.getUint16(at + 20, true) === view.byteLength) return at;
  }
  return null;
}

/** @returns no data of a folder */
function readEntry(
  view: DataView,
  at: number,
  directory: number,
  file: string,
): { name: string; data: Uint8Array | null; next: number } {
  if (view.getUint32(at, true) !== entrySignature) throw badFile(`${file}:`, `has no zip entry at byte ${at}`);
  const [nameBytes, extraBytes, commentBytes] = [28, 30, 32].map((offset) => view.getUint16(at + offset, true)) as [
    number,
    number,
    number,
  ];
  const next = at + entryBytes + nameBytes + extraBytes + commentBytes;
  if (next > view.byteLength) throw badFile(`${file}:`, `the zip entry at byte ${at} is past the file's end`);
  const name = readName(view, at + entryBytes, nameBytes, file);
  const bad = (reason: string) => badFile(`${file}: ${quote(name)}`, reason);
  const [flags, method] = [view.getUint16(at + 8, true), view.getUint16(at + 10, true)];
  const [packed, size, local] = [20, 24, 42].map((offset) => view.getUint32(at + offset, true)) as [
    number,
    number,
    number,
  ];
  if (flags & isEncrypted) throw bad('is encrypted');
  if (method !== 0) {
    throw bad(
      `is compressed (${methods[method] ?? `method ${method}`}): only stored entries, as torch.save writes them, can be read`,
    );
  }
  if (packed !== size) throw bad(`is stored, yet has ${packed} bytes for ${size}`);
  if (local + localBytes > directory || view.getUint32(local, true) !== localSignature) {
    throw bad(`has no header at byte ${local}`);
  }
  const localName = view.getUint16(local + 26, true);
  const begin = local + localBytes + localName + view.getUint16(local + 28, true);
  if (begin + size > directory) throw bad(`ends at byte ${begin + size}, the archive's data at ${directory}`);
  if (localName !== nameBytes || readName(view, local + localBytes, localName, file) !== name) {
    throw bad('has another name in its header');
  }
  const data = new Uint8Array(view.buffer, view.byteOffset + begin, size);
  return { name, data: name.endsWith('/') ? null : data, next };
}

/** Names are never paths here: they are only compared. */
function readName(view: DataView, at: number, length: number, file: string): string {
  const bytes = new Uint8Array(view.buffer, view.byteOffset + at, length);
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw badFile(`${file}:`, `the zip entry at byte ${at} has a name that is not UTF-8`);
  }
}

function quote(name: string): string {
  return JSON.stringify(name.slice(0, 120));
}
