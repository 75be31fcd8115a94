/** Statistics of samples of numbers. */
import type { Numbers } from './linear';
import { Random } from './random';

export function mean(values: Numbers): number {
  if (values.length === 0) throw new RangeError('mean of no values');
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]!;
  return sum / values.length;
}

/** Of a sample (n - 1); 0 for one value. */
export function standardDeviation(values: Numbers): number {
  const centre = mean(values);
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += (values[i]! - centre) ** 2;
  return values.length === 1 ? 0 : Math.sqrt(sum / (values.length - 1));
}

/** Type 7 of Hyndman and Fan 1996, the default of R and NumPy. `p` in [0, 1]. */
export function quantile(values: Numbers, p: number): number {
  if (values.length === 0) throw new RangeError('quantile of no values');
  if (!(p >= 0 && p <= 1)) throw new RangeError(`quantile at ${p}`);
  const sorted = Float64Array.from(values).sort();
  const position = (sorted.length - 1) * p;
  const below = Math.floor(position);
  const low = sorted[below]!;
  const high = sorted[Math.min(below + 1, sorted.length - 1)]!;
  return low + (high - low) * (position - below);
}

/**
 * Area under the ROC curve: the probability that a positive's score exceeds a negative's, a tie counting one half
 * (Mann and Whitney's U over the number of pairs). 0.5 is chance.
 */
export function auroc(positives: Numbers, negatives: Numbers): number {
  if (positives.length === 0 || negatives.length === 0) throw new RangeError('AUROC needs scores of both kinds');
  const sorted = Float64Array.from(negatives).sort();
  let wins = 0;
  for (let i = 0; i < positives.length; i++) {
    wins += (countBelow(sorted, positives[i]!, false) + countBelow(sorted, positives[i]!, true)) / 2;
  }
  return wins / (positives.length * sorted.length);
}

/** How many of the ascending values are less than x (or equal to it, if `orEqual`). */
function countBelow(sorted: Float64Array, x: number, orEqual: boolean): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sorted[middle]! < x || (orEqual && sorted[middle]! === x)) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Difference of means over the pooled standard deviation (Cohen 1988). Infinite if neither sample varies but they differ. */
export function cohensD(a: Numbers, b: Numbers): number {
  if (a.length < 2 || b.length < 2) throw new RangeError("Cohen's d needs two values of each kind");
  const difference = mean(a) - mean(b);
  const sumOfSquares = (a.length - 1) * standardDeviation(a) ** 2 + (b.length - 1) * standardDeviation(b) ** 2;
  return difference === 0 ? 0 : difference / Math.sqrt(sumOfSquares / (a.length + b.length - 2));
}

/** Pearson's correlation; NaN where one side does not vary. */
export function pearson(x: Numbers, y: Numbers): number {
  if (x.length !== y.length) throw new RangeError(`${x.length} values against ${y.length}`);
  const [meanX, meanY] = [mean(x), mean(y)];
  let [xx, yy, xy] = [0, 0, 0];
  for (let i = 0; i < x.length; i++) {
    const [dx, dy] = [x[i]! - meanX, y[i]! - meanY];
    xx += dx * dx;
    yy += dy * dy;
    xy += dx * dy;
  }
  return xy / Math.sqrt(xx * yy);
}

export interface Interval {
  low: number;
  high: number;
}

/**
 * Percentile bootstrap (Efron 1979): the statistic's central `level` range over resamples of the items (questions,
 * replies) with replacement.
 */
export function bootstrapInterval<T>(
  items: readonly T[],
  statistic: (resample: readonly T[]) => number,
  { seed = 0, resamples = 2000, level = 0.95 } = {},
): Interval {
  if (items.length === 0) throw new RangeError('bootstrap of no items');
  const random = new Random(seed);
  const values = Float64Array.from({ length: resamples }, () =>
    statistic(items.map(() => items[random.integer(items.length)]!)),
  );
  return { low: quantile(values, (1 - level) / 2), high: quantile(values, (1 + level) / 2) };
}

/**
 * 95% interval from the jackknife's standard error (Tukey 1958): the statistic with each item left out in turn. For what a
 * resample with replacement would distort, such as shares of variance, which equal items raise.
 */
export function jackknifeInterval<T>(items: readonly T[], statistic: (some: readonly T[]) => number): Interval {
  const n = items.length;
  if (n < 2) throw new RangeError('jackknife of fewer than two items');
  const values = items.map((_, left) => statistic(items.filter((_item, i) => i !== left)));
  const centre = mean(values);
  const error = Math.sqrt(((n - 1) / n) * values.reduce((sum, value) => sum + (value - centre) ** 2, 0));
  const whole = statistic(items);
  return { low: whole - 1.96 * error, high: whole + 1.96 * error };
}

/**
 * Two-sample permutation test (Fisher 1935; Phipson and Smyth 2010 for the one that is added): the share of random
 * relabellings whose difference of means is at least as large as that of a over b, and where 95% of them fall.
 */
export function permutationTest(a: readonly number[], b: readonly number[], { seed = 0, permutations = 2000 } = {}) {
  const random = new Random(seed);
  const differenceOf = (values: readonly number[]) => mean(values.slice(0, a.length)) - mean(values.slice(a.length));
  const all = [...a, ...b];
  const difference = differenceOf(all);
  const chance = Float64Array.from({ length: permutations }, () => differenceOf(random.shuffle(all)));
  const asLarge = chance.filter((value) => value >= difference).length;
  return {
    difference,
    p: (asLarge + 1) / (permutations + 1),
    chance: { low: quantile(chance, 0.025), high: quantile(chance, 0.975) },
  };
}
