/** Records whose browser refuses, is full, does not answer, or closes: nothing is lost while the page is open, and it is said once. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Records } from '../../../src/lib/storage/records';
import type { StorageTrouble } from '../../../src/lib/storage/trouble';
import { FakeIndexedDB, forbidGlobal } from './fake-indexeddb';

let browser: FakeIndexedDB;
let told: StorageTrouble[];
let openRecords: typeof import('../../../src/lib/storage/records').openRecords;
let restore: (() => void)[];

beforeEach(async () => {
  vi.resetModules();
  browser = new FakeIndexedDB();
  vi.stubGlobal('indexedDB', browser.factory);
  restore = [];
  told = [];
  ({ openRecords } = await import('../../../src/lib/storage/records'));
  const { storageTrouble } = await import('../../../src/lib/storage/trouble');
  storageTrouble.subscribe((trouble) => told.push(trouble));
});
afterEach(() => {
  for (const undo of restore) undo();
  vi.unstubAllGlobals();
});

const database = 'personascope-extract-vectors';
const open = (options?: { isBulky?: boolean }): Records => openRecords(database, 'vectors', options);
const refused = { kind: 'refused', what: 'vectors' };
const full = { kind: 'full', what: 'vectors' };

async function useAll(records: Records): Promise<void> {
  await records.set('a', { n: 1 });
  await records.update('a', (before) => ({ n: (before as { n: number }).n + 1 }));
  await records.update('b', (before) => [before ?? 'new']);
  await records.set('c', 'gone');
  await records.delete(['c']);
  expect(await records.get('a')).toEqual({ n: 2 });
  expect(await records.get('b')).toEqual(['new']);
  expect(await records.get('c')).toBeUndefined();
  expect((await records.keys()).sort()).toEqual(['a', 'b']);
}

it('are kept by a browser that keeps them, and nothing is said', async () => {
  await useAll(open());
  expect(told).toEqual([]);
  expect([...browser.rows(database, 'vectors')]).toEqual([
    ['a', { n: 2 }],
    ['b', ['new']],
  ]);
});

describe('work from memory, and say so once,', () => {
  const refusals: [string, () => void][] = [
    ['without IndexedDB', () => vi.stubGlobal('indexedDB', undefined)],
    ['where naming it throws', () => restore.push(forbidGlobal('indexedDB'))],
    ['where opening throws', () => (browser.opening = 'throws')],
    ['where opening fails', () => (browser.opening = 'fails')],
    ['where every write fails', () => (browser.writing = 'UnknownError')],
    ['where the database lacks its store', () => browser.rows(database, 'another')],
  ];
  it.each(refusals)('%s', async (_where, arrange) => {
    arrange();
    const records = open();
    await useAll(records);
    expect(told).toEqual([refused]);
  });

  it('where opening is never answered, within seconds, and is not asked twice', async () => {
    vi.useFakeTimers();
    try {
      browser.opening = 'is silent';
      const records = open();
      const using = useAll(records);
      await vi.advanceTimersByTimeAsync(3100);
      await using;
      expect(told).toEqual([refused]);
      expect(browser.opened).toBe(1);
    } finally {
      vi.useRealTimers();
    }
  });
});

it('that were read before a refusal stay readable, and what is written after it joins them', async () => {
  browser.rows(database, 'vectors').set('old', 'read');
  const records = open();
  expect(await records.get('old')).toBe('read');
  browser.writing = 'UnknownError';
  await records.set('new', 'here');
  expect(await records.get('old')).toBe('read');
  expect((await records.keys()).sort()).toEqual(['new', 'old']);
  expect(told).toEqual([refused]);
});

it.each([false, true])('without room are held in memory until there is room again (bulky: %s)', async (isBulky) => {
  const records = open({ isBulky });
  await records.set('small', 1);
  browser.writing = 'QuotaExceededError';
  await records.set('large', 'too much');
  await records.update('small', (before) => [before, 2]);
  await records.delete(['small']);
  await records.update('counter', (before) => Number(before ?? 0) + 1);
  expect(await records.get('large')).toBe('too much');
  expect(await records.get('small')).toBeUndefined();
  expect((await records.keys()).sort()).toEqual(['counter', 'large']);
  expect(told).toEqual([full]);
  browser.writing = null;
  await records.set('large', 'fits now');
  await records.update('counter', (before) => Number(before) + 1);
  expect(browser.rows(database, 'vectors').get('large')).toBe('fits now');
  expect(browser.rows(database, 'vectors').get('counter')).toBe(2);
  expect(await records.get('large')).toBe('fits now');
  expect(told).toEqual([full]);
});

it('go on after their connection was closed, or another tab deleted the database', async () => {
  const records = open();
  await records.set('a', 1);
  browser.closeAll();
  await records.set('b', 2);
  expect(await records.keys()).toEqual(['a', 'b']);
  const { deleteDatabase } = await import('../../../src/lib/storage/database');
  await deleteDatabase(database);
  expect(await records.keys()).toEqual([]);
  await records.set('c', 3);
  expect([...browser.rows(database, 'vectors')]).toEqual([['c', 3]]);
  expect(told).toEqual([]);
});

it('throw what is the caller’s own fault, and leave the record as it is', async () => {
  const records = open();
  await records.set('a', 1);
  const fault = new Error('mine');
  const failing = records.update('a', () => {
    throw fault;
  });
  await expect(failing).rejects.toBe(fault);
  await expect(records.set('a', () => 1)).rejects.toMatchObject({ name: 'DataCloneError' });
  await expect(records.update('a', () => () => 1)).rejects.toMatchObject({ name: 'DataCloneError' });
  expect(await records.get('a')).toBe(1);
  expect(told).toEqual([]);
  vi.stubGlobal('indexedDB', undefined);
  const inMemory = openRecords('personascope-extract-spaces', 'spaces');
  await expect(inMemory.set('a', () => 1)).rejects.toMatchObject({ name: 'DataCloneError' });
  await expect(
    inMemory.update('a', () => {
      throw fault;
    }),
  ).rejects.toBe(fault);
});

it('keep nothing any more once everything is to be deleted', async () => {
  const records = open();
  await records.set('a', 1);
  const { storing } = await import('../../../src/lib/storage/trouble');
  storing.hasEnded = true;
  await records.set('b', 2);
  expect(await records.get('b')).toBe(2);
  expect([...browser.rows(database, 'vectors').keys()]).toEqual(['a']);
  expect(told).toEqual([]);
});
