/** A cell asks each question once, under its system prompt, steered, with a seed of its own. */
import { expect, it } from 'vitest';
import { measureCell, type Trials } from '../../../src/lib/extract/trial';
import { dModel, nLayers, SyntheticEngine } from './synthetic-engine';

const steering = { mode: 'direct' as const, layers: [1] };
const vector = new Float64Array(nLayers * dModel).fill(1);

function trialsOn(engine: SyntheticEngine): Trials {
  return {
    engine,
    judge: { kind: 'classifier', score: async ({ text }) => (text.includes('two') ? 1 : -1) },
    coherence: { limit: null, isCoherent: async ({ system, toward }) => system !== 'b' && toward === 'negative' },
    ...{ temperature: 0.7, maxTokens: 8, seed: 10 },
  };
}

it('takes the system prompts in turn, and none where there are none', async () => {
  const engine = new SyntheticEngine({ meanFor: () => vector, noise: 0 });
  const trials = trialsOn(engine);
  const cell = await measureCell({ ...trials, systems: ['a', 'b'] }, vector, steering, -0.5, ['one', 'two', 'three']);
  const systems = engine.requests.map(({ messages }) => messages.find(({ role }) => role === 'system')?.content);
  expect(systems).toEqual(['a', 'b', 'a']);
  expect(engine.requests.map(({ sampling }) => sampling.seed)).toEqual([10, 11, 12]);
  expect(engine.requests[0]!.interventions[0]!.coefficient).toBe(-0.5);
  expect(cell.expression).toMatchObject({ rate: 1 / 3, n: 3 });
  expect(cell.coherence.rate).toBe(2 / 3);
  // The one that shows it was asked under 'b', where none is coherent.
  expect(cell.both.rate).toBe(0);

  engine.requests.length = 0;
  await measureCell(trials, vector, steering, 0, ['one']);
  expect(engine.requests[0]!.messages.map(({ role }) => role)).toEqual(['user']);
  expect(engine.requests[0]!.interventions).toEqual([]);
});
