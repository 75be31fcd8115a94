/** Manifests from outside: what is refused, and by which field. */
import { expect, test } from 'vitest';
import { parseManifest, parseTokenizerFile } from '../../../src/lib/downloads/manifest';

const tensor = { name: 'w', dtype: 'uint32', format: 'raw', shape: [2], byteOffset: 0, nbytes: 8 };
const shard = {
  dataPath: 'params_shard_0.bin',
  format: 'raw-shard',
  nbytes: 8,
  md5sum: 'A'.repeat(32),
  records: [tensor],
};
const parse = (records: unknown) => parseManifest(JSON.stringify({ metadata: {}, records }), 'm.json');

test('reads names, sizes and digests', () => {
  const widened = { ...tensor, format: 'f32-to-bf16' };
  const second = { ...shard, dataPath: 'b.bin', md5sum: undefined, records: [widened] };
  expect(parse([shard, second])).toEqual([
    { name: 'params_shard_0.bin', bytes: 8, md5: 'a'.repeat(32), largest: { name: 'w', bytes: 8 } },
    { name: 'b.bin', bytes: 8, md5: null, largest: { name: 'w', bytes: 16 } },
  ]);
});

test.each<[string, unknown, string]>([
  ['no list', {}, 'm.json: records must be a list'],
  ['nothing', [], 'm.json: records must not be empty'],
  ['a path upwards', [{ ...shard, dataPath: '../other/x.bin' }], 'records.0.dataPath must be a file name, not a path'],
  ['an address', [{ ...shard, dataPath: 'https://evil.test/x' }], 'records.0.dataPath must be a file name'],
  ['an encoded path', [{ ...shard, dataPath: '%2e%2e/x' }], 'records.0.dataPath must be a file name'],
  ['a hidden file', [{ ...shard, dataPath: '..' }], 'records.0.dataPath must be a file name'],
  ['a negative size', [{ ...shard, nbytes: -1 }], 'records.0.nbytes must be at least 1'],
  ['a size that is no number', [{ ...shard, nbytes: '8' }], 'records.0.nbytes must be a number'],
  ['a huge shard', [{ ...shard, nbytes: 2 ** 40 }], 'records.0.nbytes must be at most'],
  ['a digest that is none', [{ ...shard, md5sum: 'x' }], 'records.0.md5sum must be an MD5'],
  ['a name twice', [shard, shard], 'records name a file more than once'],
  ['a tensor beyond its shard', [{ ...shard, records: [{ ...tensor, byteOffset: 1 }] }], 'records.0 has a tensor that'],
  ['a shape of strings', [{ ...shard, records: [{ ...tensor, shape: ['2'] }] }], 'records.0.records.0.shape.0'],
  ['too many shards', Array.from({ length: 10_001 }, (_, i) => ({ ...shard, dataPath: `${i}.bin` })), 'at most 10000'],
  [
    'more than fits',
    Array.from({ length: 17 }, (_, i) => ({ ...shard, dataPath: `${i}.bin`, nbytes: 2 ** 32 })),
    'records are more than',
  ],
])('refuses %s', (_, records, message) => {
  expect(() => parse(records)).toThrow(
    expect.objectContaining({ name: 'BadModel', message: expect.stringContaining(message) }),
  );
});

test('refuses what is not JSON', () => {
  expect(() => parseManifest('{', 'm.json')).toThrow(/^m.json is not JSON/);
});

test('names the tokenizer that WebLLM reads', () => {
  const name = (files: unknown) => parseTokenizerFile(JSON.stringify({ tokenizer_files: files }), 'c.json');
  expect(name(['tokenizer.model', 'tokenizer.json'])).toBe('tokenizer.json');
  expect(name(['tokenizer.model'])).toBe('tokenizer.model');
  expect(() => name(['vocab.txt'])).toThrow(/names neither/);
  expect(() => name('tokenizer.json')).toThrow(/tokenizer_files must be a list/);
});
