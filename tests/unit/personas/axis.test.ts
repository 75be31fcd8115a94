import { describe, expect, it } from 'vitest';
import { axisCentre, capFloors, computeAxis, normPerLayer, projectPerLayer } from '../../../src/lib/personas/axis';

/* 2 layers of 2 */
const assistant = Float64Array.of(4, 0, 1, 1);
const roles = [Float64Array.of(1, 1, 0, 0), Float64Array.of(-1, 3, 0, 2)];

describe('the Assistant Axis', () => {
  const axis = computeAxis(assistant, roles);

  it('is default - mean over roles, and points toward the Assistant', () => {
    expect([...axis]).toEqual([4, -2, 1, 0]);
    const [here, ...there] = [assistant, ...roles].map((h) => projectPerLayer(h, axis, 2));
    for (const role of there) for (const layer of [0, 1]) expect(here![layer]).toBeGreaterThan(role[layer]!);
  });

  it('has its zero at the mean of the roles and the default, each counted once', () => {
    const places = [assistant, ...roles].map((h) => projectPerLayer(h, axis, 2));
    const zero = axisCentre(assistant, roles, axis, 2);
    for (const layer of [0, 1]) {
      expect(places.reduce((sum, place) => sum + place[layer]! - zero[layer]!, 0)).toBeCloseTo(0, 12);
    }
    expect(zero[1]).toBeCloseTo(1 / 3, 12);
  });

  it('is measured in the residual stream’s units', () => {
    expect(normPerLayer(axis, 2)).toEqual([Math.sqrt(20), 1]);
    expect(projectPerLayer(Float32Array.of(8, -4, 3, 9), axis, 2)).toEqual([expect.closeTo(2 * Math.sqrt(20), 12), 3]);
    expect(projectPerLayer(assistant, new Float64Array(4), 2)).toEqual([0, 0]);
  });

  it('is capped at a percentile of ordinary replies, layer by layer', () => {
    const projections = [
      [0, 10],
      [1, 30],
      [2, 20],
      [3, 40],
      [4, 50],
    ];
    expect(capFloors(projections, [1], 25)).toEqual({ 1: 20 });
    expect(capFloors(projections, [0, 1], 50)).toEqual({ 0: 2, 1: 30 });
  });
});
