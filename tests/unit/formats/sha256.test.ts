import { createHash } from 'node:crypto';
import { afterEach, expect, it, vi } from 'vitest';
import { sha256 } from '../../../src/lib/formats/sha256';

afterEach(() => vi.unstubAllGlobals());

it.each([
  ['the browser’s own', crypto],
  ['without crypto.subtle', { getRandomValues: () => undefined }],
  ['without crypto', undefined],
])('is SHA-256: %s', async (_, given) => {
  vi.stubGlobal('crypto', given);
  const bytes = Uint8Array.from({ length: 1000 }, (_, i) => i % 251);
  const expected = (part: Uint8Array) => createHash('sha256').update(part).digest('hex');
  expect(await sha256(bytes)).toBe(expected(bytes));
  expect(await sha256(bytes.subarray(3, 70))).toBe(expected(bytes.subarray(3, 70)));
  expect(await sha256(bytes.buffer)).toBe(expected(bytes));
  expect(await sha256(new Uint8Array())).toBe(expected(new Uint8Array()));
});
