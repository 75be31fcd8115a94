/** What rows are made of. */
import { describe, expect, it } from 'vitest';
import { proportion } from '../../../src/lib/maths/proportion';
import { headsShare } from '../../../organism/science/coin-flip';
import { logProbability } from '../../../src/lib/engine/sampling';
import { countOf, number, row, share, spread } from '../../../organism/science/rows';

describe('rows', () => {
  it('a share has Wilson’s interval', () => {
    const { value, interval, n } = share('right', [true, true, true, false]);
    const { low, high } = proportion(3, 4);
    expect({ value, interval, n }).toEqual({ value: 0.75, interval: [low, high], n: 4 });
  });

  it('resamples that do not vary give no interval', () => {
    expect(number('cut', 1, { low: 1, high: 1 }, 36).interval).toBeNull();
    expect(number('cut', 0.9, { low: 0.8, high: 1 }, 36).interval).toEqual([0.8, 1]);
  });

  it('a count ranges from what passes at the worse ends to what passes at the better ones', () => {
    const at = (value: number, low: number, high: number) =>
      row({ claim: 7, what: 'a trait', figure: { label: 'x', value, interval: [low, high], n: 9, atLeast: 0.8 } });
    const items = [at(0.9, 0.85, 0.95), at(0.85, 0.75, 0.9), at(0.7, 0.6, 0.82), at(0.1, 0, 0.3)];
    expect(countOf('traits', items)).toMatchObject({ value: 2, interval: [1, 3], n: 4, digits: 0 });
  });

  it('a limit above counts at the other end', () => {
    const control = { label: 'random', value: 0.04, interval: [0.01, 0.1] as [number, number], n: 9, atMost: 0.05 };
    const item = row({
      claim: 7,
      what: 'a trait',
      figure: { label: 'x', value: 1, interval: null, n: 9 },
      controls: [control],
    });
    expect(countOf('traits', [item])).toMatchObject({ value: 1, interval: [0, 1] });
  });

  it('spreads evenly, and gives all for null or too many', () => {
    expect(spread([0, 1, 2, 3, 4, 5], 3)).toEqual([0, 2, 4]);
    expect(spread([0, 1], null)).toEqual([0, 1]);
    expect(spread([0, 1], 5)).toEqual([0, 1]);
  });
});

describe('the coin', () => {
  it('is read from logits of any offset', () => {
    const logits = Float32Array.from([101, 102, 103]);
    const total = Math.exp(1) + Math.exp(2) + Math.exp(3);
    expect(logProbability(logits, 1)).toBeCloseTo(2 - Math.log(total), 5);
  });

  it('shares the probability between the two words alone', () => {
    expect(headsShare(Math.log(0.03), Math.log(0.01))).toBeCloseTo(0.75, 10);
    expect(headsShare(-900, -1_800)).toBe(1);
    expect(headsShare(-1_800, -900)).toBe(0);
  });
});
