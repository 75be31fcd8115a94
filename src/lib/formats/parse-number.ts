/**
 * A number as people type it. The point is the decimal point; a comma is one too ("1,75" is 1.75) unless it may part thousands:
 * "1,234" and "1.234,5" are refused, because what is meant differs from country to country by a factor of a thousand.
 */

import type { NumberBounds } from '../limits';

export type ParsedNumber = { value: number } | { /** A sentence. */ reason: string };

/** @returns the number within the bounds, or why there is none */
export function parseNumber(text: string, bounds: NumberBounds): ParsedNumber {
  const typed = text.trim();
  const plain = typed.replace(/^−/, '-').replace(/e−/i, 'e-');
  if (plain === '') return { reason: 'A number is needed.' };
  if (hasThousands(plain)) {
    return { reason: `“${shorten(typed)}” can be read in two ways: write it without a separator of thousands.` };
  }
  const decimal = plain.replace(',', '.');
  if (!/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(decimal)) return { reason: `“${shorten(typed)}” is no number.` };
  return checkNumber(Number(decimal), bounds);
}

/** @returns the number, -0 as 0, or why it is out of bounds */
export function checkNumber(value: number, { min, max, excludesMin, isWhole }: NumberBounds): ParsedNumber {
  if (Number.isNaN(value)) return { reason: 'It must be a number.' };
  if (value > max) return { reason: `It must be at most ${writeBound(max)}.` };
  if (excludesMin ? value <= min : value < min) {
    return { reason: `It must be ${excludesMin ? 'more than' : 'at least'} ${writeBound(min)}.` };
  }
  if (isWhole && !Number.isInteger(value)) return { reason: 'It must be a whole number.' };
  return { value: value === 0 ? 0 : value };
}

/**
 * A number with so many digits after the point, or with all it has where those would show another one.
 * @returns text that `parseNumber` reads as the same number
 */
export function writeNumber(value: number, digits = 0): string {
  const rounded = Math.abs(value) < 1e15 ? value.toFixed(digits) : String(value);
  return Number(rounded) === value ? rounded : String(value);
}

/** Two kinds of separators, one of them twice, or a single comma that three digits follow, as in 1,234: 0,125 and 1234,567 part no thousands. */
function hasThousands(text: string): boolean {
  return (text.match(/[.,]/g) ?? []).length > 1 || /^[+-]?[1-9]\d{0,2},\d{3}$/.test(text);
}

function writeBound(bound: number): string {
  return Math.abs(bound) < 1e16 ? String(bound) : bound.toPrecision(3);
}

function shorten(text: string): string {
  return text.length > 20 ? `${text.slice(0, 20)}…` : text;
}
