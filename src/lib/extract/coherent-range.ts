/** How far a dial may go: outward in steps, either way, until coherence breaks. */
import { coherentShare, largestKl, meanKl } from './coherence';
import type { Proportion } from '../maths/proportion';
import { additionOf, measureCell, type Steering, type Trials } from './trial';

/** Steps of the coefficient. */
export const calibrationGrid = [0.1, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 1.25, 1.5, 1.75, 2, 2.5, 3] as const;

export interface CalibrationPoint {
  coefficient: number;
  /** Share of replies that are coherent. */
  coherence: Proportion;
  /** KL from the unsteered next-token distribution, nats, at least. */
  kl: number;
  holds: boolean;
}

export interface CoherentRange {
  /** Coefficients, negative and positive, up to which coherence holds; 0 if not even the first step does. */
  coherentUpTo: { negative: number; positive: number };
  /** Positive coefficient from which half of the replies show the trait, by a straight line between two that hold; null: none. */
  onset: number | null;
  points: CalibrationPoint[];
}

/**
 * @param vector (nLayers, dModel)
 * @param unsteered share of replies that show the trait at 0; where half do, there is no onset
 */
export async function findCoherentRange(
  trials: Trials,
  vector: Float64Array,
  steering: Steering,
  questions: readonly string[],
  { grid = calibrationGrid, unsteered = 0 }: { grid?: readonly number[]; unsteered?: number } = {},
): Promise<CoherentRange> {
  const { engine, coherence, signal } = trials;
  const points: CalibrationPoint[] = [];
  let onset: number | null = null;
  const walk = async (sign: 1 | -1) => {
    let reached = 0;
    let shown = unsteered;
    for (const step of grid) {
      const coefficient = sign * step;
      const cell = await measureCell(trials, vector, steering, coefficient, questions);
      const addition = additionOf(vector, steering, engine.info.dModel, coefficient);
      const kl = await meanKl(engine, questions.slice(0, 4), [addition], signal);
      const isCalm = coherence.limit !== null || kl <= largestKl;
      const holds = cell.coherence.rate >= coherentShare && isCalm;
      points.push({ coefficient, coherence: cell.coherence, kl, holds });
      if (!holds) break;
      const { rate } = cell.expression;
      if (sign === 1 && unsteered < 0.5 && rate >= 0.5)
        onset ??= reached + ((step - reached) * (0.5 - shown)) / (rate - shown);
      reached = step;
      shown = rate;
    }
    return reached;
  };
  const positive = await walk(1);
  const negative = await walk(-1);
  points.sort((a, b) => a.coefficient - b.coefficient);
  return { coherentUpTo: { negative: negative === 0 ? 0 : -negative, positive }, onset, points };
}
