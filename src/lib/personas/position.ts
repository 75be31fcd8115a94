/** Where readings put a token, a reply and a conversation in persona space. All at `space.targetLayer`, relative to the space's centre. */
import type { Probe } from '../engine/intervention';
import type { PersonaSpace } from './persona-space';

export type Point3 = [number, number, number];

export interface Position {
  /** <h - centre, u>, u = axis / |axis|: positive toward the Assistant. */
  axis: number;
  /** <h - pca.centre, component k>. */
  pc: Point3;
}

export interface NamedAxis {
  name: string;
  label: string;
  description: string;
}

export const axisProbe = 'assistant-axis';
const cause = 'Mean of the default Assistant minus the mean over roles';
export const assistantAxis: NamedAxis = {
  name: axisProbe,
  label: 'Assistant Axis',
  description: `${cause}: it points toward the Assistant.`,
};
export const messageAxis: NamedAxis = {
  name: 'cap-axis',
  label: 'Assistant Axis, in the message',
  description: `${cause}, over the words of the user's message: it points toward the Assistant.`,
};

/** Those that a space has: a cap that reads the user's message comes with an axis of messages. */
export function axesOf({ cap }: Pick<PersonaSpace, 'cap'>): NamedAxis[] {
  return cap.positions === 'message' ? [assistantAxis, messageAxis] : [assistantAxis];
}

/**
 * Where 0 on the axis is, for a reader. The Assistant is counted as one of them, so that its place and those of the roles sum to 0; the
 * components' zero is the mean of the roles alone.
 */
export function describeOrigin({ roles }: Pick<PersonaSpace, 'roles'>): string {
  return `0 is the mean of ${roles.length} ${roles.length === 1 ? 'role' : 'roles'} and the Assistant`;
}

const componentProbes = ['pc1', 'pc2', 'pc3'] as const;

/** What every reply of the page's conversation is read with. */
export function positionProbes(layer: number): Probe[] {
  return [axisProbe, ...componentProbes].map((name) => ({ name, vector: name, layers: [layer] }));
}

/** A reading <h, axis> as a place on the axis, in units of the residual stream. */
export function axisPosition(reading: number, space: PersonaSpace): number {
  const layer = space.targetLayer;
  return reading / (space.axis.norm[layer] ?? 1) - (space.axis.centre[layer] ?? 0);
}

interface ReadingValues {
  probe: string;
  phase: 'prompt' | 'response';
  values: number[];
}

/** The response's readings as places, one a token. A token counts once all four of its readings are there. */
export function positionsOf(readings: readonly ReadingValues[], space: PersonaSpace): Position[] {
  const values = (probe: string) =>
    readings
      .filter((reading) => reading.probe === probe && reading.phase === 'response')
      .flatMap((reading) => reading.values);
  const axis = values(axisProbe);
  const pc = componentProbes.map(values) as [number[], number[], number[]];
  const count = Math.min(axis.length, ...pc.map((component) => component.length));
  const centre = space.pca.centre;
  return Array.from({ length: count }, (_, token) => ({
    axis: axisPosition(axis[token]!, space),
    pc: pc.map((component, k) => component[token]! - centre[k]!) as Point3,
  }));
}

/** Mean over tokens; null for none. */
export function meanPosition(positions: readonly Position[]): Position | null {
  if (positions.length === 0) return null;
  const sum: Position = { axis: 0, pc: [0, 0, 0] };
  for (const { axis, pc } of positions) {
    sum.axis += axis;
    for (let k = 0; k < 3; k++) sum.pc[k]! += pc[k]!;
  }
  return { axis: sum.axis / positions.length, pc: sum.pc.map((value) => value / positions.length) as Point3 };
}

/** Means of fewer tokens jump about and tell little. */
const fewest = 4;

/** Mean over the first 4, 5, … tokens: how a reply's place settles while it is written. */
export function runningMeans(positions: readonly Position[]): Position[] {
  const means: Position[] = [];
  let axis = 0;
  const pc: Point3 = [0, 0, 0];
  positions.forEach((position, index) => {
    axis += position.axis;
    for (let k = 0; k < 3; k++) pc[k]! += position.pc[k]!;
    means.push({ axis: axis / (index + 1), pc: pc.map((value) => value / (index + 1)) as Point3 });
  });
  return means.slice(fewest - 1);
}

/** Half width of the 95% interval of a mean over tokens taken as independent; null for fewer than two. */
export function meanHalfWidth(values: readonly number[]): number | null {
  const n = values.length;
  if (n < 2) return null;
  const mean = values.reduce((sum, value) => sum + value, 0) / n;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (n - 1);
  return 1.96 * Math.sqrt(variance / n);
}

/** The ends of the axis that the colours run between: the ordinary Assistant, and the role farthest from it. */
export function axisExtent(space: PersonaSpace): { assistant: number; elsewhere: number } {
  const roles = space.roles.map((role) => role.axis);
  return {
    assistant: Math.max(space.axis.assistant.mean, ...roles, Number.EPSILON),
    elsewhere: Math.min(...roles, -Number.EPSILON),
  };
}

/** A place on the axis as -1 (farthest from the Assistant) … 0 (centre) … 1 (the Assistant), kept inside. */
export function axisFraction(axis: number, extent: { assistant: number; elsewhere: number }): number {
  const fraction = axis >= 0 ? axis / extent.assistant : -axis / extent.elsewhere;
  return Math.max(-1, Math.min(1, fraction));
}

/**
 * The axis as a direction in PC space: <component k, u>. Over the roles, the rest of u is uncorrelated with the PC scores,
 * so least squares of each role's axis value on each component gives exactly that.
 */
export function axisDirection(space: PersonaSpace): Point3 {
  const n = Math.max(1, space.roles.length);
  const meanAxis = space.roles.reduce((sum, role) => sum + role.axis, 0) / n;
  return [0, 1, 2].map((k) => {
    const meanPc = space.roles.reduce((sum, role) => sum + role.pc[k]!, 0) / n;
    let covariance = 0;
    let variance = 0;
    for (const role of space.roles) {
      covariance += (role.pc[k]! - meanPc) * (role.axis - meanAxis);
      variance += (role.pc[k]! - meanPc) ** 2;
    }
    return variance > 0 ? covariance / variance : 0;
  }) as Point3;
}

/** The default Assistant's rank among the roles on the axis: 1 at the end that it points to. */
export function rankOnAxis(roles: readonly { axis: number }[], assistant: number): number {
  return roles.filter(({ axis }) => axis > assistant).length + 1;
}

/** The same on PC1, at the end that the axis points to; a role that is the Assistant too is no rival. */
export function rankOnPc1({ roles, pca }: Pick<PersonaSpace, 'roles' | 'pca'>): { rank: number; of: number } {
  const rivals = roles.filter(({ name }) => name !== 'assistant');
  return { rank: rivals.filter(({ pc }) => pc[0] > pca.assistant[0]).length + 1, of: rivals.length + 1 };
}

/** The role that a place is nearest to, `name` null for the default Assistant. Distances in units of the residual stream. */
export interface Nearest {
  name: string | null;
  label: string;
  distance: number;
  toAssistant: number;
}

/** Among the roles and the default Assistant, by the distance along all that is read: the axis and PC1 to 3. */
export function nearestRole(position: Position, space: PersonaSpace): Nearest {
  const direction = axisDirection(space);
  const toAssistant = distance(position, { axis: space.axis.assistant.mean, pc: space.pca.assistant }, direction);
  let nearest: Nearest = { name: null, label: 'Assistant', distance: toAssistant, toAssistant };
  for (const role of space.roles) {
    const away = distance(position, role, direction);
    if (away < nearest.distance) nearest = { name: role.name, label: role.label, distance: away, toAssistant };
  }
  return nearest;
}

/** The components are orthonormal; the axis counts by what of it lies beside them. @param direction <component k, u> */
function distance(a: Position, b: Position, direction: Point3): number {
  const across = a.pc.map((value, k) => value - b.pc[k]!);
  const within = across.reduce((sum, value, k) => sum + value * direction[k]!, 0);
  const beside = 1 - direction.reduce((sum, value) => sum + value ** 2, 0);
  const rest = beside > 1e-6 ? (a.axis - b.axis - within) / Math.sqrt(beside) : 0;
  return Math.hypot(...across, rest);
}
