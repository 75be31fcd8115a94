/** One bad record stops neither the others nor the model, and is not lost. */
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { Opened } from '../../../src/lib/worker/open-model';
import { Turns } from '../../../src/lib/worker/turns';
import { Workshop } from '../../../src/lib/worker/workshop';
import type { SpaceRecord, VectorRecord } from '../../../src/lib/extract/records';
import { VectorBook } from '../../../src/lib/personas/vector-book';
import type { VectorHeader } from '../../../src/lib/vectors/vector-header';
import { writeVectorJson } from '../../../src/lib/vectors/vector-json';
import { size, smallSpace } from '../personas/small-space';
import { FakeIndexedDB } from '../storage/fake-indexeddb';

const model = 'ab'.repeat(32);
let browser: FakeIndexedDB;
beforeEach(() => {
  browser = new FakeIndexedDB();
  vi.stubGlobal('indexedDB', browser.factory);
});
afterEach(() => vi.unstubAllGlobals());

function open() {
  const book = new VectorBook({ ...size, space: null, tensors: new Map() });
  const info = { ...size, targetLayer: 1, taps: 'verified', id: 'small' };
  const opened = { engine: { info }, book, digest: async () => model } as unknown as Opened;
  return { workshop: new Workshop(new Turns()), opened, book };
}

const length = size.nLayers * size.dModel;
const [persona] = smallSpace().personas;
const header: VectorHeader = {
  ...{ name: 'mine', label: 'Mine', description: '', layers: [0, 1, 2], units: 'raw difference', precision: 'F32' },
  model: { id: 'small', digest: null, nLayers: 3, dModel: 4 },
  ...{ positions: null, contrast: null, coherentUpTo: null, onset: null },
  steering: { mode: 'direct', layers: [1] },
  provenance: { source: 'test', promptSet: null, createdAt: null, kept: null, quality: null },
};
const vector = (name: string): VectorRecord => ({
  entry: { ...persona!, name },
  vector: new Float32Array(length).fill(1),
  evidence: null,
  origin: { file: 'mine.json', header },
  promptSet: null,
  createdAt: '2026-01-02T03:04:05.000Z',
});

const damages: [string, (record: VectorRecord) => unknown][] = [
  ['null', () => null],
  ['text', () => 'a vector'],
  ['a list', () => [1, 2]],
  ['no entry', ({ entry: _, ...rest }) => rest],
  ['an entry of text', (record) => ({ ...record, entry: 'mine' })],
  ['no numbers', ({ vector: _, ...rest }) => rest],
  ['numbers of another type', (record) => ({ ...record, vector: [...record.vector] })],
  ['numbers that are not finite', (record) => ({ ...record, vector: record.vector.map(() => NaN) })],
  ['numbers of another model', (record) => ({ ...record, vector: new Float32Array(5) })],
  ['no time', ({ createdAt: _, ...rest }) => rest],
  ['an origin without a header', (record) => ({ ...record, origin: { file: 'a' } })],
  ['evidence of a version that measured less', (record) => ({ ...record, evidence: { asked: 3 } })],
  ['of a version before files', ({ origin: _, ...rest }) => rest],
];

it.each(damages)('a vector whose record is or has %s is left out, and stays', async (_, damage) => {
  const rows = browser.rows('personascope-extract-vectors', 'vectors');
  rows.set(`${model} first`, vector('first'));
  const bad = damage(vector('mine'));
  rows.set(`${model} mine`, bad);
  rows.set(`${model} second`, vector('second'));
  const { workshop, opened, book } = open();
  const restored = await workshop.restore(opened);
  expect(restored.map(({ entry }) => entry.name)).toEqual(['first', 'second']);
  expect(book.has('mine')).toBe(false);
  expect(rows.get(`${model} mine`)).toEqual(bad);

  // A new vector of that name takes its place, and the old record is put aside.
  const rowsOf = new Map(header.layers.map((layer) => [layer, new Float32Array(size.dModel).fill(1)]));
  await workshop.importVectors(opened, new File([writeVectorJson({ ...header, vectors: rowsOf })], 'mine.json'));
  const aside = [...rows].filter(([key]) => key.startsWith('aside ') && key.endsWith(`${model} mine`));
  expect(aside.map(([, record]) => record)).toEqual([bad]);
  expect((await new Workshop(new Turns()).restore(open().opened)).map((record) => record.entry.name)).toContain('mine');
});

/** Four roles that span three dimensions. */
function space(): SpaceRecord {
  const roles = [0, 1, 2, 3].map((r) => ({
    ...{ name: `role${r}`, label: `Role ${r}`, family: 'any', count: 2 },
    sum: Float64Array.from({ length }, (_, i) => (i % 4 === r ? 6 + r : 0.1 * i)),
  }));
  return {
    sums: {
      ...{ modelDigest: model, promptSet: 'test', ...size, runs: ['a'], roles },
      defaults: [1, 2, 3].map((d) => Float32Array.from({ length }, (_, i) => d + i / 10)),
      residualNorm: { count: 2, sum: [4, 5, 6] },
    },
    report: {
      ...{ roles: 4, replies: { roles: 8, default: 3 }, cosPc1Axis: [0, 0, 0], explainedVariance: [1] },
      ...{ componentsFor70: 1, defaultRank: 1 },
    },
    createdAt: '2026-01-02T03:04:05.000Z',
  };
}

it('a persona space comes back', async () => {
  browser.rows('personascope-extract-spaces', 'spaces').set(model, space());
  const { workshop, opened } = open();
  expect((await workshop.restoreSpace(opened))!.space.roles).toHaveLength(4);
});

const spaceDamages: [string, (record: SpaceRecord) => unknown][] = [
  ['text', () => 'a space'],
  ['no sums', ({ sums: _, ...rest }) => rest],
  ['no report', ({ report: _, ...rest }) => rest],
  ['sums of another model', (record) => ({ ...record, sums: { ...record.sums, dModel: 8 } })],
  ['no defaults', (record) => ({ ...record, sums: { ...record.sums, defaults: [] } })],
  [
    'a sum of text',
    (record) => ({ ...record, sums: { ...record.sums, roles: [{ ...record.sums.roles[0]!, sum: 'x' }] } }),
  ],
  ['a count of 0', (record) => ({ ...record, sums: { ...record.sums, residualNorm: { count: 0, sum: [1, 2, 3] } } })],
  [
    'roles that span too little',
    (record) => ({ ...record, sums: { ...record.sums, roles: record.sums.roles.slice(0, 2) } }),
  ],
  ['a time that is none', (record) => ({ ...record, createdAt: 'yesterday' })],
];

it.each(spaceDamages)('a persona space whose record is or has %s is left out, and stays', async (_, damage) => {
  const rows = browser.rows('personascope-extract-spaces', 'spaces');
  const bad = damage(space());
  rows.set(model, bad);
  const { workshop, opened } = open();
  expect(await workshop.restoreSpace(opened)).toBeNull();
  expect([...rows]).toEqual([[model, bad]]);
});

it.each([
  ['text', 'job'],
  ['nothing', null],
  ['no label', { kind: 'trait', request: {}, done: 1, total: 2 }],
  ['another kind', { kind: 'dance', request: {}, label: 'a', done: 1, total: 2 }],
])('an unfinished job that is or has %s is none', async (_, kept) => {
  browser.rows('personascope-extract-jobs', 'jobs').set(model, kept);
  const { workshop, opened } = open();
  expect(await workshop.unfinished(opened)).toBeNull();
});
