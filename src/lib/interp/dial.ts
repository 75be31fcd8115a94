/** What the dials are in units of the residual stream: scales, doses, and the cap's floors. */
import type { Intervention } from './intervention';
import type { PersonaEntry, PersonaSpace } from './persona-space';
import { axisProbe } from './position';

export interface DialScale {
  /** Ends of the track. */
  minimum: number;
  maximum: number;
  /** Of the keys and of the typed number. */
  step: number;
  /** Ends of the calibrated coherent zone; null: not calibrated. */
  coherent: { negative: number; positive: number } | null;
}

/**
 * As long to either side, so that the zeros of all dials stand in one column; a quarter of the longer side lies beyond the
 * coherent limit. When nothing was calibrated, 2 either way, or farther if 2 would be a dose of less than 0.2: files hold
 * unit vectors too.
 *
 * @param doseAtOne relative dose of coefficient 1; null: not known
 */
export function dialScale(
  coherentUpTo: { negative: number; positive: number } | null,
  doseAtOne: number | null = null,
): DialScale {
  const step = 0.05;
  if (!coherentUpTo) {
    if (!doseAtOne || doseAtOne >= 0.1) return { minimum: -2, maximum: 2, step, coherent: null };
    const end = 2 * 10 ** Math.ceil(Math.log10(0.1 / doseAtOne));
    return { minimum: -end, maximum: end, step: end / 40, coherent: null };
  }
  const negative = Math.abs(coherentUpTo.negative);
  const positive = Math.abs(coherentUpTo.positive);
  const end = Math.max(0.5, Math.ceil((Math.max(negative, positive) / 0.75) * 20) / 20);
  return { minimum: -end, maximum: end, step, coherent: { negative: -negative, positive } };
}

/**
 * |c v| / mean |h|, the largest over the layers steered. Published small-model results peak near 0.10 and collapse beyond about 0.20.
 * Null where the norms are not known. Increments sum to c v, so their dose is that of the last layer they reach.
 */
export function relativeDose(
  coefficient: number,
  norm: number[] | undefined,
  layers: number[],
  residualNorm: number[],
): number | null {
  const doses = layers
    .filter((layer) => norm?.[layer] !== undefined && residualNorm[layer])
    .map((layer) => (Math.abs(coefficient) * norm![layer]!) / residualNorm[layer]!);
  return doses.length ? Math.max(...doses) : null;
}

/** @param residualNorm mean |h| per layer */
export function personaDose(coefficient: number, persona: PersonaEntry, residualNorm: number[]): number | null {
  return relativeDose(coefficient, persona.norm, persona.steering.layers, residualNorm);
}

/** The shipped floor as a place on the axis at the target layer. */
export function defaultCapThreshold(space: PersonaSpace): number {
  const target = space.targetLayer;
  const floors = space.cap.layers
    .filter((layer) => space.cap.floor[layer] !== undefined)
    .map((layer) => ({ layer, place: space.cap.floor[layer]! - (space.axis.centre[layer] ?? 0) }));
  const atTarget = floors.find(({ layer }) => layer === target);
  if (atTarget) return atTarget.place;
  if (floors.length === 0) return 0;
  const scale = (layer: number) => (space.axis.norm[target] ?? 1) / (space.axis.norm[layer] || 1);
  return floors.reduce((sum, { layer, place }) => sum + place * scale(layer), 0) / floors.length;
}

/** One capping a layer: the shipped floors, moved by as much as the threshold was, in proportion to the axis at that layer. */
export function capInterventions(space: PersonaSpace, threshold: number): Intervention[] {
  const moved = threshold - defaultCapThreshold(space);
  const targetNorm = space.axis.norm[space.targetLayer] || 1;
  return space.cap.layers.map((layer) => ({
    kind: 'capping',
    vector: axisProbe,
    layers: [layer],
    floor:
      (space.cap.floor[layer] ?? space.axis.centre[layer] ?? 0) +
      (moved * (space.axis.norm[layer] ?? targetNorm)) / targetNorm,
  }));
}

/** The threshold that `capInterventions` would have made these from; null if there is no cap among them. */
export function capThresholdOf(interventions: readonly Intervention[], space: PersonaSpace): number | null {
  const cap = interventions.find(({ kind, vector }) => kind === 'capping' && vector === axisProbe);
  const layer = cap?.layers?.[0];
  if (cap?.floor === undefined || layer === undefined) return null;
  const targetNorm = space.axis.norm[space.targetLayer] || 1;
  const shipped = space.cap.floor[layer] ?? space.axis.centre[layer] ?? 0;
  return defaultCapThreshold(space) + ((cap.floor - shipped) * targetNorm) / (space.axis.norm[layer] ?? targetNorm);
}
