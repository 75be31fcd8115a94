/** Rows of the table and what they are made of. */
import { proportionOf, type Proportion } from '../../src/lib/maths/proportion';
import { judgeRow, type Quantity, type Row } from '../../src/lib/science/report';
import type { Interval } from '../../src/lib/maths/stats';

type Extras = Partial<Omit<Quantity, 'label' | 'value'>>;

/** A share of independent trials, Wilson's interval. */
export function share(label: string, hits: readonly boolean[] | Proportion, extras: Extras = {}): Quantity {
  const { rate, low, high, n } = 'rate' in hits ? hits : proportionOf(hits);
  return { label, value: rate, interval: [low, high], n, ...extras };
}

/** An interval of no width is none: resamples that do not vary cannot tell how sure the value is. */
export function number(
  label: string,
  value: number,
  interval: Interval | null,
  n: number | null,
  extras: Extras = {},
): Quantity {
  const known = interval && interval.low < interval.high;
  return { label, value, interval: known ? [interval.low, interval.high] : null, n, ...extras };
}

type Given = Pick<Row, 'claim' | 'what' | 'figure'> & Partial<Row>;

export function row(given: Given): Row {
  const measured = { model: 'ASSISTANT' as const, beside: [], controls: [], published: null, note: null, ...given };
  return { ...measured, verdict: judgeRow(measured) };
}

/** A count of items that pass, as wide as what they would be at either end of their intervals. */
export function countOf(label: string, items: readonly Row[], extras: Extras = {}): Quantity {
  const passing = (end: 0 | 1) => items.filter((item) => passesAt(item, end)).length;
  const value = items.filter(({ verdict }) => verdict === 'met').length;
  return { label, value, interval: [passing(0), passing(1)], n: items.length, digits: 0, ...extras };
}

/** Whether all limits hold with every quantity at the worse (0) or better (1) end of its interval. */
function passesAt(item: Row, end: 0 | 1): boolean {
  return [item.figure, ...item.beside, ...item.controls].every(
    ({ value, interval, atLeast = -Infinity, atMost = Infinity }) => {
      const [low, high] = interval ?? [value, value];
      return end === 1 ? high >= atLeast && low <= atMost : low >= atLeast && high <= atMost;
    },
  );
}

/** `count` of the items, evenly spread; all of them for null. */
export function spread<T>(items: readonly T[], count: number | null): T[] {
  if (count === null || count >= items.length) return [...items];
  return Array.from({ length: count }, (_, i) => items[Math.floor((i * items.length) / count)]!);
}
