import { describe, expect, it } from 'vitest';
import { axisDirection } from '../../../src/lib/personas/position';
import { Frame } from '../../../src/lib/plot/frame';
import { handSpace } from './space';

describe("the sky's frame", () => {
  it('finds the axis among the components by least squares', () => {
    const direction = axisDirection(handSpace);
    [0.6, 0.8, 0].forEach((value, k) => expect(direction[k]).toBeCloseTo(value, 12));
  });

  it('has the axis up: a height is a place on the axis', () => {
    const frame = new Frame(handSpace);
    for (const role of handSpace.roles) expect(frame.place(role)[1] * frame.radius).toBeCloseTo(role.axis, 12);
    expect(frame.height(2)).toBeCloseTo(2 / frame.radius, 12);
  });

  it('lays across what the axis leaves of the components, with all distances kept', () => {
    const frame = new Frame(handSpace);
    // The axis lies in the plane of PC1 and PC2 here, so PC1 and PC3 span the rest.
    expect(frame.across).toEqual([1, 3]);
    for (const { axis, pc } of handSpace.roles) {
      const seen = frame.place({ axis, pc }).map((value) => value * frame.radius);
      expect(Math.hypot(...seen)).toBeCloseTo(Math.hypot(...pc), 12);
    }
  });

  it('takes the first two components where the axis has little to do with them', () => {
    const roles = handSpace.roles.map((role, k) => ({
      ...role,
      axis: k % 2 ? 1 : -1,
      pc: role.pc.map(Math.abs) as typeof role.pc,
    }));
    expect(new Frame({ ...handSpace, roles }).across).toEqual([1, 2]);
  });

  it('stays finite where the roles disagree with geometry', () => {
    const roles = handSpace.roles.map((role) => ({ ...role, axis: role.axis * 3 }));
    const frame = new Frame({ ...handSpace, roles });
    for (const role of roles) expect(frame.place(role).every(Number.isFinite)).toBe(true);
  });

  it('holds every star', () => {
    const frame = new Frame(handSpace);
    expect(frame.high - frame.low).toBeLessThanOrEqual(2 + 1e-12);
    for (const role of handSpace.roles) {
      const [x, , z] = frame.place(role);
      expect(Math.hypot(x, z)).toBeLessThanOrEqual(1 + 1e-12);
    }
  });
});
