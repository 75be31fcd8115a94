/** What extractions keep in this browser: answers of one under way, the job itself, vectors and persona spaces that are done. */
import type { PersonaEntry } from '../personas/persona-space';
import type { VectorHeader } from '../vectors/vector-header';
import type { Evidence } from './extract-trait';
import type { SpaceReport } from './space-report';
import type { SpaceSums } from './space-sums';

/** A vector that did not come with the model. */
export interface VectorRecord {
  entry: PersonaEntry;
  /** (nLayers, dModel) */
  vector: Float32Array;
  /** Null: it came from a file. */
  evidence: Evidence | null;
  /** What the file said, and its name. Null: it was extracted here. */
  origin: { file: string; header: VectorHeader } | null;
  promptSet: string | null;
  /** When it was made here or came here. */
  createdAt: string;
}

export interface ExtractedVector extends VectorRecord {
  evidence: Evidence;
}

export interface ImportedVector extends VectorRecord {
  origin: NonNullable<VectorRecord['origin']>;
}

export interface SpaceRecord {
  sums: SpaceSums;
  report: SpaceReport;
  createdAt: string;
}

/** What was asked for and how far it is. */
export interface UnfinishedJob<R = unknown> {
  kind: 'trait' | 'space';
  request: R;
  /** For a reader. */
  label: string;
  done: number;
  total: number;
}
