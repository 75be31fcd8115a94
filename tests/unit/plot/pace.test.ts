import { expect, it } from 'vitest';
import { Pace } from '../../../src/lib/plot/pace';

it('slow frames in a row are noticed, pauses are not, quick frames let go again', () => {
  const pace = new Pace();
  pace.frame(0, false);
  pace.frame(5000, true);
  pace.frame(5016, true);
  expect(pace.isSlow).toBe(false);
  for (let now = 6000; now < 7000; now += 120) pace.frame(now, true);
  expect(pace.isSlow).toBe(true);
  for (let now = 7000; now < 7400; now += 16) pace.frame(now, true);
  expect(pace.isSlow).toBe(false);
});
