/** What the dials are in units of the residual stream: scales, doses, and the cap's floors. */
import type { Intervention } from '../engine/intervention';
import type { PersonaEntry, PersonaSpace } from './persona-space';
import { assistantAxis, axisProbe, messageAxis } from './position';

export interface DialScale {
  /** Where coefficients stand on the track, in percent of its full scale, ascending; straight lines in between. */
  knots: readonly { position: number; coefficient: number }[];
  /** Of the typed number. */
  step: number;
  /** Ends of the calibrated coherent zone; null: not calibrated. */
  coherent: { negative: number; positive: number } | null;
}

/** The track goes on beyond full scale, hatched. */
const trackEnd = 133;

/**
 * Full scale, 100 either way, is the coherent limit, and the middle of the positive side is the onset of the trait: the response is so
 * steep that half of the limit would show nothing. An onset near either end would leave half of the track to next to nothing, and the
 * scale is even. A side with no coherent step is as long as the other. When nothing was calibrated, the scale is even and ends at 2
 * either way, or farther if 2 would be a dose of less than 0.2: files hold unit vectors too.
 *
 * @param onset coefficient from which half of the replies show the trait; null: not known
 * @param doseAtOne relative dose of coefficient 1; null: not known
 */
export function dialScale(
  coherentUpTo: { negative: number; positive: number } | null,
  { onset = null, doseAtOne = null }: { onset?: number | null; doseAtOne?: number | null } = {},
): DialScale {
  if (!coherentUpTo) {
    const end = !doseAtOne || doseAtOne >= 0.1 ? 2 : 2 * 10 ** Math.ceil(Math.log10(0.1 / doseAtOne));
    return { knots: [-1, 1].map((side) => knot(100 * side, end * side)), step: end / 40, coherent: null };
  }
  const { negative, positive } = coherentUpTo;
  const up = positive || -negative || 0.5;
  const down = -negative || up;
  const bends = onset !== null && onset > 0.2 * positive && onset < 0.9 * positive;
  return {
    knots: [
      knot(-trackEnd, (-down * trackEnd) / 100),
      knot(-100, -down),
      knot(0, 0),
      ...(bends ? [knot(50, onset)] : []),
      knot(100, up),
      knot(trackEnd, (up * trackEnd) / 100),
    ],
    step: Math.min(down, up) < 0.5 ? 0.005 : 0.05,
    coherent: coherentUpTo,
  };
}

const knot = (position: number, coefficient: number) => ({ position, coefficient });

/** Percent of full scale; what lies beyond the track stands at its end. */
export function positionOf({ knots }: DialScale, coefficient: number): number {
  return interpolate(knots, coefficient, 'coefficient', 'position');
}

export function coefficientAt({ knots }: DialScale, position: number): number {
  return interpolate(knots, position, 'position', 'coefficient');
}

type Axis = keyof DialScale['knots'][number];
function interpolate(knots: DialScale['knots'], x: number, from: Axis, to: Axis): number {
  const below = knots.findLastIndex((knot) => knot[from] <= x);
  const i = Math.max(0, Math.min(knots.length - 2, below));
  const [a, b] = [knots[i]!, knots[i + 1]!];
  const share = Math.max(0, Math.min(1, (x - a[from]) / (b[from] - a[from])));
  return a[to] + share * (b[to] - a[to]);
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

/**
 * The axis that the dial adds and the cap keeps above its floors: where the persona is read off the user's message, the axis as it is
 * there, for along the one of replies the point moves and the words stay.
 */
export function steeredAxis({ cap }: Pick<PersonaSpace, 'cap'>): string {
  return (cap.positions === 'message' ? messageAxis : assistantAxis).name;
}

/**
 * One capping a layer: the shipped floors, moved by as much as the threshold was, in proportion to the axes. Where those lie along the
 * axis of messages, which decides the words, one more keeps the replies above the threshold: it is on the Assistant Axis, as their place is.
 *
 * @param threshold a place on the Assistant Axis at the target layer
 */
export function capInterventions(space: PersonaSpace, threshold: number): Intervention[] {
  const { cap, axis, targetLayer } = space;
  const moved = (threshold - cap.threshold) / axis.norm[targetLayer]!;
  const floors = cap.layers.map((layer): Intervention => {
    return {
      kind: 'capping',
      vector: steeredAxis(space),
      layers: [layer],
      floor: cap.floor[layer]! + moved * cap.norm[layer]!,
    };
  });
  if (cap.positions === 'response') return floors;
  const floor = threshold + axis.centre[targetLayer]!;
  return [...floors, { kind: 'capping', vector: axisProbe, layers: [targetLayer], positions: 'response', floor }];
}

/** The threshold that `capInterventions` made the cap among these from; null if there is none, or another one than it makes. */
export function capThresholdOf(interventions: readonly Intervention[], space: PersonaSpace): number | null {
  const caps = interventions.filter((intervention) => isCap(intervention, space));
  const [layer, floor] = [caps[0]?.layers?.[0], caps[0]?.floor];
  if (layer === undefined || floor === undefined || !space.cap.layers.includes(layer)) return null;
  const moved = (floor - space.cap.floor[layer]!) / space.cap.norm[layer]!;
  const threshold = space.cap.threshold + moved * space.axis.norm[space.targetLayer]!;
  const made = capInterventions(space, threshold);
  const isMade = (cap: Intervention, i: number) =>
    made[i] && isAtSamePlace(cap, made[i]) && Math.abs((cap.floor ?? NaN) - made[i].floor!) < 1e-6;
  return caps.length === made.length && caps.every(isMade) ? threshold : null;
}

/** Whether it caps what the cap's switch does. */
export function isCap(intervention: Intervention, space: PersonaSpace): boolean {
  return capInterventions(space, space.cap.threshold).some((made) => isAtSamePlace(intervention, made));
}

function isAtSamePlace(one: Intervention, other: Intervention): boolean {
  const place = ({ kind, vector, layers, positions }: Intervention) =>
    JSON.stringify([kind, vector, layers, positions ?? 'all']);
  return place(one) === place(other);
}
