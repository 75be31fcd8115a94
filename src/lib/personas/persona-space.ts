/**
 * Persona space of one model: what `npm run vectors` (or the page) computes and what ships beside a checkpoint,
 * as `personas.json` (this type) and `personas.safetensors` (the tensors it names, f32).
 *
 * Tensors: `persona.<name>` (nLayers, dModel) raw difference v[l]; `role.<name>` (nLayers, dModel) mean of h;
 * `default` (nLayers, dModel); `assistant-axis` (nLayers, dModel) = default - mean over roles, pointing TOWARD the Assistant;
 * `cap-axis` (nLayers, dModel), only if the cap's positions are `message`: the same difference of means over the words of the user's message;
 * `pca.components` (3, dModel) orthonormal, at `targetLayer`; `pca.centre` (dModel), the mean over roles there.
 */
export interface PersonaSpace {
  format: 'personascope/personas@1';
  model: string;
  /** SHA-256 of model.safetensors, hex. */
  modelDigest: string;
  promptSet: string;
  createdAt: string;
  nLayers: number;
  dModel: number;
  /** 0-based block whose output persona space, axis readings and PCA are taken from. */
  targetLayer: number;
  /** Mean |h| over response tokens of the default persona, per layer: the denominator of the relative dose. */
  residualNorm: number[];
  personas: PersonaEntry[];
  axis: AxisEntry;
  pca: PcaEntry;
  roles: RoleEntry[];
  cap: CapEntry;
}

/** What a persona vector points away from: the trait's opposite, asked for in words, or the model with no system prompt. */
export type Contrast = 'opposite' | 'default';

export interface PersonaEntry {
  name: string;
  label: string;
  description: string;
  /** Euclidean norm of the raw difference v[l], per layer: the numerator of the relative dose. */
  norm: number[];
  /** Where means were taken: the words of the last user message, the reply, or the last prompt token. Null: a file did not say. */
  positions: 'message' | 'response' | 'last' | null;
  /** Null: a file did not say. */
  contrast: Contrast | null;
  /** `increments`: adding c * (v[l] - v[the layer before it in `layers`]) after each, which sums to c * v. `direct`: adding c * v[l] there. */
  steering: { mode: 'increments' | 'direct'; layers: number[] };
  /** Coefficient up to which replies stay coherent: the dial's full scale. Null: not calibrated. */
  coherentUpTo: { negative: number; positive: number } | null;
  /** Positive coefficient from which half of the replies show the trait, by a straight line between two that were measured. Null: not measured, or none. */
  onset: number | null;
  /** Null: a file did not say. */
  quality: {
    kept: { positive: number; negative: number };
    /** Held-out separation at the target layer. */
    auroc: number;
    splitHalfCosine: number;
  } | null;
}

export interface AxisEntry {
  /** Euclidean norm of the raw axis, per layer. */
  norm: number[];
  /** <centre, u> per layer, centre = mean over roles and default: what a reading of <h, u> is shown relative to. */
  centre: number[];
  /** <default - centre, u> and its standard deviation over replies, at `targetLayer`: where ordinary Assistant replies sit. */
  assistant: { mean: number; sd: number };
  /** Of the axis that the dial adds, which is the cap's. */
  coherentUpTo: { negative: number; positive: number } | null;
}

export interface PcaEntry {
  layer: number;
  /** Share of the roles' variance, per component. */
  explainedVariance: number[];
  cosPc1Axis: number;
  /** <pca.centre, component k>: what a reading of <h, component k> is shown relative to. */
  centre: [number, number, number];
  /** Where the default Assistant is, relative to that. */
  assistant: [number, number, number];
}

export interface CapEntry {
  layers: number[];
  /** Of <h, u> at each of `layers`, u the direction of the cap's axis. */
  floor: Record<number, number>;
  /** 0 to 100, of ordinary Assistant replies (or of the messages they answer). */
  percentile: number;
  /** Where the means of the cap's axis were taken: `response`: it is `assistant-axis` (Lu et al.); `message`: it is `cap-axis`. */
  positions: 'message' | 'response';
  /** Euclidean norm of the cap's raw axis, per layer. */
  norm: number[];
  /** The percentile of ordinary replies as a place on the Assistant Axis at `targetLayer`: where the page marks the cap. */
  threshold: number;
}

export interface RoleEntry {
  name: string;
  label: string;
  family: string;
  /** Coordinates on PC1-3 at `targetLayer`, relative to `pca.centre`. */
  pc: [number, number, number];
  /** <role - centre, u> at `targetLayer`. */
  axis: number;
}
