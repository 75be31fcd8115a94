/** The model used last is offered, as it was kept; what is no model is not. */
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { forgetLastModel, noteAnswer, readLastModel } from '../../../src/lib/state/last-model';
import { FakeStorage } from '../storage/fake-indexeddb';

let store: FakeStorage;
beforeEach(() => vi.stubGlobal('localStorage', (store = new FakeStorage())));
afterEach(() => vi.unstubAllGlobals());

const folder = { engine: 'wgsl', url: 'https://a.test/model/' } as const;
const weights = {
  engine: 'web-llm',
  url: 'https://a.test/m/',
  lib: 'https://a.test/l.wasm',
  runtime: '0.2.79',
} as const;

it.each(['Qwen2.5-0.5B-Instruct', folder, weights])('%s is remembered, until it is forgotten', (model) => {
  expect(readLastModel('')).toBeNull();
  noteAnswer(model, 'A model');
  expect(readLastModel('?mirror=http://a.test')).toEqual({ model, label: 'A model' });
  forgetLastModel();
  expect(readLastModel('')).toBeNull();
});

it('the later one takes the place of the one before', () => {
  noteAnswer(folder, 'Folder');
  noteAnswer('gemma', 'x'.repeat(1000));
  expect(readLastModel('')).toEqual({ model: 'gemma', label: 'x'.repeat(200) });
});

it('?model=embedded asks for no offer, and forgets nothing', () => {
  noteAnswer(folder, 'Folder');
  expect(readLastModel('?model=embedded')).toBeNull();
  expect(readLastModel('?a=1&model=embedded')).toBeNull();
  expect(readLastModel('')).not.toBeNull();
});

it.each([
  ['no JSON', '{'],
  ['a number', '3'],
  ['null', 'null'],
  ['no label', '{"model":"a"}'],
  ['no model', '{"label":"a"}'],
  ['an engine that is none', '{"model":{"engine":"x","url":"https://a.test/"},"label":"a"}'],
  ['weights without a library', '{"model":{"engine":"web-llm","url":"https://a.test/"},"label":"a"}'],
  ['an endless name', JSON.stringify({ model: 'a'.repeat(5000), label: 'a' })],
])('%s is offered as nothing', (_, kept) => {
  store.kept.set('personascope-last-model', kept);
  expect(readLastModel('')).toBeNull();
});
