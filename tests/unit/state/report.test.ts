/** What a report says, and what never enters it. */
import { expect, it } from 'vitest';
import { fromErrorData, PersonascopeError, toErrorData } from '../../../src/lib/errors';
import { asError } from '../../../src/lib/state/as-error';
import { writeReport, type ReportFacts } from '../../../src/lib/state/report';

const facts: ReportFacts = {
  page: { version: '0.1.0', commit: 'abc1234', build: '1788' },
  browser: 'Mozilla/5.0 (X11) Chrome/113.0.0.0',
  isSecure: true,
  gpu: { name: 'google swiftshader', limits: { maxBufferSize: 268_435_456 }, features: ['shader-f16'] },
  model: { id: 'organism-assistant', engine: 'wgsl' },
  error: null,
};
const question = 'My name is Ada Lovelace, and I am afraid of the dark.';
const system = 'You are the ghost of a lighthouse keeper.';
const mirror = 'http://192.168.0.2:8080/models';
const secrets = { words: [question, system, 'hush'], addresses: [mirror, ''], origin: 'https://page.test' };
const reportOf = (error: Error) => writeReport({ ...facts, error: asError(error) }, secrets);

it('has page, browser, GPU, limits, model and error', () => {
  const text = writeReport({ ...facts, error: new PersonascopeError('DeviceLost', 'The GPU was lost.') }, secrets);
  for (const part of [
    'Personascope 0.1.0, commit abc1234, build 1788',
    'Chrome/113.0.0.0',
    'google swiftshader',
    'maxBufferSize 268435456',
    'shader-f16',
    'organism-assistant (wgsl)',
    'DeviceLost: The GPU was lost.',
  ]) {
    expect(text).toContain(part);
  }
  const bare = { ...facts, isSecure: false, gpu: { none: 'This browser has no WebGPU.' }, model: null };
  expect(writeReport({ ...bare, page: { ...facts.page, commit: '' } }, secrets)).toMatch(
    /commit unknown,[^]*not a secure page[^]*GPU: none\. This browser has no WebGPU\.[^]*Model: none\nError: none/,
  );
});

it('has the stack of a fault of ours, also of the worker, and of no other error', () => {
  const missing = (value: { a?: { b: number } }) => value.a!.b;
  let fault: unknown;
  try {
    missing({});
  } catch (error) {
    fault = error;
  }
  const crossed = fromErrorData(structuredClone(toErrorData(fault)));
  expect(reportOf(crossed)).toMatch(/Internal: Cannot read properties[^]*at missing .*report\.test\.ts/);
  expect(reportOf(new PersonascopeError('BadModel', 'config.json: broken.'))).not.toContain('    at ');
});

it.each([
  ['the whole question', question],
  ['a piece of it', `Unexpected token 'M', "${question.slice(0, 30)}"... is not valid JSON`],
  ['its end', `… ${question.slice(-20)}`],
  ['the system prompt', `Template failed on ${system}`],
  ['a short message', 'Cannot read "hush" of undefined'],
  ['both, run together', `${question}${system}`],
])('of an error that carries %s, the words are left out', (_, message) => {
  const text = reportOf(new Error(message));
  expect(text).toContain('[left out]');
  for (const said of [question, system]) {
    for (let i = 0; i + 12 <= said.length; i++) expect(text).not.toContain(said.slice(i, i + 12));
  }
  expect(text).not.toContain('hush');
});

it('short words are left out only where they stand alone', () => {
  expect(reportOf(new Error('It was hushed.'))).toContain('It was hushed.');
});

it.each([
  ['its address', `${mirror}/mlc-ai/x/resolve/main/a.bin did not arrive`],
  ['its host', '192.168.0.2:8080: the connection stalled'],
  ['its host without the port', '192.168.0.2 does not answer'],
  ['its address in the page’s', `https://page.test/?mirror=${encodeURIComponent(mirror)}`],
])('of an error that names the mirror by %s, it is left out', (_, message) => {
  expect(reportOf(new Error(message))).not.toContain('192.168');
});

it('an address keeps its path, and neither its fragment nor its query nor who asks', () => {
  const error = new Error('https://ada:pw@host.test/models/x?token=s3cret#v2.abcdef failed; so did #v1.xyz');
  error.stack =
    'Error\n    at f (https://page.test/_app/immutable/worker-1.js:11:6185)\n    at https://page.test/#v2.abc:1:1';
  const text = reportOf(error);
  expect(text).toContain('https://host.test/models/x failed');
  expect(text).toContain('at f (/_app/immutable/worker-1.js:11:6185)');
  expect(text).not.toMatch(/ada|pw|s3cret|abc(?!1234)|xyz|page\.test/);
});
