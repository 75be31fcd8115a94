import { expect, it } from 'vitest';
import { describeNearest } from '../../../src/lib/state/describe-nearest';
import { Reply } from '../../../src/lib/state/reply.svelte';
import { smallSpace } from '../personas/small-space';

const space = smallSpace();
/** A reply whose mean lies there. */
function turn(axis: number, pc: [number, number, number], isWhole = true) {
  const start = { seed: 1, interventions: [], model: 'small', system: '' };
  const reply = new Reply({ ...start, sampling: { temperature: 0, topP: 1, maxTokens: 8 } });
  reply.positions = [{ axis, pc }];
  if (isWhole) reply.status = 'stop';
  return { reply, plain: null };
}

it('says who, how far, and in which units', () => {
  expect(describeNearest([turn(-2, [-3, 1, 1])], space)).toEqual({
    who: 'now nearest to: demon',
    far: expect.stringMatching(/^1\.0 away, \d+\.\d from the Assistant$/),
    units: expect.stringContaining('units of the residual stream at block 1'),
  });
  expect(describeNearest([turn(3, [2, 0, 0.5])], space)).toMatchObject({
    who: 'now nearest to: the Assistant',
    far: '0.5 away',
  });
});

it('is of the last reply that has ended: while one is written, nothing changes', () => {
  const before = describeNearest([turn(3, [2, 0, 0])], space);
  expect(describeNearest([turn(3, [2, 0, 0]), turn(-2, [-3, 1, 0], false)], space)).toEqual(before);
  expect(describeNearest([turn(3, [2, 0, 0]), turn(-2, [-3, 1, 0])], space)!.who).toContain('demon');
});

it('is nothing where nothing was read, or where the model has no space', () => {
  expect(describeNearest([], space)).toBeNull();
  expect(describeNearest([{ reply: null, plain: null }], space)).toBeNull();
  expect(describeNearest([turn(3, [2, 0, 0])], null)).toBeNull();
});
