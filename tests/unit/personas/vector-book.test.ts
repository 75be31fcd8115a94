import { describe, expect, it } from 'vitest';
import type { Intervention, LayerVectors } from '../../../src/lib/engine/intervention';
import { VectorBook } from '../../../src/lib/personas/vector-book';
import { size, smallSpace, tensors } from './small-space';

const book = new VectorBook({ ...size, space: smallSpace(), tensors: tensors() });
const plain = new VectorBook({ ...size, space: null, tensors: new Map() });
const asObject = (vectors: LayerVectors) => Object.fromEntries([...vectors].map(([layer, v]) => [layer, [...v]]));
const vectorsOf = (intervention: Intervention) => asObject(book.resolve(intervention).vectors);

describe('a persona is added', () => {
  it('in increments that sum to v at every layer', () => {
    expect(vectorsOf({ kind: 'addition', vector: 'pirate' })).toEqual({
      0: [1, 0, 0, 0],
      1: [1, 0, 0, 0],
      2: [0, 1, 0, 0],
    });
  });

  it('in increments over the layers that are steered, so that the last one has moved by its v', () => {
    expect(vectorsOf({ kind: 'addition', vector: 'evil' })).toEqual({ 0: [0, 1, 0, 0], 2: [0, 2, 0, 0] });
    expect(vectorsOf({ kind: 'addition', vector: 'pirate', layers: [2] })).toEqual({ 2: [2, 1, 0, 0] });
    expect(vectorsOf({ kind: 'addition', vector: 'pirate', layers: [2, 1, 2] })).toEqual({
      1: [2, 0, 0, 0],
      2: [0, 1, 0, 0],
    });
  });

  it('directly where its entry says so', () => {
    expect(vectorsOf({ kind: 'addition', vector: 'poet' })).toEqual({ 1: [0, 0, 2, 0] });
  });

  it('with a coefficient of 1 unless it says', () => {
    expect(book.resolve({ kind: 'addition', vector: 'poet' })).toMatchObject({
      kind: 'addition',
      positions: 'all',
      coefficient: 1,
      floor: -Infinity,
      ceiling: Infinity,
    });
    expect(book.resolve({ kind: 'addition', vector: 'poet', coefficient: -0.5, positions: 'response' })).toMatchObject({
      positions: 'response',
      coefficient: -0.5,
    });
  });
});

describe('projective kinds', () => {
  it('use the raw vector of every layer, or of those given', () => {
    expect(vectorsOf({ kind: 'ablation', vector: 'pirate' })).toEqual({
      0: [1, 0, 0, 0],
      1: [2, 0, 0, 0],
      2: [2, 1, 0, 0],
    });
    expect(vectorsOf({ kind: 'clamping', vector: 'poet', target: 1, layers: [2] })).toEqual({ 2: [0, 0, 2, 0] });
  });

  it('resolve to bounds', () => {
    expect(book.resolve({ kind: 'ablation', vector: 'pirate' })).toMatchObject({ floor: 0, ceiling: 0 });
    expect(book.resolve({ kind: 'clamping', vector: 'pirate', target: -2 })).toMatchObject({ floor: -2, ceiling: -2 });
    expect(book.resolve({ kind: 'capping', vector: 'pirate', floor: 1 })).toMatchObject({
      floor: 1,
      ceiling: Infinity,
    });
    expect(book.resolve({ kind: 'capping', vector: 'pirate', ceiling: 1 })).toMatchObject({
      floor: -Infinity,
      ceiling: 1,
    });
  });

  it('cap the axis on its own layers', () => {
    expect(vectorsOf({ kind: 'capping', vector: 'assistant-axis', floor: 1 })).toEqual({
      1: [4, 0, 0, 0],
      2: [3, 4, 0, 0],
    });
    expect(Object.keys(vectorsOf({ kind: 'capping', vector: 'assistant-axis', floor: 1, layers: [0] }))).toEqual(['0']);
    expect(Object.keys(vectorsOf({ kind: 'ablation', vector: 'assistant-axis' }))).toEqual(['0', '1', '2']);
  });

  it('cap along an axis of their own where the space has one', () => {
    const space = smallSpace();
    space.cap.positions = 'message';
    const without = () => new VectorBook({ ...size, space, tensors: tensors() });
    expect(without).toThrow('tensor cap-axis is missing');
    const withCap = tensors().set('cap-axis', {
      shape: [3, 4],
      data: Float32Array.from({ length: 12 }, (_, i) => i + 1),
    });
    const capped = new VectorBook({ ...size, space, tensors: withCap }).resolve({
      kind: 'capping',
      vector: 'cap-axis',
      floor: 1,
    });
    expect(asObject(capped.vectors)).toEqual({ 1: [5, 6, 7, 8], 2: [9, 10, 11, 12] });
    expect(book.has('cap-axis')).toBe(false);
  });
});

describe('names', () => {
  it('are all listed, with their kind, layers and quality', () => {
    expect(book.summaries().map(({ name, kind }) => [name, kind])).toEqual([
      ['pirate', 'persona'],
      ['poet', 'persona'],
      ['evil', 'persona'],
      ['assistant-axis', 'axis'],
      ['pc1', 'component'],
      ['pc2', 'component'],
      ['pc3', 'component'],
      ['role:demon', 'role'],
    ]);
    const [pirate] = book.summaries();
    expect(pirate).toEqual({
      name: 'pirate',
      kind: 'persona',
      label: 'pirate',
      layers: [0, 1, 2],
      quality: { auroc: 0.9, splitHalfCosine: 0.8 },
    });
    expect(book.summaries()[4]).toMatchObject({ layers: [1], quality: null });
    expect(plain.summaries()).toEqual([]);
  });

  it('of roles stand for role - default', () => {
    expect(vectorsOf({ kind: 'ablation', vector: 'role:demon', layers: [0, 1] })).toEqual({
      0: [-1, 0, 0, 1],
      1: [-1, 0, 0, 2],
    });
    expect(vectorsOf({ kind: 'addition', vector: 'role:demon', layers: [0, 1] })[1]).toEqual([0, 0, 0, 1]);
  });

  it('of components exist at the PCA’s layer only', () => {
    expect(vectorsOf({ kind: 'addition', vector: 'pc2' })).toEqual({ 1: [0, 1, 0, 0] });
    expect(() => book.resolve({ kind: 'addition', vector: 'pc2', layers: [0] })).toThrow(
      'vector has no numbers for layer 0, only for 1',
    );
  });
});

describe('probes', () => {
  it('read the raw vector', () => {
    expect(asObject(book.resolveProbe({ name: 'p', vector: 'pirate', layers: [2] }).vectors)).toEqual({
      2: [2, 1, 0, 0],
    });
    expect(Object.keys(asObject(book.resolveProbe({ name: 'p', vector: 'assistant-axis' }).vectors))).toHaveLength(3);
    expect(asObject(plain.resolveProbe({ name: 'p', vector: { 1: [0, 0, 0, 0] } }).vectors)).toEqual({
      1: [0, 0, 0, 0],
    });
  });
});

describe('inline vectors', () => {
  it('pass through as given, without increments', () => {
    const vector = { 2: [1, 2, 3, 4], 0: Float64Array.of(0.5, 0, 0, 0) };
    expect(asObject(plain.resolve({ kind: 'addition', vector }).vectors)).toEqual({
      0: [0.5, 0, 0, 0],
      2: [1, 2, 3, 4],
    });
    expect(Object.keys(asObject(plain.resolve({ kind: 'addition', vector, layers: [2] }).vectors))).toEqual(['2']);
  });
});

describe('refused by field and reason', () => {
  const ok = { kind: 'addition', vector: 'pirate' };
  const v = [1, 0, 0, 0];
  const cases: [string, unknown, RegExp][] = [
    [
      'an unknown name',
      { ...ok, vector: 'pirat' },
      /vector "pirat" is not known\. Known: pirate, poet, evil, assistant-axis/,
    ],
    ['no object', null, /must be an object/],
    ['an unknown kind', { ...ok, kind: 'boost' }, /kind must be one of addition, ablation, capping, clamping/],
    ['unknown positions', { ...ok, positions: 'last' }, /positions must be one of all, prompt, response/],
    ['a coefficient that is no number', { ...ok, coefficient: '2' }, /coefficient must be a finite number/],
    ['a coefficient past f32', { ...ok, coefficient: 1e39 }, /coefficient must be a finite number/],
    ['NaN as floor', { ...ok, kind: 'capping', floor: NaN }, /floor must be a finite number/],
    ['capping without bounds', { ...ok, kind: 'capping' }, /capping needs a floor, a ceiling or both/],
    ['crossed bounds', { ...ok, kind: 'capping', floor: 2, ceiling: 1 }, /floor 2 lies above ceiling 1/],
    ['clamping without target', { ...ok, kind: 'clamping' }, /clamping needs a target/],
    ['a layer out of range', { ...ok, layers: [3] }, /layer 3 is not one of 0 to 2/],
    ['a negative layer', { ...ok, layers: [-1] }, /layer -1 is not one of 0 to 2/],
    ['half a layer', { ...ok, layers: [0.5] }, /layer 0\.5 is not one of/],
    ['no layers', { ...ok, layers: [] }, /layers must be a list of at least one layer/],
    ['layers in words', { ...ok, layers: 'all' }, /layers must be a list/],
    ['a list as vector', { ...ok, vector: v }, /vector must be a name, or lists of numbers by layer/],
    ['a typed array as vector', { ...ok, vector: new Float32Array(4) }, /vector must be a name/],
    ['an empty vector', { ...ok, vector: {} }, /vector has no layer/],
    ['a vector at a layer out of range', { ...ok, vector: { 3: v } }, /vector has layer 3, which is not one of 0 to 2/],
    ['a vector at no layer', { ...ok, vector: { mid: v } }, /vector has layer mid/],
    [
      'a vector of another width',
      { ...ok, vector: { 1: [1, 2] } },
      /at layer 1 has 2 numbers, the model's dModel is 4/,
    ],
    ['a vector with NaN', { ...ok, vector: { 1: [1, 2, NaN, 4] } }, /at layer 1 holds no finite number at 2/],
    ['a vector past f32', { ...ok, vector: { 1: [1, 1e39, 0, 0] } }, /holds no finite number at 1/],
    ['a vector with text', { ...ok, vector: { 1: [1, '2', 3, 4] } }, /holds no finite number at 1/],
    ['layers the vector lacks', { ...ok, vector: { 1: v }, layers: [0] }, /no numbers for layer 0, only for 1/],
    ['a zero direction', { ...ok, kind: 'ablation', vector: { 1: [0, 0, 0, 0] } }, /vector is zero at layer 1/],
  ];
  it.each(cases)('%s', (_what, intervention, message) => {
    expect(() => book.resolve(intervention as Intervention)).toThrow(
      expect.objectContaining({ name: 'BadRequest', message: expect.stringMatching(message) }),
    );
  });

  it('in a list, with its index', () => {
    expect(() => book.resolveAll([ok as Intervention, { kind: 'clamping', vector: 'poet' }])).toThrow(
      /^interventions\[1\]: /,
    );
    expect(() => book.resolveAll({} as never)).toThrow('interventions must be a list');
    expect(() => book.resolveProbes([{ name: '', vector: 'poet' }])).toThrow(/^probes\[0\]: name must be a text/);
  });

  it('every name on a model that has none', () => {
    expect(() => plain.resolve({ kind: 'addition', vector: 'pirate' })).toThrow('This model has no named vectors');
  });
});

describe('a space whose tensors do not fit is refused', () => {
  const bookWith = (change: (map: ReturnType<typeof tensors>) => void) => {
    const map = tensors();
    change(map);
    return new VectorBook({ ...size, space: smallSpace(), tensors: map });
  };
  it.each<[string, (map: ReturnType<typeof tensors>) => void]>([
    ['tensor role.demon is missing', (map) => map.delete('role.demon')],
    [
      'tensor default is (4, 3), not (3, 4)',
      (map) => map.set('default', { shape: [4, 3], data: new Float32Array(12) }),
    ],
    ['tensor pca.centre has 5 numbers', (map) => map.set('pca.centre', { shape: [4], data: new Float32Array(5) })],
    ['tensor persona.poet holds no finite number at 7', (map) => void (map.get('persona.poet')!.data[7] = Infinity)],
  ])('%s', (message, change) => {
    expect(() => bookWith(change)).toThrow(
      expect.objectContaining({ name: 'BadModel', message: expect.stringContaining(message) }),
    );
  });

  it('and so is one of another model', () => {
    const other = { nLayers: 4, dModel: 4, space: smallSpace(), tensors: tensors() };
    expect(() => new VectorBook(other)).toThrow('for 3 layers of 4, the model has 4 layers of 4');
  });
});
