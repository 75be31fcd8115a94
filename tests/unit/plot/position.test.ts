import { describe, expect, it } from 'vitest';
import {
  capInterventions,
  capThresholdOf,
  coefficientAt,
  dialScale,
  isCap,
  positionOf,
  relativeDose,
} from '../../../src/lib/personas/dial';
import {
  axisExtent,
  axisFraction,
  describeOrigin,
  meanHalfWidth,
  meanPosition,
  nearestRole,
  positionsOf,
  runningMeans,
} from '../../../src/lib/personas/position';
import { handSpace } from './space';

const reading = (probe: string, values: number[], phase: 'prompt' | 'response' = 'response') => ({
  probe,
  phase,
  values,
});

describe('places from readings', () => {
  const readings = [
    reading('assistant-axis', [99], 'prompt'),
    reading('assistant-axis', [12, 4]),
    reading('pc1', [2, 1]),
    reading('pc2', [2, 5]),
    reading('pc3', [3]),
    reading('pc3', [0]),
  ];

  it('divides by the axis norm, takes the centre off, and leaves the prompt out', () => {
    expect(positionsOf(readings, handSpace)).toEqual([
      { axis: 2, pc: [1, 0, 0] },
      { axis: 0, pc: [0, 3, -3] },
    ]);
  });

  it('counts a token only when all its readings are there', () => {
    expect(positionsOf(readings.slice(0, 5), handSpace)).toHaveLength(1);
    expect(positionsOf([], handSpace)).toEqual([]);
  });

  it('averages over tokens, and the last running mean is the mean', () => {
    const positions = positionsOf(readings, handSpace);
    expect(meanPosition(positions)).toEqual({ axis: 1, pc: [0.5, 1.5, -1.5] });
    expect(runningMeans([...positions, ...positions])).toEqual([meanPosition(positions)]);
    expect(runningMeans(positions)).toEqual([]);
    expect(meanPosition([])).toBeNull();
  });

  it('gives the interval of a mean: 1.96 sd / sqrt n', () => {
    expect(meanHalfWidth([1, 3])).toBeCloseTo((1.96 * Math.SQRT2) / Math.SQRT2, 12);
    expect(meanHalfWidth([1])).toBeNull();
  });

  it('scales the axis between the farthest role and the Assistant', () => {
    const extent = axisExtent(handSpace);
    expect(extent.assistant).toBe(4);
    expect(extent.elsewhere).toBeCloseTo(-1.8, 12);
    expect(axisFraction(2, extent)).toBe(0.5);
    expect(axisFraction(-0.9, extent)).toBeCloseTo(-0.5, 12);
    expect(axisFraction(-50, extent)).toBe(-1);
  });
});

describe('dials', () => {
  it('have the coherent limit at full scale, the onset in the middle, and go on beyond', () => {
    const scale = dialScale({ negative: -0.75, positive: 1.5 }, { onset: 1.1 });
    const marks = {
      '-133': -0.9975,
      '-100': -0.75,
      '-50': -0.375,
      '0': 0,
      '25': 0.55,
      '50': 1.1,
      '75': 1.3,
      '100': 1.5,
      '133': 1.995,
    };
    for (const [position, coefficient] of Object.entries(marks)) {
      expect(coefficientAt(scale, Number(position))).toBeCloseTo(coefficient, 12);
      expect(positionOf(scale, coefficient)).toBeCloseTo(Number(position), 12);
    }
    expect(positionOf(scale, 7)).toBe(133);
    expect(positionOf(scale, -7)).toBe(-133);
    expect(scale.coherent).toEqual({ negative: -0.75, positive: 1.5 });
  });

  it('are even without an onset, with one near either end or beyond, and on a side that has no coherent step', () => {
    for (const onset of [null, 0.2, 1.4, 1.5, 1.75]) {
      const scale = dialScale({ negative: 0, positive: 1.5 }, { onset });
      for (const position of [-120, -50, 50, 120])
        expect(coefficientAt(scale, position)).toBeCloseTo(position * 0.015, 12);
    }
    expect(coefficientAt(dialScale({ negative: 0, positive: 0 }), 100)).toBe(0.5);
  });

  it('reach a dose of 0.2 where nothing was calibrated', () => {
    expect(coefficientAt(dialScale(null, { doseAtOne: 0.3 }), 100)).toBe(2);
    for (const doseAtOne of [0.09, 0.013, 0.0004])
      expect(coefficientAt(dialScale(null, { doseAtOne }), 100) * doseAtOne).toBeGreaterThanOrEqual(0.2);
    expect(dialScale(null, { doseAtOne: 0.013 })).toMatchObject({ step: 0.5, coherent: null });
  });

  it('give the dose |c v| / |h| of the layer where it is largest', () => {
    expect(relativeDose(-2, [1, 3], [0, 1], [10, 20])).toBeCloseTo(0.3, 12);
    expect(relativeDose(1, undefined, [0], [10])).toBeNull();
    expect(relativeDose(1, [1], [5], [10])).toBeNull();
  });

  it("start the cap at the shipped floors, and move each layer's in proportion to the cap's axis", () => {
    const floors = (threshold: number) =>
      capInterventions(handSpace, threshold).map(({ layers, floor }) => [layers, floor]);
    // The last keeps the replies at or above the threshold, from a centre of 1 at the target layer.
    expect(floors(3)).toEqual([
      [[0], 2],
      [[1], 4],
      [[1], 4],
    ]);
    const moved = capInterventions(handSpace, 4);
    expect(floors(4)).toEqual([
      [[0], 2.5],
      [[1], 6],
      [[1], 5],
    ]);
    expect(capThresholdOf(moved, handSpace)).toBe(4);
    expect(capThresholdOf([], handSpace)).toBeNull();
    expect(capThresholdOf(moved.slice(0, 1), handSpace)).toBeNull();
    expect(capThresholdOf(moved.slice(0, 2), handSpace)).toBeNull();
    expect(capThresholdOf([moved[0]!, { ...moved[1]!, floor: 5 }, moved[2]!], handSpace)).toBeNull();
  });

  it('cap along the axis of messages where the space has one, else along that of replies', () => {
    const [shipped, , ofReply] = capInterventions(handSpace, 3);
    expect(shipped!.vector).toBe('cap-axis');
    expect(ofReply).toMatchObject({ vector: 'assistant-axis', positions: 'response' });
    expect([shipped!, ofReply!].map((one) => isCap(one, handSpace))).toEqual([true, true]);
    expect(isCap({ ...ofReply!, positions: 'all' }, handSpace)).toBe(false);
    const ofReplies = { ...handSpace, cap: { ...handSpace.cap, positions: 'response' as const } };
    expect(capInterventions(ofReplies, 3).map(({ vector }) => vector)).toEqual(['assistant-axis', 'assistant-axis']);
    expect(isCap(shipped!, ofReplies)).toBe(false);
    expect(capThresholdOf([shipped!], ofReplies)).toBeNull();
  });
});

describe('in words', () => {
  it('zero is what it is computed from', () => {
    expect(describeOrigin(handSpace)).toBe('0 is the mean of 6 roles and the Assistant');
    expect(describeOrigin({ roles: handSpace.roles.slice(0, 1) })).toContain('1 role and');
  });

  it('the nearest role is so along the axis and the components, and the Assistant is one of them', () => {
    expect(nearestRole({ axis: -1.8, pc: [-3, 0, 0.5] }, handSpace)).toEqual({
      ...{ name: 'b', label: 'b', distance: expect.closeTo(0.5, 9) },
      toAssistant: expect.closeTo(Math.hypot(5.4, 3.2, 0.5), 9),
    });
    const { mean } = handSpace.axis.assistant;
    expect(nearestRole({ axis: mean, pc: [2.4, 3.2, 1] }, handSpace)).toMatchObject({ name: null, distance: 1 });
  });

  it('what of the axis lies beside the components counts too', () => {
    // Half of the axis's square is in PC1: a step along it alone moves as far beside the components.
    const roles = handSpace.roles.map((role) => ({ ...role, axis: Math.SQRT1_2 * role.pc[0] }));
    const space = { ...handSpace, roles, axis: { ...handSpace.axis, assistant: { mean: 9, sd: 1 } } };
    const at = { axis: Math.SQRT1_2 * 3, pc: [3, 0, 0] as [number, number, number] };
    expect(nearestRole(at, space)).toMatchObject({ name: 'a', distance: expect.closeTo(0, 9) });
    expect(nearestRole({ ...at, axis: at.axis + 1 }, space).distance).toBeCloseTo(Math.SQRT2, 9);
  });
});
