import { expect, test } from 'vitest';
import { spanOf } from '../../../src/lib/taps/tap-program';

test.each([
  ['a prompt in one pass', [5, 0, 5], { rows: 5, promptRows: 5, lastRow: 4 }],
  ['its first part', [128, 0, 200], { rows: 128, promptRows: 128, lastRow: 128 }],
  ['a part that ends just before its last token', [128, 0, 129], { rows: 128, promptRows: 128, lastRow: 128 }],
  ['its last part', [72, 128, 200], { rows: 72, promptRows: 72, lastRow: 71 }],
  ['a token of the reply', [1, 200, 200], { rows: 1, promptRows: 0, lastRow: 0 }],
  ['prefilled words with the end of the prompt', [6, 10, 12], { rows: 6, promptRows: 2, lastRow: 1 }],
] as [string, [number, number, number], object][])('%s', (_what, pass, span) => {
  expect(spanOf(...pass)).toEqual(span);
});
