/** Persona space as a night sky: roles are stars, the Assistant the pole star, the conversation a comet, the cap the horizon. */
import { Group, PerspectiveCamera, Scene, Vector3, WebGLRenderer } from 'three';
import type { PersonaSpace } from '../personas/persona-space';
import { axisExtent, axisFraction, type Position } from '../personas/position';
import { Frame } from './frame';
import { LabelLayer, type Label } from './labels';
import { disposeTree, makeCone, makeGrid, makeHorizon, makeLine } from './lines';
import { Orbit } from './orbit';
import { diverging, familyCount, type Palette, type Rgb } from './palette';
import { Pace } from './pace';
import { watchPixelRatio } from './pixel-ratio';
import { Stars, shapes, type Star } from './stars';

export interface Trail {
  /** One a reply that was read. */
  turns: Position[];
  /** The number of each of those turns in the conversation, from 1. */
  numbers: number[];
  /** The last reply's mean over its first 1, 2, … tokens. */
  tokens: Position[];
  /** One an unsteered reply. */
  plain: Position[];
}

type Point = [number, number, number];
const noTrail: Trail = { turns: [], numbers: [], tokens: [], plain: [] };
/** How far the arrow goes beyond the highest and the lowest role, in radii. */
const overshoot = 0.16;
/** Radii around the sky's middle that are in sight from where the view starts. */
const inSight = 1.2;
/** How far the view steps back at most to keep the conversation in sight. */
const mostReach = 1.7;

function reachOf(places: readonly Point[], frame: Frame): number {
  const middle = (frame.low + frame.high) / 2;
  const farthest = Math.max(0, ...places.map(([x, y, z]) => Math.hypot(x, y - middle, z)));
  return Math.max(1, Math.min(mostReach, farthest / inSight));
}

/** Every role but the Assistant, who is the pole star. */
const rolesOf = (space: PersonaSpace) => space.roles.filter(({ name }) => name !== 'assistant' && name !== 'default');

const assistantOf = (space: PersonaSpace): Position => ({ axis: space.axis.assistant.mean, pc: space.pca.assistant });

/** Families in order of first appearance; a family's index is its shape and its hue. */
export function familiesOf(space: PersonaSpace): string[] {
  return [...new Set(space.roles.map(({ family }) => family))];
}

export class Sky {
  readonly #canvas: HTMLCanvasElement;
  readonly #renderer: WebGLRenderer;
  readonly #scene = new Scene();
  readonly #camera = new PerspectiveCamera(36, 1, 0.05, 30);
  readonly #orbit: Orbit;
  readonly #labels: LabelLayer;
  readonly #roles = new Stars();
  readonly #comet = new Stars();
  readonly #resize: ResizeObserver;
  readonly #forgetPixelRatio: () => void;
  readonly #listeners = new AbortController();
  #still = new Group();
  #moving = new Group();
  #space: PersonaSpace | null = null;
  #frame: Frame | null = null;
  #palette: Palette;
  #trail: Trail = noTrail;
  #horizon: number | null = null;
  /** Where the comet is drawn, on its way to where it is. */
  #head: Point | null = null;
  #request = 0;
  #drawn = 0;
  readonly #pace = new Pace();
  /** The GPU was taken away: nothing is drawn until it is given back. */
  #isLost = false;
  isMotionReduced = false;

  /**
   * @param onLost told when the browser takes the WebGL context away (true), and when it has given it back (false)
   * @throws where the browser gives no WebGL.
   */
  constructor(
    canvas: HTMLCanvasElement,
    labels: HTMLElement,
    palette: Palette,
    onLost: (isLost: boolean) => void = () => {},
  ) {
    this.#canvas = canvas;
    this.#renderer = new WebGLRenderer({ canvas, antialias: true, alpha: true, powerPreference: 'low-power' });
    this.#palette = palette;
    this.#labels = new LabelLayer(labels);
    this.#orbit = new Orbit(canvas, () => this.draw());
    this.#scene.add(this.#still, this.#moving, this.#roles.points, this.#comet.points);
    this.#resize = new ResizeObserver(() => this.#fit());
    this.#resize.observe(canvas.parentElement ?? canvas);
    this.#forgetPixelRatio = watchPixelRatio(() => this.#fit());
    // The renderer's own listeners, which came first, have made everything anew by then.
    for (const [event, isLost] of [
      ['webglcontextlost', true],
      ['webglcontextrestored', false],
    ] as const) {
      const note = () => {
        this.#isLost = isLost;
        onLost(isLost);
        this.draw();
      };
      canvas.addEventListener(event, note, { signal: this.#listeners.signal });
    }
    this.#fit();
  }

  show(space: PersonaSpace | null, palette: Palette): void {
    this.#space = space;
    this.#palette = palette;
    this.#frame = space && space.roles.length > 1 ? new Frame(space) : null;
    this.#buildStill();
    this.#buildTrail();
    this.draw();
  }

  setTrail(trail: Trail): void {
    this.#trail = trail;
    this.#buildTrail();
    this.draw();
  }

  /** The cap's floor as a place on the axis; null for none. */
  setHorizon(axis: number | null): void {
    if (axis === this.#horizon) return;
    this.#horizon = axis;
    this.#buildStill();
    this.draw();
  }

  resetView(): void {
    this.#orbit.reset();
  }

  /** Draws once, at the next frame. */
  draw(): void {
    this.#request ||= requestAnimationFrame(() => this.#render());
  }

  dispose(): void {
    cancelAnimationFrame(this.#request);
    this.#request = -1;
    this.#resize.disconnect();
    this.#forgetPixelRatio();
    this.#listeners.abort();
    this.#orbit.dispose();
    this.#labels.dispose();
    disposeTree(this.#still);
    disposeTree(this.#moving);
    this.#roles.dispose();
    this.#comet.dispose();
    this.#renderer.dispose();
    // A page may have a handful of contexts; those of canvases that are gone count until they are collected.
    this.#renderer.forceContextLoss();
  }

  #fit(): void {
    const { clientWidth: width, clientHeight: height } = this.#canvas.parentElement ?? this.#canvas;
    if (width === 0 || height === 0) return;
    this.#renderer.setPixelRatio(Math.min(2, devicePixelRatio));
    this.#renderer.setSize(width, height, false);
    this.#camera.aspect = width / height;
    // A narrow window steps back instead of cutting the sky's sides off.
    this.#camera.fov =
      this.#camera.aspect < 1 ? 2 * (180 / Math.PI) * Math.atan(Math.tan(0.314) / this.#camera.aspect) : 36;
    this.#camera.updateProjectionMatrix();
    this.draw();
  }

  #colour(axis: number): Rgb {
    return this.#space ? diverging(axisFraction(axis, axisExtent(this.#space)), this.#palette) : this.#palette.neutral;
  }

  #buildStill(): void {
    disposeTree(this.#still);
    this.#still = new Group();
    this.#scene.add(this.#still);
    const frame = this.#frame;
    const palette = this.#palette;
    this.#roles.light(palette.isDark);
    this.#comet.light(false);
    if (!frame || !this.#space) {
      this.#roles.set([]);
      return;
    }
    const families = familiesOf(this.#space);
    const stars = rolesOf(this.#space).map((role): Star => {
      const family = families.indexOf(role.family);
      const halo = palette.families[family % familyCount]!;
      return {
        at: frame.place(role),
        colour: this.#colour(role.axis),
        halo,
        size: 7.5,
        shape: family % familyCount,
      };
    });
    const pole = frame.place(assistantOf(this.#space));
    stars.push({ at: pole, colour: palette.azure, halo: palette.azure, size: 17, shape: shapes.indexOf('star') });
    this.#roles.set(stars);
    const foot = frame.low - overshoot;
    const tip = frame.high + overshoot;
    const arrow = Array.from({ length: 33 }, (_, k): Point => [0, foot + (k / 32) * (tip - foot), 0]);
    const zero = frame.height(0);
    const tint = arrow.map(([, y]) => diverging((y - zero) / (y > zero ? tip - zero : zero - foot), palette));
    this.#still.add(makeLine(arrow, tint, { width: 1.6, opacity: 0.9 }), makeCone([0, tip, 0], palette.azure));
    this.#still.add(makeGrid(zero, palette.line, palette.isDark ? 0.35 : 0.55));
    if (this.#horizon !== null)
      this.#still.add(makeHorizon(frame.height(this.#horizon), palette.azure, palette.isDark));
  }

  #buildTrail(): void {
    disposeTree(this.#moving);
    this.#moving = new Group();
    this.#scene.add(this.#moving);
    const frame = this.#frame;
    const { turns, tokens, plain } = this.#trail;
    const { ink, neutral } = this.#palette;
    this.#orbit.reach = frame
      ? reachOf(
          [...turns, ...plain].map((each) => frame.place(each)),
          frame,
        )
      : 1;
    if (!frame || turns.length + tokens.length === 0) {
      this.#comet.set([]);
      this.#head = null;
      return;
    }
    const at = (position: Position) => frame.place(position);
    const colours = (positions: Position[]) => positions.map(({ axis }) => this.#colour(axis));
    const before = tokens.length ? turns.slice(0, -1) : turns;
    const line = (positions: Position[], tint: Rgb[], style: Parameters<typeof makeLine>[2]) => {
      if (positions.length > 1) this.#moving.add(makeLine(positions.map(at), tint, style));
    };
    line(before, colours(before), { width: 2.5, opacity: 0.75 });
    const latest = [...before.slice(-1), ...tokens];
    line(latest, colours(latest), { width: 2, opacity: 0.8 });
    line(
      plain,
      plain.map(() => neutral),
      { width: 1.5, opacity: 0.8, isDashed: true },
    );
    const last = tokens.at(-1) ?? turns.at(-1)!;
    const mark = (position: Position, size: number, shape: number, colour: Rgb): Star => ({
      at: at(position),
      colour,
      halo: colour,
      size,
      shape,
    });
    const ring = shapes.indexOf('ring');
    this.#head ??= at(last);
    this.#comet.set([
      ...plain.map((position) => mark(position, 7, 1, neutral)),
      ...before.map((position) => mark(position, 8, ring, this.#colour(position.axis))),
      mark(last, 13, ring, ink),
      mark(last, 9, 0, this.#colour(last.axis)),
    ]);
  }

  /** The comet eases to its place; true while it is on its way. */
  #stepHead(): boolean {
    const { turns, tokens } = this.#trail;
    const last = tokens.at(-1) ?? turns.at(-1);
    const position = this.#comet.points.geometry.getAttribute('position');
    if (!last || !this.#frame || !this.#head || !position?.count) return false;
    const target = this.#frame.place(last);
    const gap = Math.hypot(...target.map((value, k) => value - this.#head![k]!));
    const isClose = gap < 2e-3 || this.isMotionReduced || this.#pace.isSlow;
    this.#head = target.map((value, k) =>
      isClose ? value : this.#head![k]! + (value - this.#head![k]!) * 0.3,
    ) as Point;
    for (const index of [position.count - 1, position.count - 2]) position.setXYZ(index, ...this.#head);
    position.needsUpdate = true;
    return !isClose;
  }

  #render(): void {
    this.#request = 0;
    if (this.#isLost) {
      this.#labels.draw([], 0, 0);
      return;
    }
    this.#orbit.isMotionReduced = this.isMotionReduced;
    const isMoving = [this.#orbit.step(), this.#stepHead()].some(Boolean);
    const { azimuth, elevation, distance } = this.#orbit.view;
    const across = Math.cos(elevation) * distance;
    const middle = this.#frame ? (this.#frame.low + this.#frame.high) / 2 : 0;
    this.#camera.position.set(
      Math.sin(azimuth) * across,
      middle + Math.sin(elevation) * distance,
      Math.cos(azimuth) * across,
    );
    this.#camera.lookAt(0, middle, 0);
    for (const stars of [this.#roles, this.#comet]) stars.view(this.#renderer.getPixelRatio(), distance);
    this.#renderer.render(this.#scene, this.#camera);
    this.#drawLabels();
    this.#drawn += 1;
    this.#canvas.dataset.drawn = String(this.#drawn);
    this.#pace.frame(performance.now(), isMoving);
    if (isMoving) this.draw();
  }

  #drawLabels(): void {
    const { clientWidth: width, clientHeight: height } = this.#canvas;
    const frame = this.#frame;
    const seen = new Vector3();
    const label = (text: string, at: Point, kind: Label['kind'], priority: number): Label => {
      seen.set(...at).applyMatrix4(this.#camera.matrixWorldInverse);
      const depth = -seen.z - this.#orbit.view.distance;
      seen.set(...at).project(this.#camera);
      const opacity = seen.z > 1 ? 0 : kind === 'role' ? Math.max(0, Math.min(1, 0.85 - depth * 0.4)) : 1;
      return {
        text,
        x: ((seen.x + 1) / 2) * width,
        y: ((1 - seen.y) / 2) * height,
        kind,
        priority: priority - depth,
        opacity,
      };
    };
    if (!frame || !this.#space) {
      this.#labels.draw([], width, height);
      return;
    }
    const { turns, numbers } = this.#trail;
    const numbered = turns.map((turn, index) => label(String(numbers[index]), frame.place(turn), 'turn', 6));
    this.#labels.draw(
      [
        label('Assistant', frame.place(assistantOf(this.#space)), 'assistant', 20),
        ...rolesOf(this.#space).map((role) => label(role.label, frame.place(role), 'role', 0)),
        label('Assistant', [0, frame.high + overshoot, 0], 'north', 15),
        label('elsewhere', [0, frame.low - overshoot, 0], 'south', 15),
        ...numbered.slice(-9),
      ],
      width,
      height,
    );
  }
}
