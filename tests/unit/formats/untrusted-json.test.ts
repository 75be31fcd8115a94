/** JSON from outside: what is too deep, too much or no JSON is refused by name, before it costs the page its memory or its stack. */
import { describe, expect, it } from 'vitest';
import { readPersonaFiles } from '../../../src/lib/personas/persona-files';
import { decodeSums } from '../../../src/lib/extract/sums-file';
import { PersonascopeError } from '../../../src/lib/errors';
import { findDuplicateKey } from '../../../src/lib/formats/duplicate-key';
import { limits } from '../../../src/lib/limits';
import { encodeSafetensors, parseHeader } from '../../../src/lib/formats/safetensors';
import { parseUntrusted } from '../../../src/lib/formats/untrusted-json';
import { downloadJson } from '../../../src/lib/downloads/download';
import { readVectorFile } from '../../../src/lib/vectors/read-vector-file';
import { parseManifest, parseTokenizerFile } from '../../../src/lib/downloads/manifest';

const refuse = (reason: string, options?: ErrorOptions) =>
  new PersonascopeError('BadRequest', `The text ${reason}.`, '', options);
const parse = (text: string, maxCharacters = 1e9) => parseUntrusted(text, { maxCharacters, refuse });
const bytesOf = (text: string) => new TextEncoder().encode(text);

function withHeader(header: string): Uint8Array {
  const json = bytesOf(header);
  const file = new Uint8Array(8 + json.length);
  new DataView(file.buffer).setBigUint64(0, BigInt(json.length), true);
  file.set(json, 8);
  return file;
}

describe('parseUntrusted', () => {
  it('gives what JSON.parse gives, brackets in strings and escapes too', () => {
    for (const text of ['1', '"[[[["', '{"a":["\\\\",{"\\"]":null}]}', ' [ ] ', '"\\u005b"']) {
      expect(parse(text)).toEqual(JSON.parse(text));
    }
    const brackets = JSON.stringify('['.repeat(1_000));
    expect(parse(brackets)).toBe('['.repeat(1_000));
  });

  it('takes the budget itself and refuses one more: depth, parts, characters', () => {
    const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth);
    expect(parse(nested(limits.jsonDepth))).toBeInstanceOf(Array);
    expect(() => parse(nested(limits.jsonDepth + 1))).toThrow('The text is nested more than 64 deep.');
    const parts = (maxParts: number) => parseUntrusted('[{"a":1},{"b":2}]', { maxCharacters: 100, maxParts, refuse });
    expect(parts(5)).toEqual([{ a: 1 }, { b: 2 }]);
    expect(() => parts(4)).toThrow('more than 4 lists, objects and fields');
    expect(parse('[1]', 3)).toEqual([1]);
    expect(() => parse('[1] ', 3)).toThrow('has 4 characters, more than 3');
  });

  it('counts depth, not how many there are: closed ones are over', () => {
    expect(parse(`[${'[],'.repeat(10_000)}0]`)).toHaveLength(10_001);
  });

  it('refuses what is no JSON with the reason', () => {
    for (const text of ['', '{', '"abc', '"\\', ']]]]', '[1]]', '{"a":}']) {
      expect(() => parse(text)).toThrow('The text is not JSON (');
    }
  });

  it('a field __proto__ changes nobody’s prototype', () => {
    const value = parse('{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}') as object;
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
    expect(Object.hasOwn(value, '__proto__')).toBe(true);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });
});

const deep = [
  ['10 MB of open brackets', '['.repeat(10_000_000)],
  ['lists nested 100,000 deep', '['.repeat(100_000) + ']'.repeat(100_000)],
  ['objects nested 100,000 deep', '{"a":'.repeat(100_000) + '1' + '}'.repeat(100_000)],
] as const;

const readers: [string, (json: string) => unknown][] = [
  ['a vector’s JSON', (json) => readVectorFile(bytesOf(`{"format":${json}`), 'x.json', { nLayers: 3, dModel: 4 })],
  ['a safetensors header', (json) => parseHeader(withHeader(`{"a":${json}}`), 'x.safetensors')],
  [
    'a vector’s description in safetensors',
    (json) => {
      const metadata = { format: 'personascope/vectors@1', 'vector.a': `{"name":${json}}` };
      const file = encodeSafetensors([{ name: 'vector.a', shape: [1, 1], data: Float32Array.of(1) }], metadata);
      return readVectorFile(file, 'x.safetensors', { nLayers: 3, dModel: 4 });
    },
  ],
  ['sums', (json) => decodeSums(encodeSafetensors([], { personascope: json }))],
  ['personas.json', (json) => readPersonaFiles(bytesOf(json), new Uint8Array())],
  ['a manifest', (json) => parseManifest(json, 'tensor-cache.json')],
  ['a chat config', (json) => parseTokenizerFile(json, 'mlc-chat-config.json')],
];

describe.each(readers)('%s', (_, read) => {
  it.each(deep)('is refused by name with %s', (_, json) => {
    const failure = (() => {
      try {
        return read(json);
      } catch (error) {
        return error;
      }
    })();
    expect(failure).toBeInstanceOf(PersonascopeError);
    expect((failure as Error).message).toMatch(/is nested more than 64 deep|characters, more than|longer than/);
  });
});

it.each(deep)('a model folder’s JSON is refused by name with %s', async (_, json) => {
  const fetch = async () => new Response(json);
  const failing = downloadJson(new URL('https://a.test/m/config.json'), 2 ** 24, { fetch });
  await expect(failing).rejects.toMatchObject({
    name: 'BadModel',
    message: 'config.json is nested more than 64 deep.',
  });
});

it('fields that are twice are found in one pass: many of them, long strings, deep values', () => {
  const many = Array.from({ length: 200_000 }, (_, i) => `"k${i}":1`).join();
  expect(findDuplicateKey(`{${many}}`)).toBeNull();
  expect(findDuplicateKey(`{${many},"k\\u0037":2}`)).toBe('k7');
  const long = JSON.stringify('\\"'.repeat(2_000_000));
  expect(findDuplicateKey(`{"a":${long},"b":{"a":[":"]},"a":1}`)).toBe('a');
  const depth = 100_000;
  expect(findDuplicateKey(`{"a":${'['.repeat(depth)}${']'.repeat(depth)},"a":1}`)).toBe('a');
}, 5_000);
