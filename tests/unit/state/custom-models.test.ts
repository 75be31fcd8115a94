/** Models by their addresses, as an earlier visit, another version or another hand left them. */
import { afterEach, expect, it, vi } from 'vitest';
import { CustomModels } from '../../../src/lib/state/custom-models';
import { FakeStorage } from '../storage/fake-indexeddb';

afterEach(() => vi.unstubAllGlobals());

const source = { engine: 'web-llm', url: 'https://a.test/m/', lib: 'https://a.test/l.wasm' } as const;
const mine = { source, label: 'm', bytes: 5 };

it.each([
  ['no JSON', '[{', []],
  ['no list', '{"source":1}', []],
  ['an entry that is none, beside one that is', JSON.stringify([null, mine, { ...mine, bytes: 'many' }]), [mine]],
  ['an address that is none', JSON.stringify([{ ...mine, source: { ...source, url: 'nowhere' } }, mine]), [mine]],
])('%s', (_, text, expected) => {
  const store = new FakeStorage();
  vi.stubGlobal('localStorage', store);
  store.kept.set('personascope-custom-models', text);
  expect(new CustomModels().list()).toEqual(expected);
});
