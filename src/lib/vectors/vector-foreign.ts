/** What is known of a vector that others wrote: little, and the fields say so. */
import type { StorageType } from '../formats/safetensors';
import { sourceOf, type VectorHeader } from './vector-header';

export interface ForeignVector {
  name: string;
  label: string;
  description?: string;
  /** What the file calls the model. */
  model?: string;
  digest?: string | null;
  /** Of the model, where the file's own count of rows tells. */
  nLayers?: number | null;
  layers: number[];
  dModel: number;
  precision?: StorageType;
  source: string;
  /** What was chosen because the file did not say. */
  notes: readonly string[];
}

/** A direction of unknown scale, added as it is at every layer it has. */
export function foreignHeader({ name, label, description = '', model = '', ...rest }: ForeignVector): VectorHeader {
  const { digest = null, nLayers = null, layers, dModel, precision = 'F32', source, notes } = rest;
  return {
    name,
    label: label.slice(0, 200),
    description: description.slice(0, 2_000),
    model: { id: model.slice(0, 200), digest, nLayers, dModel },
    layers,
    units: 'unknown',
    positions: null,
    contrast: null,
    steering: { mode: 'direct', layers },
    coherentUpTo: null,
    onset: null,
    precision,
    provenance: {
      source: sourceOf(source, notes),
      promptSet: null,
      createdAt: null,
      kept: null,
      quality: null,
    },
  };
}

/** A name of ours from any text: `evil/v2` is `evil-v2`, nothing usable is `vector`. */
export function nameFrom(text: string): string {
  const allowed = text.replace(/[^\p{L}\p{N} _.-]+/gu, '-').replace(/^[^\p{L}\p{N}]+/u, '');
  // By code points: half a surrogate pair would be no letter.
  const short = [...allowed].slice(0, 50).join('').trimEnd();
  return short || 'vector';
}

/** `evil` of `folder/evil.gguf`. */
export function baseName(fileName: string): string {
  return fileName.replace(/^.*[\\/]/, '').replace(/\.[^.]*$/, '');
}
