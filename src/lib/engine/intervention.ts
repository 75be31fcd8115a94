/**
 * Interventions and probes: what is done to, and read from, the residual stream.
 *
 * The site is always `blocks.{i}.hook_resid_post`: the residual stream h (tokens, dModel) at the output of block i (0-based).
 * Names follow Chen et al. 2025 (arXiv 2507.21509) and Lu et al. 2026 (arXiv 2601.10387).
 */

/** A known vector's name, or layer -> dModel numbers. */
export type Vector = string | Record<number, ArrayLike<number>>;

export type InterventionKind = 'addition' | 'ablation' | 'capping' | 'clamping';
/** `from-last`: from the last prompt token on, the one that the reply's first token is drawn at. */
export const positionNames = ['all', 'prompt', 'response', 'from-last'] as const;
export type Positions = (typeof positionNames)[number];

/**
 * A change of the residual stream, with u = v / |v|:
 *
 * - `addition`: h <- h + coefficient * v
 * - `ablation`: h <- h - <h, u> u
 * - `capping`:  h <- h + (clamp(<h, u>, floor, ceiling) - <h, u>) u
 * - `clamping`: h <- h + (target - <h, u>) u
 */
export interface Intervention {
  kind: InterventionKind;
  vector: Vector;
  /** Default: every layer the vector has. */
  layers?: number[];
  /** Default: `all`. `prompt` is everything up to the first token the model writes, `response` everything after; `from-last` is `response` and the prompt's last token. */
  positions?: Positions;
  /** For `addition`; default 1. */
  coefficient?: number;
  /** For `capping`, in units of <h, u>; at least one of the two. */
  floor?: number;
  ceiling?: number;
  /** For `clamping`, in units of <h, u>. */
  target?: number;
}

/** Reads <h, v> at each token, after the interventions of that layer. */
export interface Probe {
  name: string;
  vector: Vector;
  layers?: number[];
}

/** A vector as numbers: layer -> (dModel). */
export type LayerVectors = ReadonlyMap<number, Float32Array>;

/** An intervention whose vector is numbers and whose defaults are filled in. Layers are the keys of `vectors`. */
export interface ResolvedIntervention {
  kind: InterventionKind;
  vectors: LayerVectors;
  positions: Positions;
  coefficient: number;
  floor: number;
  ceiling: number;
}

export interface ResolvedProbe {
  name: string;
  vectors: LayerVectors;
}

/** True if the intervention leaves every h as it is: such a one is never sent to the GPU, so the tokens stay bit-for-bit the same. */
export function isIdle(intervention: Pick<Intervention, 'kind' | 'coefficient'>): boolean {
  return intervention.kind === 'addition' && (intervention.coefficient ?? 1) === 0;
}

/** The same changes in the same order, number for number. */
export function areSameInterventions(a: readonly ResolvedIntervention[], b: readonly ResolvedIntervention[]): boolean {
  return (
    a.length === b.length &&
    a.every((one, i) => {
      const other = b[i]!;
      return (
        one.kind === other.kind &&
        one.positions === other.positions &&
        one.coefficient === other.coefficient &&
        one.floor === other.floor &&
        one.ceiling === other.ceiling &&
        areSameVectors(one.vectors, other.vectors)
      );
    })
  );
}

export function areSameVectors(a: LayerVectors, b: LayerVectors): boolean {
  if (a.size !== b.size) return false;
  return [...a].every(([layer, vector]) => {
    const other = b.get(layer);
    return other?.length === vector.length && vector.every((x, i) => x === other[i]);
  });
}
