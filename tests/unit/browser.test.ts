/** Older browsers: what they lack is done by hand, and nothing newer is used anywhere else. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, it, vi } from 'vitest';
import { anySignal, parseUrl } from '../../src/lib/browser';
import { describeAdapter } from '../../src/lib/gpu/device';
import { newerStatics } from '../newer-apis';

afterEach(() => vi.unstubAllGlobals());

/** The same classes without their newer methods. */
function growOld() {
  vi.stubGlobal('AbortSignal', { any: undefined });
  vi.stubGlobal('URL', class extends URL {});
  Object.assign(globalThis.URL, { canParse: undefined });
}

it.each(['as it is', 'where AbortSignal.any is missing'])('the first signal that aborts tells why, %s', (how) => {
  if (how !== 'as it is') growOld();
  const [one, other] = [new AbortController(), new AbortController()];
  const any = anySignal([one.signal, other.signal]);
  const heard: unknown[] = [];
  any.addEventListener('abort', () => heard.push(any.reason));
  expect(any.aborted).toBe(false);
  other.abort('other');
  one.abort('one');
  expect(any.aborted).toBe(true);
  expect(heard).toEqual(['other']);
  const late = anySignal([new AbortController().signal, one.signal, other.signal]);
  expect(late.reason).toBe('one');
});

it('reads an address, and tells what is none, without URL.canParse', () => {
  growOld();
  expect(parseUrl('https://a.test/b')?.host).toBe('a.test');
  expect(parseUrl('b', 'https://a.test/c')?.href).toBe('https://a.test/b');
  expect(parseUrl('b')).toBeNull();
  expect(parseUrl('http://[')).toBeNull();
});

it('an adapter is described as newer and older browsers tell, and where none does', async () => {
  const info = { vendor: 'google', architecture: 'swiftshader', description: '' };
  const described = { name: 'google swiftshader', isSoftware: true };
  expect(await describeAdapter({ info } as unknown as GPUAdapter)).toEqual(described);
  expect(await describeAdapter({ requestAdapterInfo: async () => info } as unknown as GPUAdapter)).toEqual(described);
  expect(await describeAdapter({} as GPUAdapter)).toEqual({ name: 'unnamed GPU', isSoftware: false });
});

it('no file but browser.ts calls what is newer than Chrome 113', () => {
  const source = fileURLToPath(new URL('../../src/', import.meta.url));
  const files = readdirSync(source, { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.(ts|svelte)$/.test(file) && file !== path.join('lib', 'browser.ts'))
    .map((file) => ({ file, text: readFileSync(path.join(source, file), 'utf8') }));
  expect(files.length).toBeGreaterThan(150);
  const calls = newerStatics.map((name) => ({ name, call: new RegExp(`\\b${name.replace('.', '\\.')}\\(`) }));
  const used = files.flatMap(({ file, text }) =>
    calls.filter(({ call }) => call.test(text)).map(({ name }) => `${file}: ${name}`),
  );
  expect(used).toEqual([]);
});
