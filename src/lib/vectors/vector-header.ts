/** What has to be known of a steering vector to use it, apart from its numbers: the fields of every vector file. */
import type { Contrast } from '../personas/persona-space';
import type { StorageType } from '../formats/safetensors-header';

export interface VectorHeader {
  /** Letters, digits, spaces, or . _ - */
  name: string;
  label: string;
  description: string;
  /** The model it was made on. Null: the file does not say. */
  model: { id: string; digest: string | null; nLayers: number | null; dModel: number };
  /** Layers it has numbers for, ascending, 0-based: row l belongs to the output of block l. */
  layers: number[];
  /**
   * `raw difference`: v[l] = mean over positive - mean over negative replies (Chen et al. 2025), in the residual stream's
   * own units. `increments`: what is added after each layer at coefficient 1. `unknown`: a direction whose scale the file
   * does not say (repeng and llama.cpp write unit vectors as well as differences).
   */
  units: 'raw difference' | 'increments' | 'unknown';
  /** Where means were taken: the last user turn with the assistant mark, the reply, or the last prompt token. */
  positions: 'message' | 'response' | 'last' | null;
  /** What the replies were set against: those to the opposite's prompts, or to no system prompt. Null: the file does not say. */
  contrast: Contrast | null;
  /** `increments`: adding c * (v[l] - v[the layer before it in `layers`]) after each. `direct`: adding c * v[l] there. */
  steering: { mode: 'increments' | 'direct'; layers: number[] };
  /** Coefficient up to which replies stay coherent on that model. Null: not calibrated. */
  coherentUpTo: { negative: number; positive: number } | null;
  /** Coefficient from which half of the replies show the trait on that model. Null: not measured, or none. */
  onset: number | null;
  /**
   * Of the Assistant Axis: layer -> <centre, u>, where 0 on it is; u is the axis as a unit vector, the centre the mean of the roles and
   * the default Assistant, each counted once.
   */
  centre?: Record<number, number>;
  /** The coarsest type the numbers have been stored in: widening F16 and BF16 to f32 is exact, the rounding before it stays. */
  precision: StorageType;
  provenance: VectorProvenance;
}

export interface VectorProvenance {
  /**
   * What wrote the numbers, in words: "Personascope", "a llama.cpp control vector". Where the file did not say everything,
   * what was chosen follows, as `sourceOf` writes it.
   */
  source: string;
  promptSet: string | null;
  /** ISO 8601, UTC. */
  createdAt: string | null;
  /** Replies the means were taken over. */
  kept: { positive: number; negative: number } | null;
  /** Of the held-out questions, at the target layer. */
  quality: { auroc: number; splitHalfCosine: number } | null;
}

/** @param choices what was chosen because a file did not say, each in a few words; what is past 200 characters is cut */
export function sourceOf(what: string, choices: readonly string[]): string {
  return [what, ...choices].join('; ').slice(0, 200);
}

/** What wrote the numbers, and what was chosen. */
export function readSource({ source }: Pick<VectorProvenance, 'source'>): { what: string; choices: string[] } {
  const [what = '', ...choices] = source.split('; ');
  return { what, choices };
}
