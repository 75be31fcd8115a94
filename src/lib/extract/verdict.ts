/** Whether a vector may be called what its trait is called. */
import { proportion } from '../maths/proportion';
import { coherentShare, largestKl } from './coherence';
import type { Cell } from './trial';

export interface Verdict {
  isEstablished: boolean;
  /** Between the lower end of the vector's interval and the upper end of each control's: above 0 they are apart. */
  margins: { random: number; shuffled: number };
  /** Why not; empty if established. */
  reasons: string[];
}

/**
 * Where the smaller of the two shares is largest, among the cells that stay coherent and show the trait if there are any: the one
 * that shows it most would be the one whose coherence is most likely to have been luck. Of equal cells the first way of adding,
 * and there the gentlest.
 */
export function chooseCell(cells: readonly Cell[]): Cell {
  const shows = ({ expression, coherence }: Cell) => coherence.rate >= coherentShare && expression.rate > 0;
  const worth = (cell: Cell) => Number(shows(cell)) + Math.min(cell.expression.rate, cell.coherence.rate);
  return cells.reduce((best, cell) => {
    const gain = worth(cell) - worth(best);
    const isGentler = cell.steering === best.steering && cell.coefficient < best.coefficient;
    return gain > 0 || (gain === 0 && isGentler) ? cell : best;
  });
}

/**
 * @param controls at the same steering and coefficient as `cell`
 * @param kl of the cell's next tokens from the unsteered ones, nats; 0 where coherence was measured by surprise
 */
export function judgeVector(cell: Cell, controls: { random: Cell; shuffled: Cell }, kl = 0): Verdict {
  const margin = (control: Cell) => cell.expression.low - control.expression.high;
  const margins = { random: margin(controls.random), shuffled: margin(controls.shuffled) };
  const reasons: string[] = [];
  const { n } = cell.expression;
  if (proportion(n, n).low <= proportion(0, n).high) {
    reasons.push(`${n} held-out questions are too few to tell any effect from none; 8 allow for a miss or two`);
  }
  if (margins.random <= 0) reasons.push('its effect cannot be told from that of a random vector as long');
  if (margins.shuffled <= 0) reasons.push('its effect cannot be told from that of a vector made with shuffled labels');
  if (kl > largestKl)
    reasons.push(`the next words change too much there (KL ${kl.toFixed(1)} nats, limit ${largestKl})`);
  if (cell.coherence.rate < coherentShare) reasons.push('where it works best, replies fall apart');
  return { isEstablished: reasons.length === 0, margins, reasons };
}
