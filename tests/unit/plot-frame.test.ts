import { describe, expect, it } from 'vitest';
import { axisDirection, type Point3 } from '../../src/lib/interp/position';
import { Frame } from '../../src/lib/plot/frame';
import { handSpace } from './plot-space';

const dot = (a: Point3, b: Point3) => a.reduce((sum, value, k) => sum + value * b[k]!, 0);

describe("the sky's frame", () => {
  it('finds the axis among the components by least squares', () => {
    const direction = axisDirection(handSpace);
    [0.6, 0.8, 0].forEach((value, k) => expect(direction[k]).toBeCloseTo(value, 12));
  });

  it('is orthonormal, with the axis up', () => {
    const { basis } = new Frame(handSpace);
    basis.forEach((a, i) => basis.forEach((b, j) => expect(dot(a, b)).toBeCloseTo(i === j ? 1 : 0, 12)));
    expect(dot(basis[1], [0.6, 0.8, 0])).toBeCloseTo(1, 12);
  });

  it('puts every role at the height of its axis value, inside the sky', () => {
    const frame = new Frame(handSpace);
    for (const role of handSpace.roles) {
      const [x, y, z] = frame.place(role.pc);
      expect(y).toBeCloseTo(frame.height(role.axis), 12);
      expect(Math.hypot(x, z)).toBeLessThanOrEqual(1 + 1e-12);
    }
    expect(frame.high - frame.low).toBeLessThanOrEqual(2 + 1e-12);
  });
});
