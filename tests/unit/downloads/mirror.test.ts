/** Mirrors: which address a file is fetched from, and what the page's own address proposes. */
import { expect, test } from 'vitest';
import { mirrorUrl, normalizeMirror, takeProposal } from '../../../src/lib/downloads/mirror';

test.each([
  [
    'https://huggingface.co/mlc-ai/a/resolve/main/x.bin',
    'http://10.0.0.2:80/',
    'http://10.0.0.2/mlc-ai/a/resolve/main/x.bin',
  ],
  [
    'https://raw.githubusercontent.com/m/l/main/w/x.wasm',
    'https://h.test/a/b//',
    'https://h.test/a/b/m/l/main/w/x.wasm',
  ],
  ['https://elsewhere.test/x.bin', 'http://10.0.0.2', 'https://elsewhere.test/x.bin'],
  ['https://huggingface.co/x.bin', undefined, 'https://huggingface.co/x.bin'],
])('%s with mirror %s', (url, mirror, expected) => expect(mirrorUrl(url, mirror).href).toBe(expected));

test.each(['', 'a', 'ftp://a.b', 'javascript:alert(1)', 'data:text/html,x', 'http://user@a.b'])(
  'refuses "%s"',
  (mirror) => {
    expect(() => normalizeMirror(mirror)).toThrow(expect.objectContaining({ name: 'BadRequest' }));
  },
);

test('a proposal is taken out of the address, and nothing else is', () => {
  expect(takeProposal('https://p.test/?a=1&mirror=http%3A%2F%2F10.0.0.2#v1.x')).toEqual({
    address: 'https://p.test/?a=1#v1.x',
    proposed: 'http://10.0.0.2',
  });
  expect(takeProposal('https://p.test/?a=1')).toBeNull();
});
