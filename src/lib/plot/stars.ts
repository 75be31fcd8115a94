/** Points of the sky: one draw call, a shape a family, a soft glow, dimmed by depth. */
import { AdditiveBlending, BufferAttribute, BufferGeometry, NormalBlending, Points, ShaderMaterial } from 'three';
import type { Rgb } from './palette';

export interface Star {
  at: [number, number, number];
  /** Of the body. */
  colour: Rgb;
  /** Of the glow. */
  halo: Rgb;
  /** CSS pixels across the body at distance 1. */
  size: number;
  /** Index into `shapes`. */
  shape: number;
}

export const shapes = ['circle', 'square', 'diamond', 'triangle', 'hexagon', 'star', 'ring'] as const;

const vertexShader = /* glsl */ `
  attribute vec3 colour; attribute vec3 halo; attribute float size; attribute float shape;
  uniform float pixelRatio; uniform float distance;
  varying vec3 vColour; varying vec3 vHalo; varying float vShape; varying float vFog; varying float vEdge;
  void main() {
    vec4 seen = modelViewMatrix * vec4(position, 1.0);
    gl_Position = projectionMatrix * seen;
    float depth = -seen.z;
    vFog = clamp(1.0 - (depth - distance + 0.9) * 0.34, 0.28, 1.0);
    // The body is a third of the sprite; the rest is room for the glow.
    gl_PointSize = size * pixelRatio * 3.0 * mix(1.0, distance / depth, 0.7);
    // Half a pixel, in units of the body's radius.
    vEdge = 4.0 / gl_PointSize;
    vColour = colour; vHalo = halo; vShape = shape;
  }`;

const fragmentShader = /* glsl */ `
  uniform float glow;
  varying vec3 vColour; varying vec3 vHalo; varying float vShape; varying float vFog; varying float vEdge;
  float hexagon(vec2 p) { p = abs(p); return max(dot(p, vec2(0.866, 0.5)), p.y) - 0.9; }
  float starOf(vec2 p) { float a = atan(p.x, p.y); return length(p) - mix(1.25, 0.5, pow(abs(sin(a * 2.0)), 0.55)); }
  void main() {
    vec2 p = (gl_PointCoord - 0.5) * 6.0;
    p.y = -p.y;
    float d = length(p) - 1.0;
    if (vShape > 5.5) d = abs(length(p) - 1.0) - 0.22;
    else if (vShape > 4.5) d = starOf(p);
    else if (vShape > 3.5) d = hexagon(p);
    else if (vShape > 2.5) d = max(abs(p.x) * 0.866 + p.y * 0.5, -p.y) - 0.62;
    else if (vShape > 1.5) d = (abs(p.x) + abs(p.y)) * 0.8 - 0.95;
    else if (vShape > 0.5) d = max(abs(p.x), abs(p.y)) - 0.82;
    float body = 1.0 - smoothstep(-vEdge, vEdge, d);
    float halo = glow * exp(-2.2 * max(d, 0.0)) * (1.0 - smoothstep(1.3, 2.0, length(p) - 1.0));
    float alpha = max(body, halo) * vFog;
    if (alpha < 0.004) discard;
    gl_FragColor = vec4(mix(vHalo, vColour, body), alpha);
  }`;

export class Stars {
  readonly points: Points<BufferGeometry, ShaderMaterial>;

  constructor() {
    const uniforms = { pixelRatio: { value: 1 }, distance: { value: 3 }, glow: { value: 0.5 } };
    const material = new ShaderMaterial({
      vertexShader,
      fragmentShader,
      uniforms,
      transparent: true,
      depthWrite: false,
    });
    this.points = new Points(new BufferGeometry(), material);
    this.points.frustumCulled = false;
  }

  set(stars: readonly Star[]): void {
    this.points.geometry.dispose();
    const geometry = new BufferGeometry();
    const attribute = (name: string, size: number, of: (star: Star) => number[]) =>
      geometry.setAttribute(name, new BufferAttribute(new Float32Array(stars.flatMap(of)), size));
    attribute('position', 3, ({ at }) => at);
    attribute('colour', 3, ({ colour }) => colour);
    attribute('halo', 3, ({ halo }) => halo);
    attribute('size', 1, ({ size }) => [size]);
    attribute('shape', 1, ({ shape }) => [shape]);
    this.points.geometry = geometry;
    this.points.visible = stars.length > 0;
  }

  /** Light on a dark sky adds up; ink on paper covers. */
  light(isDark: boolean): void {
    const { material } = this.points;
    material.blending = isDark ? AdditiveBlending : NormalBlending;
    material.uniforms.glow!.value = isDark ? 0.55 : 0.28;
    material.needsUpdate = true;
  }

  view(pixelRatio: number, distance: number): void {
    const { uniforms } = this.points.material;
    uniforms.pixelRatio!.value = pixelRatio;
    uniforms.distance!.value = distance;
  }

  dispose(): void {
    this.points.geometry.dispose();
    this.points.material.dispose();
  }
}
