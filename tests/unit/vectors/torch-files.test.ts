/** What a file of torch.save may hold, and what in it is refused by name: it is read, never run. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PersonascopeError } from '../../../src/lib/errors';
import { readPickle } from '../../../src/lib/formats/pickle-tensors';
import { sniffFormat } from '../../../src/lib/vectors/read-vector-file';
import { readStoredZip } from '../../../src/lib/formats/stored-zip';
import { ascii, f32, global, pickle, Tensor, torchFile, u16, u32, zip, type Pickled } from './torch-file';
import { openFile } from './vectors';

const model = { nLayers: 2, dModel: 2 };
const open = (bytes: Uint8Array) => openFile(bytes, 'evil.pt', model);
const refusal = (message: string) =>
  expect.objectContaining({ name: 'BadRequest', message: expect.stringContaining(message) });
const stack = () => f32([2, 2], [1, 2, 3, 4]);
/** A file whose pickle is a dict with these opcodes as its one value. */
const withOpcodes = (...raw: number[]) => torchFile(new Map<string, Pickled>([['a', { raw }]]));
const text = (value: string) => [0x58, ...u32(value.length), ...ascii(value)];
const bytesOf = (...opcodes: number[]) => Uint8Array.from([0x80, 2, ...opcodes]);

describe('a file of torch.save', () => {
  it('is told by its content, with and without the zip64 record that PyTorch writes', () => {
    for (const hasZip64 of [true, false]) {
      const bytes = torchFile(stack(), { hasZip64, byteorder: 'little' });
      expect(sniffFormat(bytes)).toBe('zip');
      expect(open(bytes)[0]!.layers).toEqual([0, 1]);
    }
  });

  it('may lie anywhere in a buffer, and gives numbers of its own', () => {
    const bytes = torchFile(stack());
    const inside = Uint8Array.from([7, ...bytes, 7]).subarray(1, -1);
    const [vector] = open(inside);
    inside.fill(0);
    expect([...vector!.vectors.get(1)!]).toEqual([3, 4]);
  });

  it('of protocol 4 names things on the stack and remembers them in order', () => {
    const short = (value: string) => [0x8c, value.length, ...ascii(value)];
    const named = (module: string, name: string) => [...short(module), 0x94, ...short(name), 0x94, 0x93, 0x94];
    const args = [
      ...[
        0x28,
        ...short('storage'),
        0x94,
        ...named('torch', 'FloatStorage'),
        ...short('0'),
        0x94,
        ...short('cpu'),
        0x94,
      ],
      ...[0x4b, 4, 0x74, 0x94, 0x51, 0x4b, 0],
      ...[0x4b, 2, 0x4b, 2, 0x86, 0x94, 0x4b, 2, 0x4b, 1, 0x86, 0x94, 0x89],
      ...[...named('collections', 'OrderedDict'), 0x29, 0x52, 0x94],
    ];
    const body = [...named('torch._utils', '_rebuild_tensor_v2'), 0x28, ...args, 0x74, 0x94, 0x52, 0x94, 0x2e];
    const bytes = Uint8Array.from([0x80, 4, 0x95, ...u32(body.length), ...u32(0), ...body]);
    const data = new Uint8Array(Float32Array.of(1, 2, 3, 4).buffer);
    const [vector] = open(
      zip([
        ['a/data.pkl', bytes],
        ['a/data/0', data],
      ]),
    );
    expect([...vector!.vectors.get(1)!]).toEqual([3, 4]);
  });

  it('may hold one tensor under two names, parameters, states and numbers of every kind', () => {
    const shared = stack();
    const parameter = [...global('torch._utils', '_rebuild_parameter'), 0x28];
    const { bytes, storages } = pickle(
      new Map<string, Pickled>([
        ['one', shared],
        ['two', shared],
      ]),
    );
    expect(storages.length).toBe(1);
    // The dict again, as a parameter and with a state: SETITEMS, then ["three"] = parameter, then BUILD.
    const inner = pickle(shared).bytes.slice(2, -1);
    const hooks = [...global('collections', 'OrderedDict'), 0x29, 0x52];
    const more = [...text('three'), ...parameter, ...inner, 0x88, ...hooks, 0x74, 0x52, 0x73, 0x7d, 0x62, 0x2e];
    const data = zip([
      ['a/data.pkl', Uint8Array.from([...bytes.slice(0, -1), ...more])],
      ['a/data/0', storages[0]!],
    ]);
    expect(open(data).map(({ name }) => name)).toEqual(['one', 'two', 'three']);

    const none = () => undefined;
    const numbers = [
      0x4a,
      ...u32(-2 >>> 0),
      0x4d,
      0x34,
      0x12,
      0x8a,
      0,
      0x8a,
      2,
      0xff,
      0xff,
      0x8a,
      2,
      0xff,
      0,
      0x47,
      0x3f,
      0xf8,
      0,
      0,
      0,
      0,
      0,
      0,
    ];
    expect(readPickle(bytesOf(0x5d, 0x28, ...numbers, 0x4e, 0x88, 0x65, 0x2e), none, 'x')).toEqual([
      -2,
      0x1234,
      0,
      -1,
      255,
      1.5,
      null,
      true,
    ]);
  });
});

describe('a file of torch.save is refused', () => {
  const tensorOf = (is: Partial<Tensor['is']>) => torchFile(new Tensor({ ...stack().is, ...is }));
  it.each<[string, Uint8Array, string]>([
    // Data.pkl begins with 0x80 2 } ( X 1 0 0 0 a: the opcodes begin at byte 10.
    [
      'a call of the system',
      withOpcodes(...global('posix', 'system'), ...text('id'), 0x85, 0x52),
      'byte 10: refers to posix.system, which is not run',
    ],
    ['a name on the stack', withOpcodes(...text('builtins'), ...text('eval'), 0x93), 'refers to builtins.eval'],
    [
      'a class of torch',
      withOpcodes(...global('torch.nn.modules.linear', 'Linear')),
      'refers to torch.nn.modules.linear.Linear',
    ],
    [
      'a number of numpy',
      withOpcodes(...global('numpy.core.multiarray', 'scalar')),
      'refers to numpy.core.multiarray.scalar',
    ],
    ['INST', withOpcodes(0x28, 0x69, ...ascii('os\nsystem\n')), 'byte 11: has INST'],
    ['OBJ', withOpcodes(0x28, 0x6f), 'has OBJ'],
    ['NEWOBJ', withOpcodes(0x81), 'has NEWOBJ'],
    ['EXT1', withOpcodes(0x82, 1), 'has EXT1'],
    ['an unknown opcode', withOpcodes(0xfe), 'byte 10: has opcode 0xfe'],
    ['BUILD on a number', withOpcodes(0x4b, 1, 0x4e, 0x62), 'has BUILD on something that is no dict'],
    ['a call of a text', withOpcodes(...text('a'), 0x29, 0x52), 'calls something that is no name'],
    [
      'a call with other arguments',
      withOpcodes(...global('collections', 'OrderedDict'), 0x4b, 1, 0x85, 0x52),
      'calls collections.OrderedDict in a way',
    ],
    [
      'a storage as a function',
      withOpcodes(...global('torch', 'FloatStorage'), 0x29, 0x52),
      'calls torch.FloatStorage in a way',
    ],
    ['a name as a value', withOpcodes(...global('torch', 'FloatStorage')), 'holds torch.FloatStorage itself'],
    ['a persistent id that is no storage', withOpcodes(...text('a'), 0x51), 'refers to something that is no storage'],
    [
      'a tensor without a storage',
      withOpcodes(...global('torch._utils', '_rebuild_tensor_v2'), 0x29, 0x52),
      'has a tensor without a storage',
    ],
    ['too few values', withOpcodes(0x52), 'takes a value that there is not'],
    ['a mark too few', torchRaw([0x80, 2, 0x75]), 'goes back to a mark that there is not'],
    ['a memory that is not', withOpcodes(0x68, 9), 'recalls value 9, which there is not'],
    ['a key that is a dict', withOpcodes(0x7d, 0x7d, 0x4b, 1, 0x73), 'has a key that is neither text nor number'],
    ['protocol 1', torchRaw([0x80, 1, 0x4e, 0x2e]), 'has protocol 1; 2 to 5'],
    ['a text past the end', torchRaw([0x80, 2, 0x58, 0xff, 0xff, 0xff, 0x7f]), 'ends within a value'],
    ['a name without an end', torchRaw([0x80, 2, 0x63, ...Array<number>(300).fill(0x61)]), 'has a name without an end'],
    ['no STOP', torchRaw([0x80, 2, 0x4e]), 'ends within a value'],
    ['two values', torchRaw([0x80, 2, 0x4e, 0x4e, 0x2e]), 'ends with more than one value'],
    // Tensors.
    ['an offset past the storage', tensorOf({ offset: 1 }), 'ends at element 4, its storage at 4'],
    ['strides past the storage', tensorOf({ stride: [3, 1] }), 'ends at element 4, its storage at 4'],
    ['strides below zero', tensorOf({ stride: [-1, 1] }), 'offset, size or strides are no whole numbers'],
    ['strides for other sizes', tensorOf({ stride: [1] }), 'offset, size or strides are no whole numbers'],
    [
      'a storage of another size',
      tensorOf({ elementBytes: 8 }),
      'has 2 elements of F32 in storage "0", whose bytes are 16',
    ],
    ['a storage of another kind', tensorOf({ storage: 'ComplexFloatStorage' }), 'refers to torch.ComplexFloatStorage'],
    ['rows without end of one number', tensorOf({ shape: [1e9, 2], stride: [0, 0] }), 'has 1000000000 rows'],
    // The archive.
    [
      'compressed',
      torchFile(stack(), { method: 8 }),
      '"archive/data.pkl" is compressed (deflate): only stored entries',
    ],
    ['compressed otherwise', torchFile(stack(), { method: 77 }), 'is compressed (method 77)'],
    ['encrypted', torchFile(stack(), { flags: 0x0809 }), '"archive/data.pkl" is encrypted'],
    ['big-endian', torchFile(stack(), { byteorder: 'big' }), 'byteorder is not little'],
    [
      'without its numbers',
      zip([['a/data.pkl', pickle(stack()).bytes]]),
      'refers to storage "0", which is not in the file',
    ],
    ['of another program', zip([['word/document.xml', Uint8Array.of(1)]]), 'not one of torch.save'],
    [
      'of two pickles',
      zip([
        ['a/data.pkl', bytesOf(0x2e)],
        ['b/data.pkl', bytesOf(0x2e)],
      ]),
      'not one of torch.save',
    ],
    [
      'of an entry twice',
      zip([
        ['a/data.pkl', bytesOf(0x2e)],
        ['a/data.pkl', bytesOf(0x2e)],
      ]),
      '"a/data.pkl" is there twice',
    ],
    ['cut short', torchFile(stack()).slice(0, -30), 'is a zip archive without an end'],
    [
      'with a head cut off',
      Uint8Array.from([...torchFile(stack()).slice(0, 4), ...torchFile(stack()).slice(64)]),
      'does not end where',
    ],
    [
      'from before PyTorch 1.6',
      Uint8Array.of(0x80, 2, 0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9),
      'is a pickle by itself',
    ],
  ])('%s', (_, bytes, message) => {
    expect(() => open(bytes)).toThrow(refusal(message));
    expect(() => open(bytes)).toThrow(/^evil\.pt: /);
  });

  it.each([
    ['texts', text('end')],
    ['numbers', [0x4b, 1]],
    ['dicts', [0x7d]],
  ])('with lists that hold one another many times over, soon: of %s', (_, innermost) => {
    // A dict of 12 lists, each of which holds the one before it a hundred times: 100^12 members.
    const levels = Array.from({ length: 12 }, (_, i) => [
      ...[0x4b, i, 0x5d, 0x71, i, 0x28],
      ...Array<number[]>(100)
        .fill(i === 0 ? innermost : [0x68, i - 1])
        .flat(),
      ...[0x65, 0x73],
    ]);
    const began = performance.now();
    expect(() => open(torchRaw([0x80, 2, 0x7d, ...levels.flat(), 0x2e]))).toThrow(
      refusal('holds more than 262144 things'),
    );
    expect(performance.now() - began).toBeLessThan(10_000);
  });

  it('with a list that holds itself', () => {
    expect(() => open(torchRaw([0x80, 2, 0x5d, 0x71, 0, 0x68, 0, 0x61, 0x2e]))).toThrow(
      refusal('is nested deeper than 16'),
    );
    expect(() => open(torchRaw([0x80, 2, 0x7d, 0x71, 0, 0x4b, 1, 0x68, 0, 0x73, 0x2e]))).toThrow(
      refusal('is nested deeper than 16'),
    );
  });
});

describe('a zip archive', () => {
  const entry = (change: (directory: number[], at: number) => void, name = 'a/b') => {
    const bytes = [...zip([[name, Uint8Array.of(1, 2, 3)]], { hasZip64: false })];
    const begin = bytes.findIndex((_, i) => u32(0x02014b50).every((byte, j) => bytes[i + j] === byte));
    change(bytes, begin);
    return Uint8Array.from(bytes);
  };
  const put =
    (offset: number, ...values: number[]) =>
    (bytes: number[], at: number) =>
      void values.forEach((value, i) => (bytes[at + offset + i] = value));

  it('gives its entries by name, folders apart', () => {
    const bytes = zip([
      ['a/', new Uint8Array()],
      ['a/b', Uint8Array.of(1, 2, 3)],
      ['c', new Uint8Array()],
    ]);
    expect([...readStoredZip(bytes, 'x')]).toEqual([
      ['a/b', Uint8Array.of(1, 2, 3)],
      ['c', new Uint8Array()],
    ]);
    const commented = Uint8Array.from([...zip([['c', Uint8Array.of(9)]]).slice(0, -2), ...u16(5), ...ascii('hello')]);
    expect([...readStoredZip(commented, 'x').keys()]).toEqual(['c']);
  });

  it.each<[string, Uint8Array, string]>([
    ['sizes that differ', entry(put(20, 2)), 'is stored, yet has 2 bytes for 3'],
    [
      'a size past the data',
      entry((bytes, at) => {
        put(20, 0xff, 0xff)(bytes, at);
        put(24, 0xff, 0xff)(bytes, at);
      }),
      "the archive's data at",
    ],
    [
      'a zip64 size',
      entry((bytes, at) => {
        put(20, 255, 255, 255, 255)(bytes, at);
        put(24, 255, 255, 255, 255)(bytes, at);
      }),
      "the archive's data at",
    ],
    ['no local header', entry(put(42, 1)), 'has no header at byte 1'],
    ['a local header past the data', entry(put(42, 255, 255, 255, 255)), 'has no header at byte 4294967295'],
    ['another name in its header', entry(put(46, 0x7a)), '"z/b" has another name in its header'],
    ['a name that is not UTF-8', entry(put(46, 0xff)), 'has a name that is not UTF-8'],
    ['a name past the directory', entry(put(28, 0xff, 0xff)), "is past the file's end"],
    ['a signature that is none', entry(put(0, 0)), 'has no zip entry at byte'],
    [
      'more entries than there are',
      Uint8Array.from(
        zip([['a', Uint8Array.of(1)]], { hasZip64: false }).map((byte, i, all) =>
          i === all.length - 14 || i === all.length - 12 ? 2 : byte,
        ),
      ),
      'entry 1 of the zip archive is past its directory',
    ],
    [
      'several parts',
      Uint8Array.from(zip([]).map((byte, i, all) => (i === all.length - 18 ? 1 : byte))),
      'of several parts',
    ],
    [
      'the count of zip64',
      Uint8Array.from(zip([]).map((byte, i, all) => (i >= all.length - 14 && i < all.length - 10 ? 0xff : byte))),
      'of 65535 entries',
    ],
  ])('is refused with %s', (_, bytes, message) => {
    expect(() => readStoredZip(bytes, 'x')).toThrow(refusal(message));
  });
});

it('a damaged file of torch.save throws nothing but named errors, and never hangs', () => {
  const valid = torchFile(
    new Map<string, Pickled>([
      ['evil', stack()],
      ['kind', { tuple: [f32([2], [1, 2]), f32([2], [3, 4])] }],
      ['layer', 1],
      [
        'about',
        new Map<string, Pickled>([
          ['seed', 70_000],
          ['note', 'x'],
          ['list', [1.5, null, true]],
        ]),
      ],
    ]),
  );
  const opcode = fc.constantFrom(
    ...[0x28, 0x2e, 0x29, 0x5d, 0x7d, 0x51, 0x52, 0x61, 0x65, 0x68, 0x71, 0x73, 0x74, 0x75, 0x86, 0x62],
  );
  const cut = fc.nat(valid.length).map((length) => valid.slice(0, length));
  const change = fc.tuple(
    fc.nat(valid.length - 1),
    fc.oneof(
      fc.uint8Array({ minLength: 1, maxLength: 8 }),
      opcode.map((code) => Uint8Array.of(code)),
    ),
  );
  const damaged = fc.array(change, { minLength: 1, maxLength: 3 }).map((changes) => {
    const bytes = valid.slice();
    for (const [at, by] of changes) bytes.set(by.subarray(0, bytes.length - at), at);
    return bytes;
  });
  const spliced = fc
    .tuple(fc.nat(valid.length), fc.nat(valid.length), fc.uint8Array({ maxLength: 20 }))
    .map(([a, b, by]) => Uint8Array.from([...valid.subarray(0, a), ...by, ...valid.subarray(b)]));
  /** A sound archive around any pickle: damage to an archive mostly ends there. */
  const piece = fc.oneof(
    opcode.map((code) => [code]),
    fc.nat(255).map((value) => [0x4b, value]),
    fc.constantFrom('storage', 'a', '0').map(text),
    fc.constantFrom(
      global('torch', 'FloatStorage'),
      global('torch._utils', '_rebuild_tensor_v2'),
      global('collections', 'OrderedDict'),
    ),
    fc.nat(3).map((index) => [0x68, index]),
    fc.constant([...pickle(stack()).bytes.slice(2, -1)]),
  );
  const pickled = fc.array(piece, { maxLength: 30 }).map((pieces) => torchRaw([0x80, 2, ...pieces.flat(), 0x2e]));
  let opened = 0;
  fc.assert(
    fc.property(fc.oneof(cut, damaged, spliced, pickled), (bytes) => {
      try {
        for (const { vectors, layers, model: of } of open(bytes)) {
          opened++;
          expect([...vectors.keys()]).toEqual(layers);
          for (const row of vectors.values()) {
            expect(row.length === of.dModel && row.every((x) => Number.isFinite(x))).toBe(true);
          }
        }
      } catch (error) {
        expect(error).toBeInstanceOf(PersonascopeError);
        expect((error as PersonascopeError).name).toBe('BadRequest');
      }
    }),
    { numRuns: 3000, seed: 3 },
  );
  expect(opened).toBeGreaterThan(0);
}, 60_000);

/** A sound archive with these bytes for its pickle, and four floats. */
function torchRaw(bytes: readonly number[]): Uint8Array {
  return zip([
    ['a/data.pkl', Uint8Array.from(bytes)],
    ['a/data/0', new Uint8Array(Float32Array.of(1, 2, 3, 4).buffer)],
  ]);
}
