/** Logits and every residual against float64, for each family, from one token to the full context. Tolerance 1e-3 relative to the largest value of a row. */
import { afterAll, describe, expect, test } from 'vitest';
import { openGpu } from '../../src/lib/gpu/device';
import type { ResolvedIntervention } from '../../src/lib/engine/intervention';
import { referenceForward } from './reference';
import { families, tinyModel, type TinyModel } from './tiny-model';

const gpu = await openGpu();
afterAll(() => gpu.destroy());

const TOLERANCE = 1e-3;

function tokens(length: number, dVocab: number): number[] {
  return Array.from({ length }, (_, i) => (i * 31 + 7 * (i % 5)) % dVocab);
}

/** Largest |got - want| of a row over its largest |want|, worst row. */
function relativeError(got: Float32Array, want: Float64Array[]): number {
  const width = want[0]!.length;
  expect(got.length).toBe(want.length * width);
  let worst = 0;
  want.forEach((row, t) => {
    const largest = Math.max(...row.map(Math.abs));
    row.forEach((value, i) => {
      const error = Math.abs(got[t * width + i]! - value) / largest;
      if (!(error <= worst)) worst = error;
    });
  });
  return worst;
}

async function compare(
  model: TinyModel,
  tokenIds: number[],
  interventions: ResolvedIntervention[] = [],
): Promise<number> {
  const layers = Array.from({ length: model.config.nLayers }, (_, i) => i);
  const before = gpu.live.size;
  const engine = await model.open(gpu);
  try {
    const got = await engine.forward({ tokenIds, interventions, residuals: layers });
    const want = referenceForward(model.config, model.weights, tokenIds, interventions);
    const errors = layers.map((layer) => relativeError(got.residuals[layer]!, want.residuals[layer]!));
    return Math.max(relativeError(got.logits, want.logits), ...errors);
  } finally {
    engine.destroy();
    expect(gpu.live.size).toBe(before);
  }
}

describe.each(Object.entries(families))('%s', (_, overrides) => {
  test.each([1, 2, 33, 300])('%i tokens', async (length) => {
    const model = await tinyModel(overrides);
    expect(await compare(model, tokens(length, model.config.dVocab))).toBeLessThan(TOLERANCE);
  });
});

/** A vector for each layer. */
function vectors(model: TinyModel, seed: number, layers: number[]): Map<number, Float32Array> {
  return new Map(
    layers.map((layer) => [
      layer,
      Float32Array.from({ length: model.config.dModel }, (_, i) => Math.sin(seed + layer * 7 + i * 1.7)),
    ]),
  );
}

const idle = { coefficient: 1, floor: -Infinity, ceiling: Infinity, positions: 'all' as const };

describe('interventions, exact against the same change made in float64', async () => {
  const model = await tinyModel();
  const all = [0, 1, 2];
  const cases: Record<string, ResolvedIntervention[]> = {
    'addition at one layer': [{ ...idle, kind: 'addition', vectors: vectors(model, 1, [1]), coefficient: 1.5 }],
    'addition at all layers, negative': [
      { ...idle, kind: 'addition', vectors: vectors(model, 2, all), coefficient: -0.7 },
    ],
    ablation: [{ ...idle, kind: 'ablation', vectors: vectors(model, 3, all), floor: 0, ceiling: 0 }],
    'capping, floor': [{ ...idle, kind: 'capping', vectors: vectors(model, 4, [0, 2]), floor: 0.4 }],
    'capping, ceiling': [{ ...idle, kind: 'capping', vectors: vectors(model, 5, [1]), ceiling: -0.1 }],
    'capping, both': [{ ...idle, kind: 'capping', vectors: vectors(model, 6, all), floor: -0.2, ceiling: 0.2 }],
    clamping: [{ ...idle, kind: 'clamping', vectors: vectors(model, 7, [2]), floor: 3, ceiling: 3 }],
    'five at once, in order': [
      { ...idle, kind: 'addition', vectors: vectors(model, 8, all), coefficient: 2 },
      { ...idle, kind: 'addition', vectors: vectors(model, 9, [1]), coefficient: -1 },
      { ...idle, kind: 'capping', vectors: vectors(model, 8, all), floor: -1, ceiling: 1 },
      { ...idle, kind: 'addition', vectors: vectors(model, 10, [0, 1]), coefficient: 0.5 },
      { ...idle, kind: 'ablation', vectors: vectors(model, 11, [2]), floor: 0, ceiling: 0 },
    ],
  };
  test.each(Object.entries(cases))('%s', async (_, interventions) => {
    expect(await compare(model, tokens(37, model.config.dVocab), interventions)).toBeLessThan(TOLERANCE);
    const plain = referenceForward(model.config, model.weights, tokens(37, model.config.dVocab));
    const steered = referenceForward(model.config, model.weights, tokens(37, model.config.dVocab), interventions);
    expect(relativeError(Float32Array.from(plain.logits.flatMap((row) => [...row])), steered.logits)).toBeGreaterThan(
      10 * TOLERANCE,
    );
  });

  test('coefficient 0 leaves logits and residuals bit for bit as they were', async () => {
    const engine = await model.open(gpu);
    const tokenIds = tokens(150, model.config.dVocab);
    const plain = await engine.forward({ tokenIds, interventions: [], residuals: all });
    const zero = await engine.forward({
      tokenIds,
      interventions: [{ ...idle, kind: 'addition', vectors: vectors(model, 1, all), coefficient: 0 }],
      residuals: all,
    });
    engine.destroy();
    expect(zero).toEqual(plain);
  });
});

describe('requests that cannot be run', async () => {
  const model = await tinyModel();
  const engine = await model.open(gpu);
  afterAll(() => engine.destroy());
  test.each([
    [{ tokenIds: [], residuals: [] }, 'BadRequest', 'no tokens'],
    [{ tokenIds: [3, 67], residuals: [] }, 'BadRequest', 'tokenIds[1] is 67'],
    [{ tokenIds: [1.5], residuals: [] }, 'BadRequest', 'tokenIds[0] is 1.5'],
    [{ tokenIds: [1], residuals: [0, 3] }, 'BadRequest', 'residuals[1] is 3'],
    [{ tokenIds: Array(301).fill(1), residuals: [] }, 'ContextOverflow', 'at most 300'],
  ])('%#', async (request, name, words) => {
    const failing = engine.forward({ ...request, interventions: [] });
    await expect(failing).rejects.toMatchObject({ name, message: expect.stringContaining(words) });
  });
});
