/** Token ids as base64url of LEB128 varints: about 2.7 characters an id, against 5 in JSON. */

export function toBase64Url(bytes: Uint8Array): string {
  let binary = '';
  // In slices: an argument list of 64 kB overflows the stack in some browsers.
  for (let i = 0; i < bytes.length; i += 8192) binary += String.fromCharCode(...bytes.subarray(i, i + 8192));
  return btoa(binary).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

/** @throws Error if the text is not base64url. */
export function fromBase64Url(text: string): Uint8Array<ArrayBuffer> {
  if (!/^[A-Za-z0-9_-]*$/.test(text)) throw new Error('has characters that no link contains');
  let binary: string;
  try {
    binary = atob(text.replaceAll('-', '+').replaceAll('_', '/'));
  } catch (cause) {
    throw new Error('is cut short', { cause });
  }
  return Uint8Array.from(binary, (character) => character.charCodeAt(0));
}

export function packTokenIds(ids: readonly number[]): string {
  const bytes: number[] = [];
  for (const id of ids) {
    let rest = id;
    while (rest >= 0x80) {
      bytes.push((rest & 0x7f) | 0x80);
      rest >>>= 7;
    }
    bytes.push(rest);
  }
  return toBase64Url(Uint8Array.from(bytes));
}

/** @throws Error if the bytes are no sequence of ids below 2^31. */
export function unpackTokenIds(packed: string): number[] {
  const ids: number[] = [];
  let id = 0;
  let scale = 1;
  let isInside = false;
  for (const byte of fromBase64Url(packed)) {
    id += (byte & 0x7f) * scale;
    scale *= 0x80;
    isInside = byte >= 0x80;
    if (id > 0x7fffffff || (isInside && scale > 0x80 ** 4)) throw new Error('holds a number too large for a token id');
    if (isInside) continue;
    ids.push(id);
    id = 0;
    scale = 1;
  }
  if (isInside) throw new Error('ends in the middle of a token id');
  return ids;
}
