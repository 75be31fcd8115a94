/** Turns interventions into the kernel steps of each layer: the part of the taps that needs no GPU. */
import { isIdle, type Positions, type ResolvedIntervention } from '../engine/intervention';

export type Step = { layer: number; positions: Positions; vector: Float32Array } & (
  | { kind: 'addition' }
  /** `vector` has length 1. */
  | { kind: 'capping'; lowest: number; highest: number }
);

/** WGSL has no infinity to pass as a uniform; this bounds every f32 that a residual can hold. */
const LARGEST = 3.4e38;

/**
 * Interventions act in the order given. Neighbouring additions at the same positions are one step a layer: h + c1 v1 + c2 v2 is one vector, summed in f64.
 * Idle interventions give no step at all, so that with every coefficient at 0 the pass is the unsteered one, bit for bit.
 */
export function planSteps(interventions: ResolvedIntervention[], dModel: number): Step[] {
  const active = interventions.filter((intervention) => !isIdle(intervention));
  const steps: Step[] = [];
  for (let i = 0; i < active.length; i++) {
    const { kind, positions, vectors, floor, ceiling } = active[i]!;
    if (kind === 'addition') {
      const first = i;
      while (active[i + 1]?.kind === 'addition' && active[i + 1]?.positions === positions) i++;
      for (const [layer, vector] of sumAdditions(active.slice(first, i + 1), dModel)) {
        steps.push({ kind, layer, positions, vector });
      }
      continue;
    }
    for (const [layer, vector] of vectors) {
      const [lowest, highest] = [Math.max(floor, -LARGEST), Math.min(ceiling, LARGEST)];
      steps.push({ kind: 'capping', layer, positions, vector: normalise(vector), lowest, highest });
    }
  }
  return steps;
}

/** layer -> sum of coefficient * vector, summed in f64 */
function sumAdditions(additions: ResolvedIntervention[], dModel: number): Map<number, Float32Array> {
  const sums = new Map<number, Float64Array>();
  for (const { vectors, coefficient } of additions) {
    for (const [layer, vector] of vectors) {
      const sum = sums.get(layer) ?? new Float64Array(dModel);
      for (let i = 0; i < dModel; i++) sum[i]! += coefficient * vector[i]!;
      sums.set(layer, sum);
    }
  }
  return new Map([...sums].map(([layer, sum]) => [layer, Float32Array.from(sum)]));
}

function normalise(vector: Float32Array): Float32Array {
  const norm = Math.hypot(...vector);
  return vector.map((x) => x / norm);
}
