/** Control vectors byte by byte, as https://github.com/ggml-org/ggml/blob/master/docs/gguf.md has them. */
import { describe, expect, it } from 'vitest';
import type { LayerVectors } from '../../../src/lib/engine/intervention';
import { VectorBook } from '../../../src/lib/personas/vector-book';
import type { VectorHeader } from '../../../src/lib/vectors/vector-header';
import { readGguf } from '../../../src/lib/formats/gguf-reader';
import { toControlVector } from '../../../src/lib/vectors/control-vector';
import { personaOf } from '../../../src/lib/vectors/persona-vector';
import type { VectorFile } from '../../../src/lib/vectors/vector-file';
import { writeVectorGguf } from '../../../src/lib/vectors/vector-gguf';
import { awkward, bitsOf, openFile, smallVector } from './vectors';

const ascii = (text: string) => [...text].map((character) => character.charCodeAt(0));
const zeros = (count: number) => Array<number>(count).fill(0);
/** A length or size below 256, as u64. */
const u64 = (value: number) => [value, ...zeros(7)];

/* prettier-ignore */
const start = [
  0x47, 0x47, 0x55, 0x46,                               // "GGUF"
  3, 0, 0, 0,                                           // version
];
/* prettier-ignore */
const architecture = [
  ...u64(20), ...ascii('general.architecture'),         // key
  8, 0, 0, 0, ...u64(13), ...ascii('controlvector'),    // string
];
/* prettier-ignore */
const hint = [
  ...u64(24), ...ascii('controlvector.model_hint'),
  8, 0, 0, 0, ...u64(5), ...ascii('llama'),
];
const countKey = [...u64(25), ...ascii('controlvector.layer_count')];
/* prettier-ignore */
const info = (name: string, offset: number, { dimensions = [3], type = 0 } = {}) => [
  ...u64(name.length), ...ascii(name),
  dimensions.length, 0, 0, 0, ...dimensions.flatMap(u64),
  type, 0, 0, 0,                                        // GGML_TYPE_F32
  ...u64(offset),
];
/* prettier-ignore */
const [second, first] = [
  [0, 0, 0, 0x3f,   0, 0, 0, 0xc0,   1, 0, 0, 0],       // 0.5, -2, 2^-149
  [0, 0, 0x80, 0x3f,   0, 0, 0, 0x80,   0xcd, 0xcc, 0xcc, 0x3d], // 1, -0, 0.1
];

/**
 * As `ControlVector.export_gguf` of repeng writes a model of 3 layers: three pairs, the count as u32, the last layer first
 * (its default is layers -1, -2, …, and never 0). `GGUFWriter` of gguf 0.19.0 (Python), which it calls, gives these very bytes.
 */
/* prettier-ignore */
const repeng = [
  ...start, ...u64(2), ...u64(3),                       // tensors, pairs
  ...architecture, ...hint,
  ...countKey, 4, 0, 0, 0, 2, 0, 0, 0,                  // u32
  ...info('direction.2', 0), ...info('direction.1', 32),
  ...zeros(3),                                          // 253 bytes so far: on to 256
  ...second, ...zeros(20), ...first, ...zeros(20),
];
/** As llama.cpp's cvector-generator does: the count as i32, the layers ascending. */
/* prettier-ignore */
const generated = [
  ...start, ...u64(2), ...u64(3),
  ...architecture, ...hint,
  ...countKey, 5, 0, 0, 0, 2, 0, 0, 0,                  // i32
  ...info('direction.1', 0), ...info('direction.2', 32),
  ...zeros(3),
  ...first, ...zeros(20), ...second, ...zeros(20),
];

/** Like `repeng`, with other tensor infos before the data. */
function withInfos(...infos: number[][]): number[] {
  const head = [...start, ...u64(2), ...u64(1), ...architecture, ...infos.flat()];
  return [...head, ...zeros((32 - (head.length % 32)) % 32), ...second, ...zeros(20), ...first, ...zeros(20)];
}

const read = (bytes: readonly number[] | Uint8Array, name = 'happy mood.gguf') =>
  openFile(Uint8Array.from(bytes), name)[0]!;
const refusal = (message: string) =>
  expect.objectContaining({ name: 'BadRequest', message: expect.stringContaining(message) });
/** The file with one part of it in place of another. */
function swap(file: readonly number[], part: readonly number[], by: readonly number[]): number[] {
  const at = file.findIndex((_, i) => part.every((byte, j) => file[i + j] === byte));
  expect(at).toBeGreaterThanOrEqual(0);
  return [...file.slice(0, at), ...by, ...file.slice(at + part.length)];
}

describe('a control vector of repeng or llama.cpp', () => {
  it.each([
    ['repeng', repeng],
    ['cvector-generator', generated],
  ])('is read: %s', (_, bytes) => {
    expect(bytes.length).toBe(256 + 64);
    const vector = read(bytes);
    expect(vector).toMatchObject({
      name: 'happy mood',
      label: 'happy mood',
      model: { id: 'llama', digest: null, nLayers: null, dModel: 3 },
      // direction.N belongs to block N, counted from 0.
      layers: [1, 2],
      units: 'unknown',
      steering: { mode: 'direct', layers: [1, 2] },
      coherentUpTo: null,
      onset: null,
      provenance: { source: 'a llama.cpp control vector' },
    });
    expect(bitsOf(vector)).toEqual([
      [1, [0x3f800000, 0x80000000, 0x3dcccccd]],
      [2, [0x3f000000, 0xc0000000, 0x00000001]],
    ]);
  });

  it('is read without its last padding, in version 2, at any place in a buffer, with pairs of any type', () => {
    expect(read(repeng.slice(0, -20)).layers).toEqual([1, 2]);
    expect(read(swap(repeng, start, [...start.slice(0, 4), 2, 0, 0, 0])).layers).toEqual([1, 2]);
    const inside = Uint8Array.from([7, ...repeng, 7]).subarray(1, -1);
    expect(openFile(inside, 'x.gguf')[0]!.layers).toEqual([1, 2]);
    /* prettier-ignore */
    const pairs = [
      ...[[0, 1], [1, 1], [2, 2], [3, 2], [4, 4], [5, 4], [6, 4], [7, 1], [10, 8], [11, 8], [12, 8]].flatMap(
        ([type, bytes]) => [...u64(2), ...ascii(`${String.fromCharCode(97 + type!)}b`), type!, 0, 0, 0, ...zeros(bytes!)],
      ),
      ...u64(1), ...ascii('s'), 9, 0, 0, 0, 8, 0, 0, 0, ...u64(2), ...u64(1), 0x61, ...u64(0), // ["a", ""]
      ...u64(1), ...ascii('f'), 9, 0, 0, 0, 3, 0, 0, 0, ...u64(2), ...zeros(4),               // two i16
    ];
    const infos = [...info('direction.2', 0), ...info('direction.1', 32)];
    const head = [...start, ...u64(2), ...u64(14), ...architecture, ...pairs, ...infos];
    const data = [...second, ...zeros(20), ...first, ...zeros(20)];
    expect(read([...head, ...zeros((32 - (head.length % 32)) % 32), ...data]).layers).toEqual([1, 2]);
  });

  it('is read with a row written as a column, and with the directions that llama.cpp knows no place for', () => {
    const flat = withInfos(
      info('direction.2', 0, { dimensions: [3, 1] }),
      info('direction.1', 32, { dimensions: [1, 3] }),
    );
    expect(bitsOf(read(flat))).toEqual(bitsOf(read(repeng)));

    const zeroth = read(swap(repeng, ascii('direction.1'), ascii('direction.0')));
    expect(zeroth).toMatchObject({
      layers: [0, 2],
      provenance: { source: expect.stringContaining('direction.0 taken as block 0') },
    });

    const past = read(swap(repeng, ascii('direction.2'), ascii('direction.3')));
    expect(past).toMatchObject({
      layers: [1],
      provenance: { source: expect.stringContaining('direction.3 left out') },
    });

    const both = withInfos(info('direction.3', 0), info('direction.0', 32));
    expect(read(both)).toMatchObject({
      layers: [2],
      provenance: { source: expect.stringMatching(/layer k taken as block k − 1; layer 0, the embeddings, dropped$/) },
    });
  });

  it('is read as its pairs of our kind say, though it has no header of ours', () => {
    const pair = (key: string, value: number[]) => [...u64(key.length), ...ascii(key), ...value];
    const text = (value: string) => [8, 0, 0, 0, ...u64(value.length), ...ascii(value)];
    const write = (origin: number, digest: string) => {
      const pairs = [
        ...pair('personascope.layer_origin', [4, 0, 0, 0, origin, 0, 0, 0]),
        ...pair('personascope.model_digest', text(digest)),
      ];
      const infos = [...info('direction.2', 0), ...info('direction.1', 32)];
      const head = [...start, ...u64(2), ...u64(3), ...architecture, ...pairs, ...infos];
      return [...head, ...zeros((32 - (head.length % 32)) % 32), ...second, ...zeros(20), ...first, ...zeros(20)];
    };
    expect(read(write(1, 'cd'.repeat(32)))).toMatchObject({ layers: [0, 1], model: { digest: 'cd'.repeat(32) } });
    expect(read(write(0, 'cd'.repeat(32))).layers).toEqual([1, 2]);
    expect(() => read(write(2, 'cd'.repeat(32)))).toThrow(refusal('layer_origin is neither 0 nor 1'));
    expect(() => read(write(1, 'xy'))).toThrow(refusal('model.digest: must be a SHA-256'));
  });

  const huge = Array<number>(8).fill(0xff);
  it.each<[string, number[], string]>([
    ['version 1', swap(repeng, start, [...start.slice(0, 4), 1, 0, 0, 0]), 'version is 1; 2 and 3 can be read'],
    ['big-endian', swap(repeng, start, [...start.slice(0, 4), 0, 0, 0, 3]), 'version is big-endian'],
    ['too many tensors', [...start, ...huge], 'tensor_count declares 18446744073709551615, more than 1024'],
    ['too many pairs', [...start, ...u64(2), ...huge], 'metadata_kv_count declares 18446744073709551615'],
    ['a long string', swap(repeng, u64(20), huge), 'key 0 declares 18446744073709551615, more than 65535'],
    ['a string past the end', swap(repeng, u64(13), [0, 9, ...zeros(6)]), 'general.architecture declares 2304'],
    [
      'a model',
      swap(repeng, ascii('controlvector'), ascii('controlvectoR')),
      'general.architecture is "controlvectoR"',
    ],
    ['a key twice', swap(repeng, hint, architecture), 'general.architecture is there twice'],
    ['an odd key', swap(repeng, ascii('general.arch'), [0xc3, 0xa9, ...ascii('neral.arch')]), 'key 0 is not ASCII'],
    ['bad UTF-8', swap(repeng, ascii('llama'), [0xff, ...ascii('lama')]), 'controlvector.model_hint is not UTF-8'],
    ['an unknown type', swap(repeng, [...countKey, 4], [...countKey, 13]), 'layer_count has the unknown type 13'],
    ['no truth value', swap(repeng, [...countKey, 4], [...countKey, 7]), 'layer_count is neither true nor false'],
    ['a count too low', swap(repeng, [4, 0, 0, 0, 2], [4, 0, 0, 0, 1]), 'layer_count is not a number from 2'],
    ['direction.x', swap(repeng, ascii('direction.1'), ascii('direction.x')), '"direction.x" is not named direction.N'],
    ['direction.01', withInfos(info('direction.2', 0), info('direction.01', 32)), '"direction.01" is not named'],
    ['a tensor twice', swap(repeng, ascii('direction.1'), ascii('direction.2')), '"direction.2" is there twice'],
    ['F16', swap(repeng, info('direction.2', 0), info('direction.2', 0, { type: 1 })), 'has type 1; only F32'],
    [
      'a matrix',
      withInfos(info('direction.2', 0), info('direction.1', 32, { dimensions: [3, 2] })),
      '"direction.1" is (3, 2), not one row',
    ],
    [
      'no dimension',
      swap(repeng, info('direction.2', 0), info('direction.2', 0, { dimensions: [] })),
      'has 0 dimensions',
    ],
    [
      'another length',
      swap(repeng, info('direction.1', 32), info('direction.1', 32, { dimensions: [2] })),
      '"direction.1" has 2 numbers, the first direction 3',
    ],
    [
      'a long tensor',
      swap(repeng, info('direction.1', 32), info('direction.1', 32, { dimensions: [99] })),
      'ends at byte',
    ],
    [
      'no numbers',
      swap(repeng, info('direction.1', 32), info('direction.1', 32, { dimensions: [0] })),
      'followed by 32',
    ],
    ['an offset between', swap(repeng, info('direction.1', 32), info('direction.1', 36)), 'offset is 36, the data'],
    ['an overlap', swap(repeng, info('direction.1', 32), info('direction.1', 0)), 'offset is 0, the data before it'],
    ['a tail', [...repeng, 0], 'data is followed by 1 bytes'],
    ['a cut', repeng.slice(0, -21), '"direction.1" ends at byte 300, the file at 299'],
    ['NaN', swap(repeng, second, [...second.slice(0, 8), 0, 0, 0xc0, 0x7f]), 'layer 2 holds no finite number at 2'],
    ['no tensor', [...start, ...u64(0), ...u64(1), ...architecture], 'holds no direction'],
    [
      'alignment 12',
      [...start, ...u64(0), ...u64(1), ...u64(17), ...ascii('general.alignment'), 4, 0, 0, 0, 12, 0, 0, 0],
      'general.alignment is not a power of two',
    ],
    [
      'a long array',
      [...start, ...u64(0), ...u64(1), ...u64(1), 0x61, 9, 0, 0, 0, 0, 0, 0, 0, ...huge],
      'a declares 18446744073709551615',
    ],
    [
      'arrays of arrays',
      [...start, ...u64(0), ...u64(1), ...u64(1), 0x61, 9, 0, 0, 0, 9, 0, 0, 0, ...u64(1)],
      'a is an array of arrays',
    ],
  ])('is refused: %s', (_, bytes, message) => {
    expect(() => read(bytes)).toThrow(refusal(message));
    expect(() => read(bytes)).toThrow('happy mood.gguf: ');
  });
});

describe('our control vectors', () => {
  it('come back bit for bit, layer 0 and every field with them', () => {
    const vector = smallVector();
    const again = read(writeVectorGguf(vector));
    expect(again).toEqual(vector);
    expect(bitsOf(again)).toEqual(bitsOf(vector));
  });

  it('are what llama.cpp reads: direction.l for layer l, none for layer 0, and what they are for', () => {
    const { metadata, tensors } = readGguf(writeVectorGguf(smallVector()), 'file');
    // Added after block 0: v[0]; after block 2: v[2] - v[0]. The first of the two comes with block 1.
    expect(tensors.map(({ name, shape }) => [name, shape])).toEqual([
      ['direction.1', [4]],
      ['direction.2', [4]],
    ]);
    expect(tensors[0]!.data).toEqual(awkward);
    expect(tensors[1]!.data).toEqual(Float32Array.of(3, -1, 0.5 - awkward[2]!, 2 - awkward[3]!));
    expect(Object.fromEntries(metadata)).toMatchObject({
      'general.architecture': 'controlvector',
      'general.description': expect.stringMatching(
        /counted from 0.*Increments.*llama\.cpp adds nothing after block 0/s,
      ),
      'controlvector.model_hint': 'small',
      'controlvector.layer_count': 2,
      'personascope.operation': 'addition',
      'personascope.hook_point': 'blocks.{N}.hook_resid_post',
      'personascope.layer_origin': 0,
      'personascope.model_digest': 'ab'.repeat(32),
      'personascope.numbers': Buffer.from(Float32Array.of(...awkward, 1, 0, 0, 0, 3, -1, 0.5, 2).buffer).toString(
        'base64url',
      ),
    });
  });

  it('are read as before by a Personascope that knows no more than personascope.vector', () => {
    const { metadata } = readGguf(writeVectorGguf(smallVector()), 'file');
    const header = JSON.parse(metadata.get('personascope.vector') as string) as VectorHeader;
    expect(header).toMatchObject({ layers: [1, 2], units: 'increments', steering: { mode: 'direct', layers: [1, 2] } });
  });

  it('of older versions open still: the numbers of layer 0 are a pair of their own', () => {
    const { vectors, ...header } = smallVector();
    const json = [...new TextEncoder().encode(JSON.stringify(header))];
    const floats = (layer: number) => [...new Uint8Array(vectors.get(layer)!.slice().buffer)];
    const infos = [1, 2].map((layer) => info(`direction.${layer}`, 32 * (layer - 1), { dimensions: [4] }));
    /* prettier-ignore */
    const head = [
      ...start, ...u64(2), ...u64(3), ...architecture,
      ...u64(19), ...ascii('personascope.vector'), 8, 0, 0, 0, json.length & 0xff, json.length >> 8, ...zeros(6), ...json,
      ...u64(24), ...ascii('personascope.direction_0'), 9, 0, 0, 0, 6, 0, 0, 0, ...u64(4), ...floats(0), // array of f32
      ...infos.flat(),
    ];
    const padding = zeros((32 - (head.length % 32)) % 32);
    const bytes = [...head, ...padding, ...floats(1), ...zeros(16), ...floats(2), ...zeros(16)];
    expect(read(bytes)).toEqual(smallVector());
    expect(bitsOf(read(bytes))).toEqual(bitsOf(smallVector()));
  });

  it('are written as the bytes the format has', () => {
    const vector = { ...smallVector(), label: 'L', description: '', units: 'unknown' as const, layers: [2] };
    const bytes = writeVectorGguf({
      ...vector,
      steering: { mode: 'direct', layers: [2] },
      vectors: new Map([[2, Float32Array.of(0.5, -2, 2 ** -149, 0)]]),
    });
    expect([...bytes.subarray(0, 24)]).toEqual([...start, ...u64(1), ...u64(10)]);
    expect([...bytes.subarray(24, 77)]).toEqual(architecture);
    expect(bytes.length % 32).toBe(0);
    expect([...bytes.subarray(-32)]).toEqual([...second, ...zeros(20)]);
    expect([...bytes].join()).toContain(info('direction.2', 0, { dimensions: [4] }).join());
  });

  it.each<[string, VectorHeader['steering'], [number, number[]][]]>([
    [
      'increments from block 0 on',
      { mode: 'increments', layers: [0, 1, 2] },
      [
        [1, [1, 0, 0, 0]],
        [2, [2, -1, 0.5, 2]],
      ],
    ],
    [
      'increments that pass over block 1',
      { mode: 'increments', layers: [0, 2] },
      [
        [1, [5, 0, 0, 1]],
        [2, [-2, -1, 0.5, 1]],
      ],
    ],
    [
      'increments past block 0',
      { mode: 'increments', layers: [1, 2] },
      [
        [1, [1, 0, 0, 0]],
        [2, [2, -1, 0.5, 2]],
      ],
    ],
    [
      'direct, at block 0 too',
      { mode: 'direct', layers: [2, 0, 1] },
      [
        [1, [6, 0, 0, 1]],
        [2, [3, -1, 0.5, 2]],
      ],
    ],
    [
      'direct, at block 0 and later',
      { mode: 'direct', layers: [0, 2] },
      [
        [1, [5, 0, 0, 1]],
        [2, [3, -1, 0.5, 2]],
      ],
    ],
    ['direct, at block 0 alone', { mode: 'direct', layers: [0] }, [[1, [5, 0, 0, 1]]]],
    ['direct, elsewhere', { mode: 'direct', layers: [2] }, [[2, [3, -1, 0.5, 2]]]],
  ])('lose nothing that the dial adds: %s', (_, steering, expected) => {
    const vectors = new Map(smallVector().vectors).set(0, Float32Array.of(5, 0, 0, 1));
    const vector: VectorFile = { ...smallVector(), vectors, steering };
    const control = toControlVector(vector);
    expect([...control.vectors].map(([layer, row]) => [layer, [...row]])).toEqual(expected);
    expect(control.units).toBe(steering.mode === 'increments' ? 'increments' : 'raw difference');
    // After the last layer the stream has moved as far as under the dial.
    const book = new VectorBook({ nLayers: 3, dModel: 4, space: null, tensors: new Map() });
    const { entry, vector: numbers } = personaOf(vector, { nLayers: 3, dModel: 4, digest: '' });
    book.add(entry, numbers);
    const sum = (rows: LayerVectors) => [0, 1, 2, 3].map((i) => [...rows.values()].reduce((s, row) => s + row[i]!, 0));
    expect(sum(control.vectors)).toEqual(sum(book.resolve({ kind: 'addition', vector: 'pirate' }).vectors));
    expect(read(writeVectorGguf(vector))).toEqual(vector);
  });

  it('are refused where llama.cpp could add nothing, or the fields are not the tensors’', () => {
    const vector = smallVector();
    const only = {
      ...vector,
      model: { ...vector.model, nLayers: 1 },
      layers: [0],
      vectors: new Map([[0, awkward]]),
      steering: { mode: 'direct' as const, layers: [0] },
    };
    expect(() => writeVectorGguf(only)).toThrow(refusal('adds nothing after block 0, and the model has no other'));
    const bytes = [...writeVectorGguf(vector)];
    const changed = (from: string, to: string) => read(swap(bytes, ascii(from), ascii(to)));
    expect(() => changed('"layers":[1,2]', '"layers":[1,3]')).toThrow(refusal('3 is not one of 0 to 2'));
    expect(() => changed('"layers":[1,2]', '"layers":[2,1]')).toThrow(refusal('layers: must be ascending'));
    expect(() => changed('"dModel":4', '"dModel":5')).toThrow(refusal('layer 1 has 4 numbers, model.dModel is 5'));
    expect(() => changed('"name":', '"game":')).toThrow(refusal('personascope.vector: name: is missing'));
    expect(() => changed('"name":', '"name" ')).toThrow(refusal('personascope.vector is not JSON'));
    expect(() => changed('"layers":[0,1,2]', '"layers":[0,1]  ')).toThrow(refusal('personascope.dial:'));
    expect(() => changed('personascope.numbers', 'personascope.number5')).toThrow(refusal('numbers is missing'));
    const numbers = Buffer.from(awkward.buffer).toString('base64url').slice(0, 12);
    expect(() => changed(numbers, `${numbers.slice(0, -1)}=`)).toThrow(refusal('numbers is not base64url'));
    expect(() => changed('addition', 'ablation')).toThrow(refusal('operation is "ablation"; only "addition"'));
    expect(() => changed('hook_resid_post', 'hook_resid_prep')).toThrow(
      refusal('hook_point is "blocks.{N}.hook_resid_prep"'),
    );
    const digest = [...ascii('model_digest'), 8, 0, 0, 0, ...u64(64), 0x61];
    expect(() => read(swap(bytes, digest, [...digest.slice(0, -1), 0x62]))).toThrow(refusal('model_digest is another'));
    // A direction that someone has edited: neither it nor the numbers may win silently.
    expect(() => read([...bytes.slice(0, -32), ...zeros(32)])).toThrow(refusal('numbers do not give the directions'));
  });
});
