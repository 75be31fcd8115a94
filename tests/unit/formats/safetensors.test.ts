import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PersonascopeError } from '../../../src/lib/errors';
import { decodeFloats, encodeSafetensors, parseHeader } from '../../../src/lib/formats/safetensors';

/** A file with this header, its length as the format has it, and so many bytes of data. */
function file(header: string | object, data = 0, declared?: bigint): Uint8Array {
  const json = new TextEncoder().encode(typeof header === 'string' ? header : JSON.stringify(header));
  const bytes = new Uint8Array(8 + json.length + data);
  new DataView(bytes.buffer).setBigUint64(0, declared ?? BigInt(json.length), true);
  bytes.set(json, 8);
  return bytes;
}

const f32 = (begin: number, end: number, shape = [(end - begin) / 4]) => ({
  dtype: 'F32',
  shape,
  data_offsets: [begin, end],
});

describe('parseHeader', () => {
  it('reads what encodeSafetensors writes', () => {
    const bytes = encodeSafetensors(
      [
        { name: 'a', shape: [2, 1], data: new Float32Array([1, -2]) },
        { name: 'b', shape: [], data: new Float32Array([3]) },
        { name: 'c', shape: [0, 4], data: new Float32Array() },
      ],
      { format: 'pt' },
    );
    const { tensors, metadata, size } = parseHeader(bytes, 'm.safetensors', bytes.length);
    expect(metadata).toEqual({ format: 'pt' });
    expect(size).toBe(bytes.length);
    const { begin, end, ...rest } = tensors.get('a')!;
    expect(rest).toEqual({ name: 'a', dtype: 'F32', shape: [2, 1], file: 'm.safetensors' });
    expect([...decodeFloats(bytes.subarray(begin, end), 'F32')]).toEqual([1, -2]);
    expect(tensors.get('b')).toMatchObject({ begin: end, end: end + 4 });
    expect(begin % 8).toBe(0);
  });

  it('reads the header alone, and tensors in any order', () => {
    const bytes = file({ b: f32(8, 12), a: f32(0, 8), odd: { dtype: 'F4', shape: [3], data_offsets: [12, 14] } });
    const { tensors, size } = parseHeader(bytes, 'm', undefined);
    expect(size).toBe(bytes.length + 14);
    expect([...tensors.keys()]).toEqual(['b', 'a', 'odd']);
  });

  const a = '{"dtype":"F32","shape":[1],"data_offsets":[0,4]}';
  it.each<[string, Uint8Array, string]>([
    ['too few bytes', new Uint8Array(7), '7 bytes are too few for a safetensors file'],
    ['a long header', file('{}', 0, 100_000_001n), 'header of 100000001 bytes is longer than 100000000'],
    ['a huge header', file('{}', 0, 2n ** 64n - 1n), 'header of 18446744073709551615 bytes is longer'],
    ['a header past the end', file('{}', 0, 3n), "header of 3 bytes ends past the file's 10"],
    ['no JSON', file('{"a":'), 'header is not JSON'],
    ['bad UTF-8', file(String.raw`{}`, 0).fill(0xff, 8), 'header is not JSON'],
    ['a list', file('[]'), 'header is not an object'],
    ['null', file('null'), 'header is not an object'],
    ['two equal names', file(`{"a":${a},"a":${a}}`, 4), 'header has "a" twice'],
    ['equal names spelt apart', file(`{"a":${a},"\\u0061":${a}}`, 4), 'header has "a" twice'],
    ['metadata of numbers', file('{"__metadata__":{"a":1}}'), '__metadata__ is not an object of strings'],
    ['a number for a tensor', file({ a: 3 }), '"a": is not an object'],
    ['no dtype', file({ a: { shape: [1], data_offsets: [0, 4] } }, 4), '"a": dtype is not a string'],
    ['no shape', file({ a: { dtype: 'F32', data_offsets: [0, 4] } }, 4), '"a": shape is not a short list'],
    ['a negative shape', file({ a: f32(0, 4, [-1]) }, 4), '"a": shape is not a short list of whole numbers'],
    ['a fraction', file({ a: f32(0, 4, [0.5, 2]) }, 4), '"a": shape is not a short list of whole numbers'],
    ['a huge size', file({ a: f32(0, 4, [2 ** 53]) }, 4), '"a": shape is not a short list of whole numbers'],
    [
      'a huge product',
      file({ a: f32(0, 4, [2 ** 30, 2 ** 30]) }, 4),
      '"a": shape [1073741824,1073741824] is too large',
    ],
    ['one offset', file({ a: { ...f32(0, 4), data_offsets: [0] } }, 4), '"a": data_offsets is not a pair'],
    ['negative offsets', file({ a: f32(-4, 0) }, 4), '"a": data_offsets is not a pair of whole numbers'],
    [
      'begin after end',
      file({ a: { ...f32(0, 4), data_offsets: [4, 0] } }, 4),
      '"a": data_offsets begin at 4 and end at 0',
    ],
    ['a short tensor', file({ a: f32(0, 4, [2]) }, 4), '"a": shape [2] of F32 takes 8 bytes, data_offsets give 4'],
    ['overlap', file({ a: f32(0, 8), b: f32(4, 12) }, 12), '"b" overlaps "a"'],
    ['a hole', file({ a: f32(0, 4), b: f32(8, 12) }, 12), '4 bytes between "a" and "b" belong to no tensor'],
    ['a hole at the start', file({ a: f32(4, 8) }, 8), '4 bytes between the header and "a" belong to no tensor'],
    ['missing data', file({ a: f32(0, 8) }, 4), 'bytes, the file has'],
    ['trailing data', file({ a: f32(0, 4) }, 8), 'bytes, the file has'],
  ])('refuses %s', (_, bytes, message) => {
    const parse = () => parseHeader(bytes, 'm.safetensors', bytes.length);
    expect(parse).toThrow(expect.objectContaining({ name: 'BadModel', message: expect.stringContaining(message) }));
    expect(parse).toThrow('m.safetensors: ');
  });

  it('throws nothing but named errors on any bytes', () => {
    const valid = encodeSafetensors([{ name: 'a', shape: [2], data: new Float32Array(2) }], { format: 'pt' });
    const damaged = fc
      .array(fc.tuple(fc.nat(valid.length - 1), fc.nat(255)), { maxLength: 4 })
      .map((changes) => changes.reduce((bytes, [at, value]) => bytes.fill(value, at, at + 1), valid.slice()));
    const value = fc.oneof(
      fc.json(),
      fc.record({
        dtype: fc.constantFrom('F32', 'I4', '__proto__'),
        shape: fc.array(fc.nat(9)),
        data_offsets: fc.array(fc.nat(99)),
      }),
    );
    const anyHeader = fc.dictionary(fc.string(), value).map((header) => file(header, 12));
    const anyJson = fc.json({ noUnicodeString: false } as object).map((json) => file(json, 4));
    fc.assert(
      fc.property(fc.oneof(damaged, anyHeader, anyJson, fc.uint8Array({ maxLength: 64 })), (bytes) => {
        try {
          const { tensors } = parseHeader(bytes, 'm', bytes.length);
          for (const { begin, end } of tensors.values())
            expect(begin >= 8 && begin <= end && end <= bytes.length).toBe(true);
        } catch (error) {
          expect(error).toBeInstanceOf(PersonascopeError);
        }
      }),
      { numRuns: 3000, seed: 4 },
    );
  }, 30_000);

  it('reads a header of 50,000 tensors in time', () => {
    const header = Object.fromEntries(Array.from({ length: 50_000 }, (_, i) => [`t${i}`, f32(4 * i, 4 * i + 4)]));
    expect(parseHeader(file(header), 'm').tensors.size).toBe(50_000);
  }, 5_000);
});

describe('decodeFloats', () => {
  it('decodes every half as its definition says', () => {
    const halves = Uint16Array.from({ length: 65_536 }, (_, i) => i);
    const decoded = decodeFloats(new Uint8Array(halves.buffer), 'F16');
    for (let half = 0; half < 65_536; half++) {
      const sign = half & 0x8000 ? -1 : 1;
      const exponent = (half >> 10) & 31;
      const fraction = half & 1023;
      const magnitude =
        exponent === 31
          ? fraction
            ? NaN
            : Infinity
          : exponent
            ? (1 + fraction / 1024) * 2 ** (exponent - 15)
            : fraction * 2 ** -24;
      if (!Object.is(decoded[half], sign * magnitude))
        expect.fail(`half ${half}: got ${decoded[half]}, want ${sign * magnitude}`);
    }
  });

  it('decodes bf16 as the upper half of f32', () => {
    const stored = new Uint16Array([0x3f80, 0xc040, 0x0001, 0x8000, 0x7f80, 0xff80, 0x7f7f, 0x7fc0]);
    const expected = [1, -3, 2 ** -133, -0, Infinity, -Infinity, (2 - 2 ** -7) * 2 ** 127, NaN];
    expect([...decodeFloats(new Uint8Array(stored.buffer), 'BF16')]).toEqual(expected);
  });

  it('reads from any alignment', () => {
    const bytes = new Uint8Array(9);
    new DataView(bytes.buffer).setFloat32(1, 0.1, true);
    new DataView(bytes.buffer).setFloat32(5, -1e-45, true);
    expect([...decodeFloats(bytes.subarray(1), 'F32')]).toEqual([Math.fround(0.1), -Math.fround(1e-45)]);
  });
});
