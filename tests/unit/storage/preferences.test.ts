/** Settings where localStorage is absent, forbidden or full. */
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { StorageTrouble } from '../../../src/lib/storage/trouble';
import { FakeStorage, forbidGlobal } from './fake-indexeddb';

let told: StorageTrouble[];
let preferences: typeof import('../../../src/lib/storage/preferences').preferences;
let store: FakeStorage;

beforeEach(async () => {
  vi.resetModules();
  store = new FakeStorage();
  vi.stubGlobal('localStorage', store);
  told = [];
  ({ preferences } = await import('../../../src/lib/storage/preferences'));
  const { storageTrouble } = await import('../../../src/lib/storage/trouble');
  storageTrouble.subscribe((trouble) => told.push(trouble));
});
afterEach(() => vi.unstubAllGlobals());

function useAll(): void {
  expect(preferences.get('personascope-theme')).toBeNull();
  preferences.set('personascope-theme', 'dark');
  preferences.set('personascope-tint', 'off');
  preferences.remove('personascope-tint');
  expect(preferences.get('personascope-theme')).toBe('dark');
  expect(preferences.get('personascope-tint')).toBeNull();
}

it('are kept where they can be', () => {
  useAll();
  expect([...store.kept]).toEqual([['personascope-theme', 'dark']]);
  expect(told).toEqual([]);
});

it('hold for this page where naming localStorage throws', () => {
  const restore = forbidGlobal('localStorage');
  useAll();
  restore();
  expect(told).toEqual([{ kind: 'refused', what: 'settings' }]);
});

it.each([undefined, null])('hold for this page where localStorage is %s', (absent) => {
  vi.stubGlobal('localStorage', absent);
  useAll();
  expect(told).toEqual([{ kind: 'refused', what: 'settings' }]);
});

it('hold for this page where there is no room, and are kept once there is', () => {
  store.kept.set('personascope-tint', 'on');
  store.isFull = true;
  preferences.set('personascope-tint', 'off');
  expect(preferences.get('personascope-tint')).toBe('off');
  expect(told).toEqual([{ kind: 'full', what: 'settings' }]);
  store.isFull = false;
  preferences.set('personascope-tint', 'off');
  expect(store.kept.get('personascope-tint')).toBe('off');
});
