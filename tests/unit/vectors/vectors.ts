/** Vectors for the tests of vector files. */
import fc from 'fast-check';
import { readVectorFile } from '../../../src/lib/vectors/read-vector-file';
import type { VectorFile } from '../../../src/lib/vectors/vector-file';

/** Numbers that a careless writer loses: the sign of zero, the smallest and the largest, one that no short decimal is. */
export const awkward = Float32Array.of(-0, 2 ** -149, -(2 - 2 ** -23) * 2 ** 127, 0.1);

/** Of the model that `smallVector` is for. */
const smallModel = { nLayers: 3, dModel: 4 };

/** Opens a file as the page does that has this model loaded. */
export function openFile(bytes: Uint8Array, name = 'x', model = smallModel): VectorFile[] {
  return readVectorFile(bytes, name, model);
}

export function smallVector(): VectorFile {
  return {
    name: 'pirate',
    label: 'Pirate “Arr”',
    description: 'Talks like a pirate.\n海賊',
    model: { id: 'small', digest: 'ab'.repeat(32), nLayers: 3, dModel: 4 },
    layers: [0, 1, 2],
    units: 'raw difference',
    positions: 'message',
    contrast: 'default',
    steering: { mode: 'increments', layers: [0, 2] },
    coherentUpTo: { negative: -1, positive: 1.5 },
    onset: 0.75,
    precision: 'F32',
    provenance: {
      source: 'Personascope',
      promptSet: 'test',
      createdAt: '2026-01-02T03:04:05.000Z',
      kept: { positive: 10, negative: 9 },
      quality: { auroc: 0.9, splitHalfCosine: 0.8 },
    },
    vectors: new Map([
      [0, awkward],
      [1, Float32Array.of(1, 0, 0, 0)],
      [2, Float32Array.of(3, -1, 0.5, 2)],
    ]),
  };
}

/** What is in every bit of the numbers: `toEqual` alone would not tell NaNs or, in a Map, zeros apart in all versions. */
export function bitsOf({ vectors }: Pick<VectorFile, 'vectors'>): [number, number[]][] {
  return [...vectors].map(([layer, row]) => [
    layer,
    Array.from(new Uint32Array(row.buffer, row.byteOffset, row.length)),
  ]);
}

/** Any f32 but NaN and the infinities, uniform in its bits. */
const anyFloat = fc.nat(0xffffffff).map((bits) => {
  const float = new Float32Array(Uint32Array.of(bits).buffer)[0]!;
  return Number.isFinite(float) ? float : bits % 1000;
});

export const anyVector: fc.Arbitrary<VectorFile> = fc
  .record({
    dModel: fc.integer({ min: 1, max: 9 }),
    layers: fc.uniqueArray(fc.nat(255), { minLength: 1, maxLength: 5 }),
  })
  .chain(({ dModel, layers }) => {
    const ascending = layers.sort((a, b) => a - b);
    const row = fc.array(anyFloat, { minLength: dModel, maxLength: dModel }).map((xs) => Float32Array.from(xs));
    return fc
      .record({
        rows: fc.array(row, { minLength: layers.length, maxLength: layers.length }),
        label: fc.string({ maxLength: 20, unit: 'grapheme' }),
        mode: fc.constantFrom('increments' as const, 'direct' as const),
      })
      .map(({ rows, label, mode }) => ({
        ...smallVector(),
        label,
        model: { id: 'any', digest: null, nLayers: null, dModel },
        layers: ascending,
        steering: { mode, layers: ascending.slice(-1) },
        coherentUpTo: null,
        onset: null,
        vectors: new Map(ascending.map((layer, i) => [layer, rows[i]!])),
      }));
  });
