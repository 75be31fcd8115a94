import { expect, test } from 'vitest';
import type { ResolvedIntervention } from '../../../src/lib/engine/intervention';
import { planSteps } from '../../../src/lib/taps/plan';

const base = { positions: 'all' as const, coefficient: 1, floor: -Infinity, ceiling: Infinity };
const at = (...entries: [number, number[]][]) => new Map(entries.map(([layer, v]) => [layer, Float32Array.from(v)]));
const add = (
  coefficient: number,
  vectors: Map<number, Float32Array>,
  positions: ResolvedIntervention['positions'] = 'all',
) => ({ ...base, kind: 'addition', coefficient, vectors, positions }) satisfies ResolvedIntervention;

test('neighbouring additions at the same positions are one step a layer', () => {
  const steps = planSteps([add(2, at([0, [1, 0]], [1, [1, 1]])), add(-1, at([1, [0, 3]]))], 2);
  expect(steps.map(({ layer, vector }) => [layer, [...vector]])).toEqual([
    [0, [2, 0]],
    [1, [2, -1]],
  ]);
});

test('additions at other positions, or with a cap between them, stay apart and in order', () => {
  const cap: ResolvedIntervention = { ...base, kind: 'capping', floor: 1, vectors: at([0, [3, 4]]) };
  const steps = planSteps(
    [add(1, at([0, [1, 0]])), add(1, at([0, [0, 1]]), 'response'), cap, add(1, at([0, [5, 5]]))],
    2,
  );
  expect(steps.map(({ kind, positions }) => `${kind} ${positions}`)).toEqual([
    'addition all',
    'addition response',
    'capping all',
    'addition all',
  ]);
});

test('projective kinds get a unit vector and finite bounds', () => {
  const [step] = planSteps([{ ...base, kind: 'capping', floor: 0.5, vectors: at([2, [3, 4]]) }], 2);
  expect(step).toMatchObject({ kind: 'capping', layer: 2, lowest: 0.5 });
  expect([...step!.vector].map((x) => Number(x.toFixed(6)))).toEqual([0.6, 0.8]);
  expect(Number.isFinite((step as { highest: number }).highest)).toBe(true);
});

test('idle interventions give no step; a cap is never idle', () => {
  expect(planSteps([add(0, at([0, [1, 1]])), add(0, at([1, [1, 1]]))], 2)).toEqual([]);
  expect(
    planSteps([{ ...base, kind: 'ablation', floor: 0, ceiling: 0, coefficient: 0, vectors: at([0, [1, 1]]) }], 2),
  ).toHaveLength(1);
});
