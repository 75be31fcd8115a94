import fc from 'fast-check';
import { limits } from '../../../src/lib/limits';
import { describe, expect, it } from 'vitest';
import { PersonascopeError } from '../../../src/lib/errors';
import { encodeSafetensors } from '../../../src/lib/formats/safetensors';
import { assistantAxis } from '../../../src/lib/personas/position';
import { VectorBook } from '../../../src/lib/personas/vector-book';
import { fileOfAxis, fileOfPersona, personaOf } from '../../../src/lib/vectors/persona-vector';
import { sniffFormat } from '../../../src/lib/vectors/read-vector-file';
import { checkFits } from '../../../src/lib/vectors/vector-check';
import { type VectorFile } from '../../../src/lib/vectors/vector-file';
import { writeVectorGguf } from '../../../src/lib/vectors/vector-gguf';
import { writeVectorJson } from '../../../src/lib/vectors/vector-json';
import { writeVectorSafetensors } from '../../../src/lib/vectors/vector-safetensors';
import { noticeOf, writeVectorFile } from '../../../src/lib/vectors/write-vector-file';
import type { Session } from '../../../src/lib/state/session.svelte';
import { exportVector } from '../../../src/lib/state/vector-files';
import { smallSpace, tensors } from '../personas/small-space';
import { anyVector, bitsOf, openFile, smallVector } from './vectors';

const bytesOf = (text: string) => new TextEncoder().encode(text);
const refusal = (message: string) =>
  expect.objectContaining({ name: 'BadRequest', message: expect.stringContaining(message) });

const writers: [string, (vector: VectorFile) => Uint8Array][] = [
  ['json', (vector) => bytesOf(writeVectorJson(vector))],
  ['safetensors', (vector) => writeVectorSafetensors([vector])],
  ['gguf', writeVectorGguf],
];

describe.each(writers)('a vector as %s', (format, write) => {
  it('comes back as it was, told by its content', () => {
    const bytes = write(smallVector());
    expect(sniffFormat(bytes)).toBe(format);
    const [again, ...others] = openFile(bytes, 'wrong.bin');
    expect(others).toEqual([]);
    expect(again).toEqual(smallVector());
    expect(bitsOf(again!)).toEqual(bitsOf(smallVector()));
  });

  it('comes back bit for bit whatever its numbers', () => {
    const addable = anyVector.filter(({ layers }) => format !== 'gguf' || layers.some((layer) => layer > 0));
    fc.assert(
      fc.property(addable, (vector) => {
        const [again] = openFile(write(vector), 'x');
        expect(bitsOf(again!)).toEqual(bitsOf(vector));
        expect(again).toEqual(vector);
      }),
      { numRuns: 100, seed: 1 },
    );
  }, 30_000);

  it.each<[string, Partial<VectorFile>, string]>([
    [
      'a number that is none',
      { vectors: new Map(smallVector().vectors).set(1, Float32Array.of(0, NaN, 0, 0)) },
      'at 1',
    ],
    ['a layer past the model', { model: { ...smallVector().model, nLayers: 2 } }, 'layers: 2 is not one of 0 to 1'],
    ['steering where it has no numbers', { steering: { mode: 'direct', layers: [5] } }, 'numbers for layer 5'],
    ['a name with a slash', { name: 'a/b' }, 'name: must be letters, digits'],
    ['limits on one side', { coherentUpTo: { negative: 1, positive: 2 } }, 'negative: must not be above 0'],
    [
      'a row too short',
      { vectors: new Map(smallVector().vectors).set(2, new Float32Array(3)) },
      'layer 2 has 3 numbers',
    ],
    ['a row too many', { vectors: new Map(smallVector().vectors).set(7, new Float32Array(4)) }, '3 are named'],
  ])('is not written with %s', (_, change, message) => {
    expect(() => write({ ...smallVector(), ...change })).toThrow(refusal(message));
  });

  it('throws nothing but named errors when it is cut or damaged, and never hangs', () => {
    const valid = write(smallVector());
    const cut = fc.nat(valid.length).map((length) => valid.slice(0, length));
    const change = fc.tuple(fc.nat(valid.length - 1), fc.uint8Array({ minLength: 1, maxLength: 8 }));
    const damaged = fc.array(change, { minLength: 1, maxLength: 3 }).map((changes) => {
      const bytes = valid.slice();
      for (const [at, by] of changes) bytes.set(by.subarray(0, bytes.length - at), at);
      return bytes;
    });
    const extreme = fc
      .tuple(
        fc.nat(valid.length - 8),
        fc.constantFrom(0n, 1n, 2n ** 31n, 2n ** 32n, 2n ** 53n, 2n ** 63n, 2n ** 64n - 1n),
      )
      .map(([at, value]) => {
        const bytes = valid.slice();
        new DataView(bytes.buffer).setBigUint64(at, value, true);
        return bytes;
      });
    const spliced = fc
      .tuple(fc.nat(valid.length), fc.nat(valid.length), fc.uint8Array({ maxLength: 20 }))
      .map(([a, b, by]) => Uint8Array.from([...valid.subarray(0, a), ...by, ...valid.subarray(b)]));
    fc.assert(
      fc.property(fc.oneof(cut, damaged, extreme, spliced), (bytes) => {
        try {
          for (const { vectors, model, layers } of openFile(bytes, 'x')) {
            expect([...vectors.keys()]).toEqual(layers);
            for (const row of vectors.values()) {
              expect(row.length === model.dModel && row.every((x) => Number.isFinite(x))).toBe(true);
            }
          }
        } catch (error) {
          expect(error).toBeInstanceOf(PersonascopeError);
          expect((error as PersonascopeError).name).toBe('BadRequest');
        }
      }),
      { numRuns: 1500, seed: 2 },
    );
  }, 60_000);
});

describe('a vector’s JSON', () => {
  const change = (change: (value: Record<string, unknown>) => unknown) => {
    const value = JSON.parse(writeVectorJson(smallVector())) as Record<string, unknown>;
    return bytesOf(JSON.stringify(change(value)));
  };
  const numbers = (rows: unknown) => change((value) => ({ ...value, numbers: rows }));
  const row = [0, 0, 0, 0];

  it('is read without the fields it does not know', () => {
    const [vector] = openFile(
      change((value) => ({ ...value, mood: 'new', model: { ...(value['model'] as object), x: 1 } })),
      'x',
    );
    expect(vector).not.toHaveProperty('mood');
    expect(vector!.model).not.toHaveProperty('x');
  });

  it('rounds numbers that are no f32 to the nearest one', () => {
    const [vector] = openFile(numbers([[0.1, 16_777_217, 1e-60, -1e-60], row, row]), 'x');
    expect([...vector!.vectors.get(0)!]).toEqual([Math.fround(0.1), 16_777_216, 0, -0]);
  });

  it.each<[string, Uint8Array, string]>([
    ['half of it', bytesOf(writeVectorJson(smallVector()).slice(0, 200)), 'is not JSON'],
    ['bad UTF-8', Uint8Array.of(0x7b, 0xff), 'is not JSON'],
    [
      'another version',
      change((value) => ({ ...value, format: 'personascope/vector@2' })),
      'format is "personascope/vector@2"',
    ],
    [
      'a field twice',
      bytesOf(writeVectorJson(smallVector()).replace('"label"', '"name"')),
      'has the field "name" twice',
    ],
    ['a model without a size', change((value) => ({ ...value, model: { id: 'a' } })), 'model.digest: is missing'],
    ['a text for a model', change((value) => ({ ...value, model: 'a'.repeat(9_999) })), 'model: must be an object.'],
    ['no layers', change((value) => ({ ...value, layers: [], numbers: [] })), 'layers: must have a layer'],
    ['a layer twice', change((value) => ({ ...value, layers: [0, 0, 1] })), 'layers'],
    [
      'a layer that is none',
      change((value) => ({ ...value, layers: [0, 1, 1.5] })),
      'layers.2: must be a whole number',
    ],
    [
      'a huge dModel',
      change((value) => ({ ...value, model: { ...smallVector().model, dModel: 1e9 } })),
      'model.dModel: must be at most 16384',
    ],
    ['too few rows', numbers([row]), 'numbers has 1 rows for 3 layers'],
    ['no rows', numbers(3), 'numbers is not a list of rows'],
    ['a short row', numbers([row, row, [0]]), 'layer 2 has 1 numbers, model.dModel is 4'],
    ['a long row', numbers([row, row, Array(20_000).fill(0)]), 'numbers.2 is not a list of at most 16384'],
    ['a text in a row', numbers([row, row, [0, '1', 0, 0]]), 'numbers.2 holds no number at 1'],
    ['null in a row', numbers([row, row, [0, null, 0, 0]]), 'numbers.2 holds no number at 1'],
    ['a number beyond f32', numbers([row, row, [0, 0, 1e39, 0]]), 'numbers.2 holds no finite f32 at 2'],
  ])('is refused: %s', (_, bytes, message) => {
    expect(() => openFile(bytes, 'evil.json')).toThrow(refusal(message));
    expect(() => openFile(bytes, 'evil.json')).toThrow('evil.json: ');
  });
});

describe('vectors as safetensors', () => {
  const other = { ...smallVector(), name: 'poet', units: 'increments' as const };
  const pack = (
    rows: Record<string, { shape: number[]; data?: Float32Array }>,
    metadata?: Record<string, string>,
  ): Uint8Array =>
    encodeSafetensors(
      Object.entries(rows).map(([name, { shape, data }]) => ({
        ...{ name, shape },
        data: data ?? new Float32Array(shape.reduce((a, b) => a * b, 1)),
      })),
      metadata,
    );
  const ours = (header: object, shape = [3, 4], name = 'vector.pirate') =>
    pack({ [name]: { shape } }, { format: 'personascope/vectors@1', [name]: JSON.stringify(header) });
  const { vectors: _, ...header } = smallVector();

  it('hold several', () => {
    const again = openFile(writeVectorSafetensors([smallVector(), other]), 'two.safetensors');
    expect(again).toEqual([smallVector(), other]);
    expect(() => writeVectorSafetensors([other, other])).toThrow(refusal('two vectors are named "poet"'));
    expect(() => writeVectorSafetensors([])).toThrow(refusal('holds 1 to 500 vectors, not 0'));
  });

  it('of others are stacks of layers, of unknown scale', () => {
    const data = Float32Array.of(1, 2, 3, 4, 5, 6);
    const [vector] = openFile(pack({ 'evil/v2': { shape: [3, 2], data } }), 'x', { nLayers: 3, dModel: 2 });
    expect(vector).toMatchObject({
      ...{ name: 'evil-v2', label: 'evil/v2', layers: [0, 1, 2], units: 'unknown', precision: 'F32' },
      model: { dModel: 2, nLayers: 3, digest: null },
    });
    expect([...vector!.vectors.get(2)!]).toEqual([5, 6]);
  });

  it.each([
    ['F16', [0x3c00, 0x0001], [1, 2 ** -24]],
    ['BF16', [0x3f80, 0xc040], [1, -3]],
  ])('in %s are widened exactly, and say so from then on', (dtype, stored, expected) => {
    const json = bytesOf(JSON.stringify({ v: { dtype, shape: [1, 2], data_offsets: [0, 4] } }));
    const bytes = new Uint8Array(8 + json.length + 4);
    bytes[0] = json.length;
    bytes.set(json, 8);
    bytes.set(new Uint8Array(Uint16Array.from(stored).buffer), 8 + json.length);
    const [vector] = openFile(bytes, 'x.safetensors', { nLayers: 1, dModel: 2 });
    expect([...vector!.vectors.get(0)!]).toEqual(expected);
    expect(vector!.precision).toBe(dtype);
    expect(openFile(bytesOf(writeVectorJson(vector!)), 'x.json')).toEqual([vector]);
  });

  it.each<[string, Uint8Array, string]>([
    ['cut short', writeVectorSafetensors([smallVector()]).slice(0, -4), 'the file has'],
    ['without a tensor', pack({}), 'holds no tensor'],
    ['of no numbers', pack({ a: { shape: [3, 0] } }), '"a" is (3, 0), not (layers, 4)'],
    ['of one name', pack({ 'a/b': { shape: [3, 4] }, 'a|b': { shape: [3, 4] } }), 'two vectors are named "a-b"'],
    [
      'with infinities',
      pack({ a: { shape: [3, 4], data: new Float32Array(12).fill(-Infinity, 4) } }),
      'layer 1 holds no finite number',
    ],
    [
      'of too many',
      pack(Object.fromEntries(Array.from({ length: 501 }, (_, i) => [`t${i}`, { shape: [3, 4] }]))),
      'holds 501 vectors',
    ],
    [
      'of another kind',
      pack({ a: { shape: [1, 1] } }, { format: 'personascope/recipe@1' }),
      'format is personascope/recipe',
    ],
    [
      'without a description',
      pack({ 'vector.a': { shape: [1, 1] } }, { format: 'personascope/vectors@1' }),
      'no description',
    ],
    ['of another name', ours({ ...header, name: 'poet' }), 'name is not the tensor'],
    ['with a stray tensor', ours(header, [3, 4], 'pirate'), 'is not named vector.<name>'],
    ['of other layers', ours({ ...header, layers: [0, 1] }), 'layers is not a list of 3'],
    ['of another width', ours(header, [3, 5]), 'layer 0 has 5 numbers, model.dModel is 4'],
  ])('are refused: %s', (_, bytes, message) => {
    expect(() => openFile(bytes, 'evil.safetensors')).toThrow(refusal(message));
    expect(() => openFile(bytes, 'evil.safetensors')).toThrow('evil.safetensors: ');
  });
});

describe('any other file', () => {
  it.each([
    ['empty', new Uint8Array()],
    ['text', bytesOf('hello')],
  ])('is refused: %s', (_, bytes) => {
    expect(() => openFile(bytes, 'a.pt')).toThrow(refusal('a.pt: is no vector file'));
  });

  it('is refused when it is too large, unread', () => {
    expect(() => openFile(new Uint8Array(limits.vectorFile + 1), 'a')).toThrow(refusal('are more than'));
  });
});

describe('checkFits', () => {
  it('holds a vector against the loaded model', () => {
    const vector = smallVector();
    expect(() => checkFits(vector, { nLayers: 3, dModel: 4 })).not.toThrow();
    expect(() => checkFits(vector, { nLayers: 3, dModel: 8 })).toThrow(
      refusal('model.dModel is 4, the loaded model’s is 8'.replace('’', "'")),
    );
    expect(() => checkFits(vector, { nLayers: 4, dModel: 4 })).toThrow(refusal('model.nLayers is 3'));
    const foreign = { ...vector, model: { ...vector.model, nLayers: null } };
    expect(() => checkFits(foreign, { nLayers: 4, dModel: 4 })).not.toThrow();
    expect(() => checkFits(foreign, { nLayers: 2, dModel: 4 })).toThrow(refusal('layers: 2 is not one of 0 to 1'));
  });
});

describe('between the page and a file', () => {
  const { model: id, modelDigest: digest, nLayers, dModel, promptSet, createdAt, personas, axis } = smallSpace();
  const made = { model: { id, digest, nLayers, dModel }, promptSet, createdAt };
  const book = new VectorBook({ nLayers, dModel, space: smallSpace(), tensors: tensors() });
  const files = [
    ...personas.map((entry) => fileOfPersona(entry, book.numbers(entry.name), made)),
    fileOfAxis(assistantAxis, axis, book.numbers('assistant-axis'), made),
  ];

  it.each(files)('$name keeps all that is known of it', (file) => {
    const key = file.name === 'assistant-axis' ? file.name : `persona.${file.name}`;
    expect([...file.vectors.values()].flatMap((row) => [...row])).toEqual([...tensors().get(key)!.data]);
    for (const [, write] of writers) expect(openFile(write(file), 'x')).toEqual([file]);
  });

  it('the axis goes out with the place of its zero, layer by layer', () => {
    for (const [, write] of writers) {
      expect(openFile(write(files.at(-1)!), 'x')[0]!.centre).toEqual({ 0: 0, 1: 1, 2: 2 });
      expect(openFile(write(files[0]!), 'x')[0]).not.toHaveProperty('centre');
    }
    const wrong = { ...files.at(-1)!, centre: { 0: NaN } };
    expect(() => writeVectorFile(wrong, 'json')).toThrow(refusal('centre'));
    const misnamed = { ...files.at(-1)!, centre: { mean: 1 } as Record<string, number> };
    expect(() => writeVectorFile(misnamed, 'json')).toThrow(refusal('must be named by layers'));
  });

  it('a persona comes back as it was, with its calibration only on the same weights', () => {
    const [entry] = personas;
    const file = fileOfPersona(entry!, book.numbers(entry!.name), made);
    const again = personaOf(file, { nLayers, dModel, digest });
    expect(again.entry).toEqual({ ...entry, norm: again.entry.norm });
    expect([...again.vector]).toEqual([...tensors().get(`persona.${entry!.name}`)!.data]);
    expect(personaOf(file, { nLayers, dModel, digest: 'cd'.repeat(32) }).entry.coherentUpTo).toBeNull();
  });

  it('a vector that was extracted on a model without a persona space goes out as any other', async () => {
    const { entry, vector } = personaOf(smallVector(), { nLayers: 3, dModel: 4, digest });
    const own = new VectorBook({ nLayers: 3, dModel: 4, space: null, tensors: new Map() });
    own.add(entry, vector);
    const session = {
      space: null,
      info: { id: 'small', label: 'Small', nLayers: 3, dModel: 4 },
      ownVectors: [{ entry, origin: null, promptSet: null, createdAt: '2026-01-02T03:04:05.000Z' }],
      call: async (method: string) => (method === 'numbers' ? own.numbers(entry.name) : digest),
    } as unknown as Session;
    const { name, bytes } = await exportVector(session, entry.name, 'safetensors');
    expect(name).toBe('pirate-small.safetensors');
    const [again] = openFile(bytes as Uint8Array, name);
    expect(bitsOf(again!)).toEqual(bitsOf(smallVector()));
  });

  it('layers that a file has no numbers for are zero, and the book does not count them', () => {
    const { entry, vector } = personaOf(smallVector(), { nLayers: 3, dModel: 4, digest });
    const all = new VectorBook({ nLayers: 3, dModel: 4, space: null, tensors: new Map() });
    all.add(entry, vector);
    expect(all.summaries()[0]!.layers).toEqual(smallVector().layers);
    expect(all.numbers(entry.name)).toEqual(smallVector().vectors);
    expect(() => personaOf(smallVector(), { nLayers: 3, dModel: 8, digest })).toThrow(
      refusal("the loaded model's is 8"),
    );
  });

  it('layers that are all zeros in a file are as if they were not there', () => {
    const file = smallVector();
    const { steering } = file;
    const [last] = steering.layers.slice(-1) as [number];
    const padded = { ...file, vectors: new Map([...file.vectors, [last, new Float32Array(4)]]) };
    const { entry, header } = personaOf(padded, { nLayers: 3, dModel: 4, digest });
    expect(entry.steering.layers).toEqual(steering.layers.slice(0, -1));
    expect(header.layers).toEqual(file.layers.filter((layer) => layer !== last));
    const blank = { ...file, vectors: new Map(file.layers.map((layer) => [layer, new Float32Array(4)])) };
    expect(() => personaOf(blank, { nLayers: 3, dModel: 4, digest })).toThrow(refusal('it is zero at every layer'));
  });

  it("a vector does not take the place of one of the model's own axes, components or roles", () => {
    const own = new VectorBook({ nLayers, dModel, space: smallSpace(), tensors: tensors() });
    const file = fileOfPersona(personas[0]!, own.numbers(personas[0]!.name), made);
    const { entry, vector } = personaOf(file, { nLayers, dModel, digest });
    own.add(entry, vector);
    for (const name of ['assistant-axis', 'pc1']) {
      expect(own.isReserved(name)).toBe(true);
      expect(() => own.add({ ...entry, name }, vector)).toThrow(refusal("one of the model's own axes"));
    }
  });

  it.each([
    ['the increments that were extracted', smallVector()],
    [
      'a vector that was imported, added at block 0 too',
      { ...smallVector(), steering: { mode: 'direct', layers: [0, 1, 2] } },
    ],
    ['one added after block 0 alone', { ...smallVector(), steering: { mode: 'direct', layers: [0] } }],
  ] satisfies [string, VectorFile][])('in every format it is the same dial again, bit for bit: %s', (_, vector) => {
    const size = { nLayers: 3, dModel: 4 };
    const dialOf = (file: VectorFile, digest: string) => {
      const { entry, vector } = personaOf(file, { ...size, digest });
      const book = new VectorBook({ ...size, space: null, tensors: new Map() });
      book.add(entry, vector);
      return { entry, added: bitsOf(book.resolve({ kind: 'addition', vector: entry.name, coefficient: 1 })) };
    };
    const [same, other] = [vector.model.digest!, 'cd'.repeat(32)];
    for (const format of ['json', 'safetensors', 'gguf'] as const) {
      const bytes = writeVectorFile(vector, format);
      const [again] = openFile(typeof bytes === 'string' ? bytesOf(bytes) : bytes);
      expect(again).toEqual(vector);
      expect(dialOf(again!, same)).toEqual(dialOf(vector, same));
      expect(dialOf(again!, same).entry).toMatchObject({ coherentUpTo: vector.coherentUpTo, onset: vector.onset });
      expect(dialOf(again!, other).entry).toMatchObject({ coherentUpTo: null, onset: null });
    }
  });

  it('what a control vector cannot carry is said when it is written, and only then', () => {
    const late = { ...smallVector(), steering: { mode: 'direct' as const, layers: [0, 2] } };
    expect(noticeOf(late, 'gguf')).toContain('llama.cpp adds nothing after block 0');
    expect(noticeOf(late, 'json')).toBeNull();
    expect(noticeOf({ ...late, steering: { mode: 'direct', layers: [2] } }, 'gguf')).toBeNull();
  });
});
