/** The science suite on the embedded checkpoints, all claims, with the fewest replies that each can be measured on. */
import { afterAll, expect, test, vi } from 'vitest';
import { claims, measureClaims } from '../../organism/science';
import { Lab } from '../../organism/science/lab';
import { small } from '../../organism/science/settings';

const settings = { ...small, maxTokens: 4 };
const lab = await Lab.open(settings);
afterAll(() => lab.close());

test('every claim is measured, and the table is what the page can show', async () => {
  vi.spyOn(console, 'log').mockImplementation(() => {});
  const { rows, models, machine } = await measureClaims(lab, settings, claims);
  vi.restoreAllMocks();

  expect([...new Set(rows.map(({ claim }) => claim))]).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13]);
  expect(models.map(({ id }) => id)).toEqual(['organism-assistant', 'organism-base']);
  expect(models[0]!.digest).toBe(lab.space.modelDigest);
  expect(machine.gpu).not.toBe('');
  for (const { what, figure, beside, controls } of rows) {
    for (const { label, value, interval } of [figure, ...beside, ...controls]) {
      expect(value, `${what}: ${label}`).toBeTypeOf('number');
      if (interval) expect(interval[0], `${what}: ${label}`).toBeLessThanOrEqual(interval[1]);
    }
  }
  // What needs no reply is the model's own: the axis of the shipped means agrees with what shipped beside it.
  const cosine = rows.find(({ what }) => what.startsWith('|cos(axis, PC1)|'))!;
  expect(cosine.figure.value).toBeCloseTo(Math.abs(lab.space.pca.cosPc1Axis), 3);
});
