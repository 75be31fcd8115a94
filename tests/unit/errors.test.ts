/** What a thrown thing is called once it leaves the worker or reaches the visitor. */
import { expect, it } from 'vitest';
import { fromErrorData, PersonascopeError, toErrorData } from '../../src/lib/errors';
import { asError } from '../../src/lib/state/as-error';

const found = (work: () => unknown): unknown => {
  try {
    return work();
  } catch (error) {
    return error;
  }
};
const missing = (value: { a?: { b: number } }) => value.a!.b;

it.each<[string, unknown, string]>([
  ['a TypeError', found(() => missing({})), "reading 'b'"],
  ['a RangeError', found(() => new Array(-1)), 'Invalid array length'],
  ['an Error without words', new Error(), 'Something went wrong'],
  ['a text', 'boom', 'boom'],
  ['undefined', undefined, 'undefined'],
  ['an exception of the browser that nobody foresaw', new DOMException('nope', 'InvalidStateError'), 'nope'],
])('%s is a fault of ours, and says so', (_, cause, message) => {
  const data = toErrorData(cause);
  expect(data.name).toBe('Internal');
  expect(data.message).toContain(message);
  expect(data.nextStep).toContain('a fault of ours');
});

it('what the browser itself ends or has no room for keeps its own name', () => {
  const aborted = found(() => AbortSignal.abort().throwIfAborted());
  expect(toErrorData(aborted).name).toBe('Aborted');
  expect(toErrorData(new DOMException('Full.', 'QuotaExceededError'))).toMatchObject({
    name: 'StorageFull',
    message: expect.stringContaining('Full.'),
  });
});

it.each([
  'Failed to fetch dynamically imported module: https://page.test/_app/immutable/chunks/a.js',
  'error loading dynamically imported module: https://page.test/_app/immutable/chunks/a.js',
  'Importing a module script failed.',
  'Unable to preload CSS for /_app/immutable/assets/a.css',
])('a part of the page that did not arrive is no fault of ours: %s', (message) => {
  expect(toErrorData(new TypeError(message))).toEqual({
    name: 'DownloadFailed',
    message: 'A part of this page did not arrive.',
    nextStep: 'Check the connection, then reload the page.',
  });
});

it('a named error stays as it is, on either side of the worker', () => {
  const error = new PersonascopeError('BadRequest', 'topP: must be more than 0.', 'Correct it.');
  expect(asError(error)).toBe(error);
  expect(fromErrorData(structuredClone(toErrorData(error)))).toMatchObject({
    name: 'BadRequest',
    message: error.message,
    nextStep: error.nextStep,
  });
  expect(asError(new ReferenceError('x is not defined'))).toMatchObject({ name: 'Internal' });
});
