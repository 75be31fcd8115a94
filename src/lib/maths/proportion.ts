/** Shares of independent trials. */
import type { Interval } from './stats';

export interface Proportion extends Interval {
  rate: number;
  n: number;
}

export const proportionOf = (hits: readonly boolean[]) => proportion(hits.filter(Boolean).length, hits.length);

/** 95% score interval (Wilson 1927), which stays honest at 0 of n and n of n, where resampling would give no width. */
export function proportion(hits: number, n: number): Proportion {
  if (n === 0) return { rate: 0, low: 0, high: 1, n };
  const z = 1.96;
  const rate = hits / n;
  const centre = (rate + z ** 2 / (2 * n)) / (1 + z ** 2 / n);
  const half = (z / (1 + z ** 2 / n)) * Math.sqrt((rate * (1 - rate)) / n + z ** 2 / (4 * n ** 2));
  return { rate, low: Math.max(0, centre - half), high: Math.min(1, centre + half), n };
}

/**
 * 95% interval of a share less another (Newcombe 1998, method 10, from Wilson's intervals). Of the same questions asked twice it is rather
 * too wide, since it takes the two for independent.
 */
export function differenceInterval(a: Proportion, b: Proportion): Interval {
  const difference = a.rate - b.rate;
  return {
    low: difference - Math.hypot(a.rate - a.low, b.high - b.rate),
    high: difference + Math.hypot(a.high - a.rate, b.rate - b.low),
  };
}
