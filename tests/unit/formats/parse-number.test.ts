/** Numbers as people type them: what is taken is what was meant, and the rest is refused with its reason. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { limits } from '../../../src/lib/limits';
import { checkNumber, parseNumber, writeNumber } from '../../../src/lib/formats/parse-number';

const wide = { min: -1e6, max: 1e6 };
const parse = (text: string, bounds = wide) => parseNumber(text, bounds);

describe('parseNumber', () => {
  it.each<[string, number]>([
    ['1.75', 1.75],
    ['1,75', 1.75],
    ['-0,5', -0.5],
    ['−1.5', -1.5],
    [' \u00a0+2 ', 2],
    ['.5', 0.5],
    [',5', 0.5],
    ['2.', 2],
    ['0,125', 0.125],
    ['1.234', 1.234],
    ['1234,567', 1234.567],
    ['1,2345', 1.2345],
    ['1e-3', 0.001],
    ['1e−3', 0.001],
    ['-0', 0],
  ])('reads “%s”', (text, value) => {
    expect(parse(text)).toEqual({ value });
  });

  it.each(['1,234', '-12,345', '1.234,5', '1,234.5', '1.234.567', '1,234,567', '1,,5'])(
    'refuses “%s”, which may part thousands',
    (text) => {
      expect(parse(text)).toEqual({ reason: expect.stringContaining('can be read in two ways') });
    },
  );

  it.each<[string, string]>([
    ['', 'A number is needed.'],
    ['  ', 'A number is needed.'],
    ['NaN', 'is no number'],
    ['Infinity', 'is no number'],
    ['1 234', 'is no number'],
    ['0x10', 'is no number'],
    ['--1', 'is no number'],
    ['.', 'is no number'],
    ['1²', 'is no number'],
    ['x'.repeat(500), '“xxxxxxxxxxxxxxxxxxxx…” is no number'],
    ['1e308', 'It must be at most 1000000.'],
    ['-1e999', 'It must be at least -1000000.'],
  ])('refuses “%s”', (text, reason) => {
    expect(parse(text)).toEqual({ reason: expect.stringContaining(reason) });
  });

  it('takes each bound, and refuses what lies beyond', () => {
    const topP = { min: 0, excludesMin: true, max: 1 };
    expect(parse('1', topP)).toEqual({ value: 1 });
    expect(parse('0', topP)).toEqual({ reason: 'It must be more than 0.' });
    expect(parse('1.0001', topP)).toEqual({ reason: 'It must be at most 1.' });
    const seed = { min: 0, max: limits.seed, isWhole: true };
    expect(parse(String(limits.seed), seed)).toEqual({ value: limits.seed });
    expect(parse('9007199254740992', seed)).toEqual({ reason: 'It must be at most 9007199254740991.' });
    expect(parse('1.5', seed)).toEqual({ reason: 'It must be a whole number.' });
    expect(parse('-1', seed)).toEqual({ reason: 'It must be at least 0.' });
    const dial = { min: -limits.coefficient, max: limits.coefficient };
    expect(parse('1e308', dial)).toEqual({ reason: 'It must be at most 3.40e+38.' });
    expect(checkNumber(NaN, dial)).toEqual({ reason: 'It must be a number.' });
  });
});

describe('writeNumber', () => {
  it('has as many digits as asked for, or all that it takes to show this very number', () => {
    expect(writeNumber(1.5, 2)).toBe('1.50');
    expect(writeNumber(0, 2)).toBe('0.00');
    expect(writeNumber(1.7512, 2)).toBe('1.7512');
    expect(writeNumber(0.7)).toBe('0.7');
    expect(writeNumber(limits.seed)).toBe('9007199254740991');
    expect(writeNumber(1e30, 2)).toBe('1e+30');
  });

  it('is read as the same number', () => {
    fc.assert(
      fc.property(
        fc.double({ noNaN: true, noDefaultInfinity: true }),
        fc.integer({ min: 0, max: 3 }),
        (value, digits) => {
          const bounds = { min: -Infinity, max: Infinity };
          expect(parseNumber(writeNumber(value, digits), bounds)).toEqual({ value: value === 0 ? 0 : value });
        },
      ),
      { seed: 3 },
    );
  });
});
