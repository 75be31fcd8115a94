/**
 * A steering vector on its way out of, or into, the page: numbers, and what has to be known to use them.
 *
 * Three formats carry it, each in a file of its own: `vector-json.ts`, `vector-safetensors.ts`, `vector-gguf.ts`.
 * In all of them every f32 comes back bit for bit, and the fields below come back as they were.
 */
import { PersonascopeError } from '../errors';
import type { LayerVectors } from '../interp/intervention';
import type { StorageType } from '../interp/safetensors';

/** Everything but the numbers. */
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
  /** `increments`: adding c * (v[l] - v[the layer before it in `layers`]) after each. `direct`: adding c * v[l] there. */
  steering: { mode: 'increments' | 'direct'; layers: number[] };
  /** Coefficient up to which replies stay coherent on that model. Null: not calibrated. */
  coherentUpTo: { negative: number; positive: number } | null;
  /** The coarsest type the numbers have been stored in: widening F16 and BF16 to f32 is exact, the rounding before it stays. */
  precision: StorageType;
  provenance: VectorProvenance;
}

export interface VectorProvenance {
  /** What wrote the numbers, in words: "Personascope", "a llama.cpp control vector". */
  source: string;
  promptSet: string | null;
  /** ISO 8601, UTC. */
  createdAt: string | null;
  /** Replies the means were taken over. */
  kept: { positive: number; negative: number } | null;
  /** Of the held-out questions, at the target layer. */
  quality: { auroc: number; splitHalfCosine: number } | null;
}

export interface VectorFile extends VectorHeader {
  /** layer -> (dModel), one for each of `layers`. */
  vectors: LayerVectors;
}

/** Bounds that no honest file comes near. */
export const vectorLimits = {
  /** Bytes of a file: 256 layers of 16,384 numbers are 16 MiB in f32, about 90 MB as JSON text. */
  fileBytes: 128 * 1024 * 1024,
  /** Vectors in one file. */
  vectors: 500,
} as const;

export const vectorNextStep = 'Nothing was changed: mend the file, or choose another.';

/** @param where the file, and the field or tensor in it: "evil.gguf: direction.3" */
export function badVector(where: string, reason: string, options?: ErrorOptions): PersonascopeError {
  return new PersonascopeError('BadRequest', `${where} ${reason}.`, vectorNextStep, options);
}

/** The header of a vector, in the order it is written. */
export function headerOf(vector: VectorHeader): VectorHeader {
  const { name, label, description, model, layers, units, positions, steering, coherentUpTo, precision } = vector;
  const { provenance } = vector;
  return {
    ...{ name, label, description, model, layers, units, positions, steering, coherentUpTo, precision, provenance },
  };
}
