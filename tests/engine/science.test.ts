/** The science suite on the embedded checkpoints, all claims, with the fewest replies that each can be measured on. */
import { afterAll, expect, test, vi } from 'vitest';
import { claims, measureClaims } from '../../organism/science';
import { Lab } from '../../organism/science/lab';
import { small, type ScienceSettings } from '../../organism/science/settings';

const settings: ScienceSettings = {
  ...small,
  ...{ maxTokens: 4, ordinary: 1, definitions: 1, chats: 1, visitors: 1, harms: 1, coins: 1, dial: 0 },
  ...{ shuffledSamples: 2, heldOut: 1, opposedHeldOut: 1, opposedControls: 1 },
  jailbreaks: { prompts: 1, requests: 1, controls: 1, definitions: 1, ordinary: 1 },
  drift: { conversations: 1, turns: 1 },
  identity: { questions: 1, scale: [0, 1], controls: 1 },
};
const lab = await Lab.open(settings);
afterAll(() => lab.close());

test('every claim is measured, and the table is what the page can show', { timeout: 300_000 }, async () => {
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
