/** A persona space small enough to check by hand: two layers, target 1, the axis along (0.6, 0.8, 0) of the components. */
import type { PersonaSpace } from '../../../src/lib/personas/persona-space';

const role = (name: string, pc: [number, number, number]) => ({
  name,
  label: name,
  family: 'test',
  pc,
  axis: 0.6 * pc[0] + 0.8 * pc[1],
});

export const handSpace: PersonaSpace = {
  format: 'personascope/personas@1',
  model: 'hand',
  modelDigest: '',
  promptSet: '',
  createdAt: '',
  nLayers: 2,
  dModel: 4,
  targetLayer: 1,
  residualNorm: [10, 20],
  personas: [],
  axis: { norm: [2, 4], centre: [0.5, 1], assistant: { mean: 4, sd: 0.5 }, coherentUpTo: null },
  pca: { layer: 1, explainedVariance: [0.5, 0.3, 0.1], cosPc1Axis: 0.6, centre: [1, 2, 3], assistant: [2.4, 3.2, 0] },
  // Scores of different components are uncorrelated, as those of a PCA are.
  roles: [
    role('a', [3, 0, 0]),
    role('b', [-3, 0, 0]),
    role('c', [0, 2, 0]),
    role('d', [0, -2, 0]),
    role('e', [0, 0, 1]),
    role('f', [0, 0, -1]),
  ],
  cap: {
    ...{ layers: [0, 1], floor: { 0: 2, 1: 4 }, percentile: 25 },
    ...{ positions: 'message', norm: [2, 8], threshold: 3 },
  },
};
