/** A persona space of 3 layers of 4 numbers, small enough to check by hand. */
import type { PersonaSpace } from '../../../src/lib/personas/persona-space';
import type { NamedTensor } from '../../../src/lib/personas/persona-tensors';

export const size = { nLayers: 3, dModel: 4 };

const persona = (name: string, steering: PersonaSpace['personas'][number]['steering']) => ({
  name,
  label: name,
  description: `Like a ${name}.`,
  norm: [1, 2, 2],
  positions: 'message' as const,
  contrast: 'opposite' as const,
  steering,
  coherentUpTo: { negative: -1, positive: 1.5 },
  onset: null,
  quality: { kept: { positive: 10, negative: 9 }, auroc: 0.9, splitHalfCosine: 0.8 },
});

export function smallSpace(): PersonaSpace {
  return {
    format: 'personascope/personas@1',
    model: 'small',
    modelDigest: 'ab'.repeat(32),
    promptSet: 'test',
    createdAt: '2026-01-02T03:04:05.000Z',
    ...size,
    targetLayer: 1,
    residualNorm: [10, 20, 40],
    personas: [
      persona('pirate', { mode: 'increments', layers: [0, 1, 2] }),
      persona('poet', { mode: 'direct', layers: [1] }),
      persona('evil', { mode: 'increments', layers: [0, 2] }),
    ],
    axis: { norm: [2, 4, 5], centre: [0, 1, 2], assistant: { mean: 3, sd: 0.5 }, coherentUpTo: null },
    pca: { layer: 1, explainedVariance: [0.5, 0.3, 0.2], cosPc1Axis: 0.8, centre: [1, 2, 3], assistant: [2, 0, 0] },
    roles: [{ name: 'demon', label: 'Demon', family: 'fantastical', pc: [-3, 1, 0], axis: -2 }],
    cap: {
      ...{ layers: [1, 2], floor: { 1: 2, 2: 3 }, percentile: 25 },
      ...{ positions: 'response', norm: [2, 4, 5], threshold: 1 },
    },
  };
}

const tensor = (shape: number[], ...data: number[]): NamedTensor => ({ shape, data: Float32Array.from(data) });

/* prettier-ignore */
export const tensors: () => Map<string, NamedTensor> = () =>
  new Map([
    ['persona.pirate', tensor([3, 4], 1, 0, 0, 0,   2, 0, 0, 0,   2, 1, 0, 0)],
    ['persona.poet', tensor([3, 4],   0, 0, 1, 0,   0, 0, 2, 0,   0, 0, 2, 0)],
    ['persona.evil', tensor([3, 4],   0, 1, 0, 0,   0, 9, 9, 9,   0, 3, 0, 0)],
    ['role.demon', tensor([3, 4],     0, 0, 0, 1,   0, 0, 0, 2,   0, 0, 0, 3)],
    ['default', tensor([3, 4],        1, 0, 0, 0,   1, 0, 0, 0,   1, 0, 0, 3)],
    ['assistant-axis', tensor([3, 4], 2, 0, 0, 0,   4, 0, 0, 0,   3, 4, 0, 0)],
    ['pca.components', tensor([3, 4], 1, 0, 0, 0,   0, 1, 0, 0,   0, 0, 1, 0)],
    ['pca.centre', tensor([4], 1, 2, 3, 4)],
  ]);
