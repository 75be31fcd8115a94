/**
 * Persona space as the sky shows it. Up is the Assistant Axis itself, so that a height is a place on the axis, the same as in
 * the drift chart; across lie the first two principal components that the axis leaves room for, made orthogonal to it.
 * All three in the same unit, scaled to a sky of radius 1.
 */
import type { PersonaSpace } from '../personas/persona-space';
import { axisDirection, type Point3, type Position } from '../personas/position';

/** Below this length, what is left of a component beside the axis is mostly the other components' noise. */
const shortest = 0.5;

interface Across {
  /** 0-based. */
  component: number;
  /** Length of what is left of the component. */
  length: number;
  /** <component, earlier direction across>. */
  overlap: number;
}

export class Frame {
  /** Components that lie across, 1-based: what the axes are called. */
  readonly across: [number, number];
  /** Units of the residual stream a radius. */
  readonly radius: number;
  /** Lowest and highest star, in radii. */
  readonly low: number;
  readonly high: number;
  /** <component k, u>. */
  readonly #direction: Point3;
  readonly #axisMean: number;
  readonly #across: [Across, Across];

  constructor(space: PersonaSpace) {
    // A unit vector's shadow is no longer than 1; few roles, or rounded ones, may say otherwise.
    const direction = axisDirection(space);
    const tooLong = Math.max(1, Math.hypot(...direction));
    this.#direction = direction.map((value) => value / tooLong) as Point3;
    // The two scales' zeros differ: that of the axis counts the Assistant in.
    this.#axisMean = space.roles.reduce((sum, role) => sum + role.axis, 0) / Math.max(1, space.roles.length);
    this.#across = this.#findAcross();
    this.across = [this.#across[0].component + 1, this.#across[1].component + 1];
    this.radius = 1;
    const stars = [...space.roles, { axis: space.axis.assistant.mean, pc: space.pca.assistant }].map((star) =>
      this.place(star),
    );
    const heights = stars.map(([, y]) => y);
    const widest = Math.max(...stars.map(([x, , z]) => Math.hypot(x, z)));
    this.radius = Math.max((Math.max(...heights) - Math.min(...heights)) / 2, widest, Number.EPSILON);
    this.low = Math.min(...heights) / this.radius;
    this.high = Math.max(...heights) / this.radius;
  }

  /** A place in persona space to right, up, toward the viewer. */
  place({ axis, pc }: Position): Point3 {
    const [first, second] = this.#across;
    const beside = ({ component }: Across) => pc[component]! - this.#direction[component]! * (axis - this.#axisMean);
    const x = beside(first) / first.length;
    const z = (beside(second) - second.overlap * x) / second.length;
    return [x / this.radius, this.height(axis), z / this.radius];
  }

  /** The height in the sky of a place on the axis. */
  height(axis: number): number {
    return axis / this.radius;
  }

  /** Gram-Schmidt on (axis, PC1, PC2, PC3), whose products are known: the components are orthonormal, <component, u> is `#direction`. */
  #findAcross(): [Across, Across] {
    const d = this.#direction;
    const left = (k: number) => Math.sqrt(Math.max(0, 1 - d[k]! ** 2));
    const first = [0, 1, 2].find((k) => left(k) >= shortest) ?? 2;
    const after = [0, 1, 2]
      .filter((k) => k !== first)
      .map((component): Across => {
        const overlap = (-d[first]! * d[component]!) / left(first);
        return { component, overlap, length: Math.sqrt(Math.max(0, 1 - d[component]! ** 2 - overlap ** 2)) };
      });
    const second = after.find(({ length }) => length >= shortest) ?? after.toSorted((a, b) => b.length - a.length)[0]!;
    return [{ component: first, length: left(first), overlap: 0 }, second];
  }
}
