/** What the page shows and sends of a model is that model's own, whatever was loaded before it. */
import { expect, it } from 'vitest';
import { Dials } from '../../../src/lib/state/dials.svelte';
import { firstSteps } from '../../../src/lib/state/first-steps';
import { smallSpace } from '../personas/small-space';

const page = () => {
  const space = smallSpace();
  const model = {
    info: { id: 'assistant' },
    space: space as ReturnType<typeof smallSpace> | null,
    personas: space.personas,
  };
  return { model, dials: new Dials(model) };
};

it('a cap that was moved on one model begins at its own mark on another, and is where it was on the first', () => {
  const { model, dials } = page();
  dials.setCap(true, 2.5);
  expect(dials.capThreshold).toBe(2.5);
  const other = smallSpace();
  other.cap.threshold = 40;
  Object.assign(model, { info: { id: 'other' }, space: other });
  expect(dials.capThreshold).toBe(40);
  expect(dials.interventions().map(({ floor }) => floor)).toEqual([2, 3]);
  const before = dials.memento();
  dials.setCap(false);
  dials.recall(before);
  Object.assign(model, { info: { id: 'assistant' }, space: smallSpace() });
  expect(dials.capThreshold).toBe(2.5);
});

it('a model without a space is steered by none of the dials that stand from before', () => {
  const { model, dials } = page();
  dials.set('pirate', 1.25);
  dials.setCap(true, 2.5);
  Object.assign(model, { info: { id: 'base' }, space: null, personas: [] });
  expect(dials.interventions()).toEqual([]);
});

it('the first screen offers what the model can do', () => {
  const { personas } = page().model;
  const titles = (model: Parameters<typeof firstSteps>[0]) => firstSteps(model).map(({ title }) => title);
  const [pirate, demon, cap] = ['Make it a pirate', 'Ask for a demon', 'Hold it with the cap'];
  expect(titles(null)).toEqual([pirate, demon, cap]);
  expect(titles({ personas, space: smallSpace() })).toEqual([pirate, demon, cap]);
  expect(titles({ personas: personas.slice(1), space: smallSpace() })).toEqual([demon, cap]);
  const base = firstSteps({ personas: [], space: null });
  expect(base.map(({ title }) => title)).toEqual([demon]);
  expect(base[0]!.text).not.toContain('comet');
  // Nine tenths of what is coherent, in steps of a twentieth; of a vector that was made here, too.
  expect(firstSteps({ personas, space: null })[0]!.pirate).toBe(1.35);
});
