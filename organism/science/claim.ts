/** A claim of the table: what it would take to measure it, and how. */
import type { Row } from '../../src/lib/science/report';
import type { Lab } from './lab';
import type { ScienceSettings } from './settings';

export interface Claim {
  name: string;
  /** Replies that it takes, and scored texts. A forward pass that is read once counts as a score. */
  cost(lab: Lab, settings: ScienceSettings): { replies: number; scores: number };
  /** @param begin told what is measured next, by claims that take long */
  measure(lab: Lab, settings: ScienceSettings, begin: (what: string) => void): Promise<Row[]>;
}
