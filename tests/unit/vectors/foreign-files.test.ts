/** Files of others: which layouts open, on which layers their rows are then, and what is said of it. */
import { describe, expect, it } from 'vitest';
import { PersonascopeError } from '../../../src/lib/errors';
import { encodeSafetensors } from '../../../src/lib/formats/safetensors';
import type { Opened } from '../../../src/lib/worker/open-model';
import { Turns } from '../../../src/lib/worker/turns';
import { Workshop } from '../../../src/lib/worker/workshop';
import type { ImportedVector } from '../../../src/lib/extract/records';
import { VectorBook } from '../../../src/lib/personas/vector-book';
import { MemoryRecords } from '../../../src/lib/storage/records';
import { f32, Tensor, torchFile, type Pickled } from './torch-file';
import { openFile } from './vectors';

/** The loaded model of every case. */
const model = { nLayers: 4, dModel: 3 };

/** Opens a file on a loaded model, as the worker does. */
function importInto(file: File): Promise<ImportedVector[]> {
  const book = new VectorBook({ ...model, space: null, tensors: new Map() });
  const engine = { info: { ...model, taps: 'verified' } };
  const opened = { engine, book, digest: async () => 'ab'.repeat(32) } as unknown as Opened;
  return new Workshop(new Turns(), () => new MemoryRecords()).importVectors(opened, file);
}

/** Row r is r.0, r.1, r.2, so that a row tells which it was. */
const rows = (...numbers: number[]): number[] => numbers.flatMap((row) => [row, row + 0.25, row + 0.5]);
const tensor = (shape: number[], ...numbers: number[]) => ({ shape, data: Float32Array.from(rows(...numbers)) });

const json = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));
const safetensors = (
  tensors: Record<string, { shape: number[]; data: Float32Array }>,
  metadata?: Record<string, string>,
): Uint8Array =>
  encodeSafetensors(
    Object.entries(tensors).map(([name, { shape, data }]) => ({ name, shape, data })),
    metadata,
  );
const torch = (shape: number[], ...numbers: number[]) => f32(shape, rows(...numbers));
const dict = (value: Record<string, Pickled>) => new Map(Object.entries(value));

/** A safetensors file whose header is this text. */
function headed(header: string, data: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(8 + header.length + data.length);
  bytes.set(Uint8Array.of(header.length & 0xff, header.length >> 8));
  bytes.set(new TextEncoder().encode(header), 8);
  bytes.set(data, 8 + header.length);
  return bytes;
}

/** File, then each vector's name with layer: the first number of its row. */
type Layout = [layout: string, bytes: Uint8Array, vectors: Record<string, Record<number, number>>, said: RegExp];

const stack = { 0: 1, 1: 2, 2: 3, 3: 4 };
const asBlocks = /4 rows taken as the 4 blocks/;
const fromZero = /layers taken as counted from 0/;
const embeddings = /5 rows for 4 blocks: row 0, the embeddings, dropped, row k taken as block k − 1/;

const layouts: Layout[] = [
  // Stacks: as many rows as there are blocks, or one more.
  ['safetensors (L, H)', safetensors({ evil: tensor([4, 3], 1, 2, 3, 4) }), { evil: stack }, asBlocks],
  ['safetensors (L, 1, H)', safetensors({ evil: tensor([4, 1, 3], 1, 2, 3, 4) }), { evil: stack }, asBlocks],
  ['safetensors (1, L, H)', safetensors({ evil: tensor([1, 4, 3], 1, 2, 3, 4) }), { evil: stack }, asBlocks],
  ['safetensors (L + 1, H)', safetensors({ evil: tensor([5, 3], 9, 1, 2, 3, 4) }), { evil: stack }, embeddings],
  ['torch (L, H), a bare tensor', torchFile(torch([4, 3], 1, 2, 3, 4)), { x: stack }, asBlocks],
  ['torch (L + 1, H), as persona_vectors', torchFile(torch([5, 3], 9, 1, 2, 3, 4)), { x: stack }, embeddings],
  ['torch (L, 1, H)', torchFile(torch([4, 1, 3], 1, 2, 3, 4)), { x: stack }, asBlocks],
  [
    'torch { axis, metadata }, as assistant-axis',
    torchFile(dict({ axis: torch([4, 3], 1, 2, 3, 4), metadata: dict({ model: 'm', seed: 1 }) })),
    { x: stack },
    asBlocks,
  ],
  [
    'torch { vector, type, role }, as assistant-axis',
    torchFile(dict({ vector: torch([4, 3], 1, 2, 3, 4), type: 'pos_3', role: 'pirate' })),
    { x: stack },
    asBlocks,
  ],
  ['torch, a list of (H), one a block', torchFile([1, 2, 3, 4].map((row) => torch([3], row))), { x: stack }, asBlocks],
  [
    'torch, a tuple of (1, H), from the embeddings on',
    torchFile({ tuple: [9, 1, 2, 3, 4].map((row) => torch([1, 3], row)) }),
    { x: stack },
    embeddings,
  ],
  ['JSON [[H] × L] by name', json({ evil: [1, 2, 3, 4].map((row) => rows(row)) }), { evil: stack }, asBlocks],
  [
    'several, by name',
    torchFile(dict({ evil: torch([4, 3], 1, 2, 3, 4), kind: torch([4, 3], 5, 6, 7, 8) })),
    { evil: stack, kind: { 0: 5, 1: 6, 2: 7, 3: 8 } },
    asBlocks,
  ],
  // Strides and offsets.
  [
    'torch, columns first, from the third element of a storage on',
    torchFile(
      f32([4, 3], [0, 0, 1, 2, 3, 4, 1.25, 2.25, 3.25, 4.25, 1.5, 2.5, 3.5, 4.5], { stride: [1, 4], offset: 2 }),
    ),
    { x: stack },
    asBlocks,
  ],
  [
    'torch, every second row',
    torchFile(f32([4, 3], rows(1, 0, 2, 0, 3, 0, 4), { stride: [6, 1] })),
    { x: stack },
    asBlocks,
  ],
  // Layers in names.
  ...['layer_2', 'layers.2', '2', 'blocks.2', 'direction.2', 'layer-2', 'model.layers.2', 'L2'].map((name): Layout => {
    const rest = name.startsWith('model') ? 'model' : 'x';
    return [`safetensors, named ${name}`, safetensors({ [name]: tensor([3], 7) }), { [rest]: { 2: 7 } }, fromZero];
  }),
  [
    'safetensors, one tensor a layer, of several vectors',
    safetensors({
      'evil.layer_1': tensor([3], 1),
      'evil.layer_2': tensor([1, 3], 2),
      'kind.layer_2': tensor([3, 1], 3),
    }),
    { evil: { 1: 1, 2: 2 }, kind: { 2: 3 } },
    fromZero,
  ],
  [
    'torch { layer: tensor }',
    torchFile(
      new Map([
        [1, torch([3], 1)],
        [3, torch([3], 2)],
      ]),
    ),
    { x: { 1: 1, 3: 2 } },
    fromZero,
  ],
  [
    'torch { name: { layer: tensor } }',
    torchFile(dict({ evil: new Map([[1, torch([3], 1)]]), kind: new Map([[2, torch([3], 2)]]) })),
    { evil: { 1: 1 }, kind: { 2: 2 } },
    fromZero,
  ],
  ['JSON { layer: list }', json({ 1: rows(1), 3: rows(2) }), { x: { 1: 1, 3: 2 } }, fromZero],
  [
    'JSON { format, layer: list }, of another program',
    json({ format: 'v1', layer_1: rows(1) }),
    { x: { 1: 1 } },
    fromZero,
  ],
  ['JSON { name: { layer: list } }', json({ evil: { layer_1: rows(1) } }), { evil: { 1: 1 } }, fromZero],
  [
    'names up to the number of blocks: counted from 1',
    json({ 3: rows(1), 4: rows(2) }),
    { x: { 2: 1, 3: 2 } },
    /layer 4 of 4 is there: layer k taken as block k − 1$/,
  ],
  [
    'names from 0 up to the number of blocks: counted from the embeddings',
    torchFile(new Map([0, 1, 2, 3, 4].map((layer) => [layer, torch([3], layer)]))),
    { x: stack },
    /layer k taken as block k − 1; layer 0, the embeddings, dropped/,
  ],
  [
    'safetensors, a TransformerLens hook',
    safetensors({ 'blocks.2.hook_resid_pre': tensor([3], 7) }),
    { x: { 1: 7 } },
    /file$/,
  ],
  // Layers beside the tensor.
  ...(
    [
      ['layers', '[1, 3]', [1, 3]],
      ['layers', '1,3', [1, 3]],
      ['layer_range', '1-2', [1, 2]],
      ['layer_range', '1:3', [1, 2]],
    ] as const
  ).map(([key, value, [a, b]]): Layout => [
    `safetensors, two rows and "${key}": "${value}"`,
    safetensors({ evil: tensor([2, 3], 5, 6) }, { [key]: value }),
    { evil: { [a]: 5, [b]: 6 } },
    fromZero,
  ]),
  ...['layer', 'layer_idx', 'target_layer'].map((key): Layout => [
    `safetensors (H) and "${key}": "2"`,
    safetensors({ evil: tensor([3], 5) }, { [key]: '2' }),
    { evil: { 2: 5 } },
    fromZero,
  ]),
  ['torch { vector (H), layer }', torchFile(dict({ vector: torch([3], 5), layer: 2 })), { x: { 2: 5 } }, fromZero],
  [
    'torch { vectors: { name: { vector, layer } } }, as the caps of assistant-axis',
    torchFile(
      dict({ vectors: dict({ 'layer_2/axis-p25': dict({ vector: torch([3], 5), layer: 2 }) }), experiments: [] }),
    ),
    { 'axis-p25': { 2: 5 } },
    fromZero,
  ],
  [
    'JSON { vector, hookName }, as Neuronpedia',
    json({ modelId: 'm', layer: '3-res', hookName: 'blocks.3.hook_resid_pre', vector: rows(5) }),
    { x: { 2: 5 } },
    /a JSON file$/,
  ],
  // What is beside the vectors.
  [
    'tensors of another width, type or place beside the vectors',
    torchFile(
      dict({
        evil: torch([4, 3], 1, 2, 3, 4),
        bias: f32([5], [1, 2, 3, 4, 5]),
        counts: new Tensor({ storage: 'LongStorage', bytes: new Uint8Array(24), elementBytes: 8, shape: [3] }),
        mean: torch([3], 7),
      }),
    ),
    { evil: stack },
    /left out: "bias" \(5\), "counts" \(3\) and 1 more/,
  ],
  [
    'safetensors whose __metadata__ is null',
    headed(
      '{"__metadata__":null,"evil":{"dtype":"F32","shape":[4,3],"data_offsets":[0,48]}}',
      new Uint8Array(Float32Array.from(rows(1, 2, 3, 4)).buffer),
    ),
    { evil: stack },
    asBlocks,
  ],
];

const open = (bytes: Uint8Array, name = 'x.bin') => openFile(bytes, name, model);
const refusal = (message: string) =>
  expect.objectContaining({ name: 'BadRequest', message: expect.stringContaining(message) });

describe('a file of others opens', () => {
  it.each(layouts)('%s', (_, bytes, expected, said) => {
    const vectors = open(bytes);
    const found = vectors.map(({ name, vectors }) => [
      name,
      Object.fromEntries([...vectors].map(([layer, row]) => [layer, row[0]])),
    ]);
    expect(Object.fromEntries(found)).toEqual(expected);
    for (const { vectors: rowsOf, layers, steering, units, coherentUpTo, provenance } of vectors) {
      for (const row of rowsOf.values()) expect([...row]).toEqual(rows(row[0]!));
      expect({ units, coherentUpTo, steering }).toEqual({
        units: 'unknown',
        coherentUpTo: null,
        steering: { mode: 'direct', layers },
      });
      expect(provenance.source).toMatch(said);
      expect(provenance.source.length).toBeLessThanOrEqual(200);
    }
  });

  it.each<[string, string, number[], number[], string]>([
    ['F16', 'HalfStorage', [0x3c00, 0x0001, 0xc000], [1, 2 ** -24, -2], 'F16'],
    ['BF16', 'BFloat16Storage', [0x3f80, 0xc040, 0x0001], [1, -3, 2 ** -133], 'BF16'],
  ])('stored as %s, widened exactly', (dtype, storage, stored, expected, precision) => {
    const bytes = new Uint8Array(Uint16Array.from(stored).buffer);
    const torched = torchFile(new Map([[2, new Tensor({ storage, bytes, elementBytes: 2, shape: [3] })]]));
    const safe = headed(`{"layer_2":{"dtype":"${dtype}","shape":[3],"data_offsets":[0,6]}}`, bytes);
    for (const file of [torched, safe]) {
      const [vector] = open(file);
      expect([...vector!.vectors.get(2)!]).toEqual(expected);
      expect(vector!.precision).toBe(precision);
    }
  });

  it('stored as F64, rounded to f32, which is said', () => {
    const numbers = Float64Array.of(0.1, -1e-60, 16_777_217);
    const bytes = new Uint8Array(numbers.buffer);
    const torched = torchFile(
      new Map([[2, new Tensor({ storage: 'DoubleStorage', bytes, elementBytes: 8, shape: [3] })]]),
    );
    const safe = headed('{"layer_2":{"dtype":"F64","shape":[3],"data_offsets":[0,24]}}', bytes);
    for (const file of [torched, safe]) {
      const [vector] = open(file);
      expect([...vector!.vectors.get(2)!]).toEqual([Math.fround(0.1), -0, 16_777_216]);
      expect(vector!.precision).toBe('F32');
      expect(vector!.provenance.source).toContain('F64 rounded to F32');
    }
    const huge = new Uint8Array(Float64Array.of(1e39, 0, 0).buffer);
    const beyond = headed('{"layer_2":{"dtype":"F64","shape":[3],"data_offsets":[0,24]}}', huge);
    expect(() => open(beyond)).toThrow(refusal('layer 2 holds no finite number at 0'));
  });

  it('on the model that is loaded, and what was chosen stays with the vector', async () => {
    const bytes = torchFile(torch([5, 3], 9, 1, 2, 3, 4)) as BlobPart;
    const [{ origin }] = (await importInto(new File([bytes], 'evil.pt'))) as [ImportedVector];
    expect(origin.header).toMatchObject({ name: 'evil', layers: [0, 1, 2, 3] });
    expect(origin.header.provenance.source).toMatch(embeddings);
  });
});

describe('a file of others is refused', () => {
  it.each<[string, Uint8Array, string]>([
    [
      'fewer rows than blocks',
      safetensors({ evil: tensor([2, 3], 1, 2) }),
      '"evil" has 2 rows for the loaded model\'s 4 blocks, and nothing says which',
    ],
    ['more rows', torchFile(torch([6, 3], 1, 2, 3, 4, 5, 6)), "the tensor has 6 rows for the loaded model's 4 blocks"],
    [
      'layers for other rows',
      safetensors({ evil: tensor([2, 3], 1, 2) }, { layers: '[1, 2, 3]', target_layer: '2' }),
      'of layers there is no more than layers "[1, 2, 3]", target_layer "2"',
    ],
    [
      'a layer twice',
      safetensors({ evil: tensor([2, 3], 1, 2) }, { layers: '1,1' }),
      'is for a layer twice: layers "1,1"',
    ],
    ['a list that is shorter than the blocks', torchFile([torch([3], 1), torch([3], 2)]), 'has 2 rows'],
    ['one row without a layer', json({ vector: rows(1) }), '"vector" has one row'],
    ['rows for one layer', json({ layer_2: [rows(1), rows(2)] }), '"layer_2" is named for layer 2, and has 2 rows'],
    ['two rows for one layer', json({ 2: rows(1), '02': rows(2) }), 'is a second row for layer 2'],
    ['the place before block 0', safetensors({ 'blocks.0.hook_resid_pre': tensor([3], 1) }), 'before block 0'],
    ['another hook', json({ hook_name: 'blocks.2.attn.hook_z', vector: rows(1) }), 'is for blocks.2.attn.hook_z'],
    ['another width', torchFile(f32([4, 2], [1, 2, 3, 4, 5, 6, 7, 8])), 'the tensor is (4, 2), not (layers, 3)'],
    ['columns for rows', safetensors({ evil: tensor([3, 4], 1, 2, 3, 4) }), '"evil" is (3, 4), not (layers, 3)'],
    [
      'whole numbers',
      headed('{"layer_2":{"dtype":"I32","shape":[3],"data_offsets":[0,12]}}', new Uint8Array(12)),
      'is stored as I32',
    ],
    ['the weights of a model', safetensors({ 'layers.0.norm.weight': tensor([3], 1) }), "is a model's weight"],
    ['nothing', json({}), 'holds no tensor'],
    ['numbers beyond f32', json({ 2: [1, 1e39, 0] }), 'layer 2 holds no finite number at 1'],
    ['no numbers', torchFile(dict({ evil: 'text' })), 'holds no tensor'],
    [
      'names that become one',
      json({ 'a/b': [1, 2, 3, 4].map((row) => rows(row)), 'a|b': [1, 2, 3, 4].map((row) => rows(row)) }),
      'two vectors are named "a-b"',
    ],
    [
      'many levels',
      json(
        Array(20)
          .fill(0)
          .reduce((inner: unknown) => ({ a: inner }), rows(1)),
      ),
      'is nested deeper than 16',
    ],
    [
      'lists in lists',
      json({
        a: Array(20)
          .fill(0)
          .reduce((inner: unknown) => [inner, 'x'], [1]),
      }),
      'deeper',
    ],
    ['a long name', json({ ['a'.repeat(1_001)]: rows(1) }), 'has a name of 1001 characters'],
  ])('%s', (_, bytes, message) => {
    expect(() => open(bytes)).toThrow(refusal(message));
    expect(() => open(bytes)).toThrow('x.bin: ');
    try {
      open(bytes);
    } catch (error) {
      expect((error as PersonascopeError).nextStep).toContain('Nothing was changed');
    }
  });

  it('a layer past the loaded model, when it is held against it', async () => {
    const file = new File([json({ 6: rows(1) }) as BlobPart], 'evil.json');
    await expect(importInto(file)).rejects.toThrow('layers: 6 is not one of 0 to 3');
  });
});
