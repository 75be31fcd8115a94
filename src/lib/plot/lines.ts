/** Lines of the sky: the axis, a faint grid, the horizon of the cap, and the comet's trail. */
import {
  CircleGeometry,
  Color,
  ConeGeometry,
  DoubleSide,
  Group,
  Mesh,
  MeshBasicMaterial,
  SRGBColorSpace,
  type BufferGeometry,
  type Material,
  type Object3D,
} from 'three';
import { Line2 } from 'three/addons/lines/Line2.js';
import { LineGeometry } from 'three/addons/lines/LineGeometry.js';
import { LineMaterial } from 'three/addons/lines/LineMaterial.js';
import type { Rgb } from './palette';

type Point = readonly [number, number, number];
const linear = ([r, g, b]: Rgb) => new Color().setRGB(r, g, b, SRGBColorSpace);

export interface LineStyle {
  /** CSS pixels. */
  width: number;
  opacity: number;
  isDashed?: boolean;
}

/** A line of constant width on the screen, with a colour a point. */
export function makeLine(points: readonly Point[], colours: readonly Rgb[], style: LineStyle): Line2 {
  const geometry = new LineGeometry();
  geometry.setPositions(points.flat());
  geometry.setColors(colours.flatMap((colour) => linear(colour).toArray()));
  const { width, opacity, isDashed = false } = style;
  const material = new LineMaterial({
    vertexColors: true,
    linewidth: width,
    transparent: true,
    opacity,
    depthWrite: false,
  });
  const line = new Line2(geometry, material);
  if (isDashed) {
    Object.assign(material, { dashed: true, dashSize: 0.035, gapSize: 0.03 });
    line.computeLineDistances();
  }
  line.frustumCulled = false;
  return line;
}

export function makeCone(at: Point, colour: Rgb): Mesh {
  const cone = new Mesh(new ConeGeometry(0.018, 0.07, 20), new MeshBasicMaterial({ color: linear(colour) }));
  cone.position.set(...at);
  return cone;
}

const around = (radius: number, y: number, segments = 72): Point[] =>
  Array.from({ length: segments + 1 }, (_, k) => {
    const angle = (k / segments) * Math.PI * 2;
    return [Math.cos(angle) * radius, y, Math.sin(angle) * radius];
  });

/** Circles and spokes across the axis at height y. */
export function makeGrid(y: number, colour: Rgb, opacity: number): Group {
  const group = new Group();
  const style = { width: 1, opacity };
  const add = (points: Point[]) =>
    group.add(
      makeLine(
        points,
        points.map(() => colour),
        style,
      ),
    );
  for (const radius of [0.35, 0.7, 1.05]) add(around(radius, y));
  for (let k = 0; k < 6; k++) {
    const angle = (k / 6) * Math.PI;
    const end: Point = [Math.cos(angle) * 1.05, y, Math.sin(angle) * 1.05];
    add([[-end[0], y, -end[2]], end]);
  }
  return group;
}

/** The cap's floor: a disc that the conversation is kept above. */
export function makeHorizon(y: number, colour: Rgb, isDark: boolean): Group {
  const group = new Group();
  const rim = around(1.05, y);
  group.add(
    makeLine(
      rim,
      rim.map(() => colour),
      { width: 1.5, opacity: 0.85 },
    ),
  );
  const fill = new MeshBasicMaterial({
    color: linear(colour),
    transparent: true,
    opacity: isDark ? 0.07 : 0.06,
    side: DoubleSide,
    depthWrite: false,
  });
  const disc = new Mesh(new CircleGeometry(1.05, 72), fill);
  disc.rotation.x = -Math.PI / 2;
  disc.position.y = y;
  group.add(disc);
  return group;
}

/** Frees geometry and material of everything under an object. */
export function disposeTree(root: Object3D): void {
  root.traverse((object) => {
    const { geometry, material } = object as Partial<{ geometry: BufferGeometry; material: Material }>;
    geometry?.dispose();
    material?.dispose();
  });
  root.removeFromParent();
}
