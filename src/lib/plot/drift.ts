/** The drift chart: where each reply was on the axis, with the interval of its mean, and the cap as the horizon. */
import uPlot from 'uplot';
import { axisFraction, type Position } from '../personas/position';
import { diverging, mix, toCss, type Palette, type Rgb } from './palette';

export interface DriftPoint {
  position: Position;
  /** Half width of the mean's 95% interval; null for a reply of one token or of which only the mean was kept. */
  halfWidth: number | null;
}

export interface DriftData {
  /** One a turn; null where nothing was read. */
  steered: (DriftPoint | null)[];
  plain: (DriftPoint | null)[];
  extent: { assistant: number; elsewhere: number } | null;
  /** The cap's floor; null for none. */
  horizon: number | null;
}

const font = '12px Instrument, system-ui, sans-serif';
const nothing: DriftData = { steered: [], plain: [], extent: null, horizon: null };

export class Drift {
  readonly #plot: uPlot;
  readonly #resize: ResizeObserver;
  readonly #listeners = new AbortController();
  #palette: Palette;
  #data: DriftData = nothing;

  constructor(host: HTMLElement, palette: Palette) {
    this.#palette = palette;
    this.#plot = new uPlot(this.#options(host), [[], [], [], [], []], host);
    this.#resize = new ResizeObserver(() => {
      if (host.clientWidth && host.clientHeight)
        this.#plot.setSize({ width: host.clientWidth, height: host.clientHeight });
    });
    this.#resize.observe(host);
    // A canvas whose context was lost with the GPU comes back empty, and its brush as new, which uPlot learns by a size alone.
    const { signal } = this.#listeners;
    this.#plot.ctx.canvas.addEventListener('contextrestored', () => this.#plot.setSize(this.#plot), { signal });
  }

  show(data: DriftData, palette: Palette): void {
    this.#data = data;
    this.#palette = palette;
    const turns = Math.max(data.steered.length, data.plain.length);
    const axis = (points: (DriftPoint | null)[]) =>
      Array.from({ length: turns }, (_, k) => points[k]?.position.axis ?? null);
    const edge = (side: number) =>
      Array.from({ length: turns }, (_, k) => {
        const point = data.steered[k];
        return point ? point.position.axis + side * (point.halfWidth ?? 0) : null;
      });
    const xs = Array.from({ length: turns }, (_, k) => k + 1);
    this.#plot.setData([xs, axis(data.steered), edge(1), edge(-1), axis(data.plain)]);
  }

  dispose(): void {
    this.#resize.disconnect();
    this.#listeners.abort();
    this.#plot.destroy();
  }

  #options(host: HTMLElement): uPlot.Options {
    const colour =
      (pick: (palette: Palette) => Rgb, alpha = 1) =>
      () =>
        toCss(pick(this.#palette), alpha);
    const axis = { font, stroke: colour(({ faint }) => faint), ticks: { show: false }, gap: 6 };
    const grid = { stroke: colour(({ line }) => line, 0.35), width: 1 };
    return {
      width: host.clientWidth || 300,
      height: host.clientHeight || 160,
      legend: { show: false },
      cursor: { show: false },
      padding: [10, 14, 0, 0],
      scales: {
        x: { time: false, range: (_plot, _min, max) => [0.5, Math.max(6, max ?? 0) + 0.5] },
        y: { range: (_plot, min, max) => this.#range(min, max) },
      },
      axes: [
        {
          ...axis,
          size: 26,
          grid: { show: false },
          incrs: [1, 2, 5, 10, 20, 50, 100],
          values: (_plot, splits) => splits.map(String),
        },
        {
          ...axis,
          size: 40,
          grid,
          space: 28,
          values: (_plot, splits) => splits.map((y) => (this.#data.extent ? String(y).replace('-', '−') : '')),
        },
      ],
      series: [
        {},
        {
          stroke: colour(({ ink }) => ink, 0.55),
          width: 1.5,
          points: { show: false },
        },
        { stroke: 'transparent', points: { show: false } },
        { stroke: 'transparent', points: { show: false } },
        { stroke: colour(({ neutral }) => neutral), width: 1.5, dash: [5, 4], points: { show: false } },
      ],
      hooks: { drawClear: [(plot) => this.#drawGround(plot)], draw: [(plot) => this.#drawPoints(plot)] },
    };
  }

  #range(min: number | null, max: number | null): [number, number] {
    const { extent, horizon } = this.#data;
    const values = [min, max, extent?.assistant, extent?.elsewhere, horizon].filter(
      (value) => value !== null && value !== undefined,
    );
    if (values.length === 0) return [-1, 1];
    const low = Math.min(...values);
    const high = Math.max(...values);
    const room = (high - low || 1) * 0.1;
    return [low - room, high + room];
  }

  /** The axis's colours behind the chart, and what the cap keeps the conversation out of. */
  #drawGround(plot: uPlot): void {
    const { ctx, bbox } = plot;
    const { extent, horizon } = this.#data;
    const { azure, amber, ground } = this.#palette;
    if (!extent) return;
    ctx.save();
    const y = (value: number) => plot.valToPos(value, 'y', true);
    const wash = ctx.createLinearGradient(0, y(extent.assistant), 0, y(extent.elsewhere));
    const zero = extent.assistant / (extent.assistant - extent.elsewhere);
    wash.addColorStop(0, toCss(mix(ground, azure, 0.22)));
    wash.addColorStop(Math.max(0, Math.min(1, zero)), toCss(ground));
    wash.addColorStop(1, toCss(mix(ground, amber, 0.22)));
    ctx.fillStyle = wash;
    ctx.fillRect(bbox.left, bbox.top, bbox.width, bbox.height);
    if (horizon !== null) this.#drawHorizon(plot, y(horizon));
    ctx.restore();
  }

  #drawHorizon(plot: uPlot, at: number): void {
    const { ctx, bbox } = plot;
    const ratio = devicePixelRatio;
    const { azure, line } = this.#palette;
    const bottom = bbox.top + bbox.height;
    ctx.save();
    ctx.setLineDash([]);
    ctx.beginPath();
    ctx.rect(bbox.left, at, bbox.width, Math.max(0, bottom - at));
    ctx.clip();
    ctx.strokeStyle = toCss(line, 0.5);
    ctx.lineWidth = ratio;
    ctx.beginPath();
    for (let x = bbox.left - bbox.height; x < bbox.left + bbox.width; x += 9 * ratio) {
      ctx.moveTo(x, bottom);
      ctx.lineTo(x + bbox.height, bottom - bbox.height);
    }
    ctx.stroke();
    ctx.restore();
    ctx.setLineDash([]);
    ctx.strokeStyle = toCss(azure);
    ctx.lineWidth = 1.5 * ratio;
    ctx.beginPath();
    ctx.moveTo(bbox.left, at);
    ctx.lineTo(bbox.left + bbox.width, at);
    ctx.stroke();
  }

  #drawPoints(plot: uPlot): void {
    const { ctx } = plot;
    const ratio = devicePixelRatio;
    const { ink, ground, neutral } = this.#palette;
    const { steered, plain, extent } = this.#data;
    const x = (turn: number) => plot.valToPos(turn + 1, 'x', true);
    const y = (value: number) => plot.valToPos(value, 'y', true);
    ctx.save();
    ctx.setLineDash([]);
    plain.forEach((point, turn) => {
      if (!point) return;
      ctx.fillStyle = toCss(ground);
      ctx.strokeStyle = toCss(neutral);
      ctx.lineWidth = 1.5 * ratio;
      ctx.beginPath();
      ctx.rect(x(turn) - 3.5 * ratio, y(point.position.axis) - 3.5 * ratio, 7 * ratio, 7 * ratio);
      ctx.fill();
      ctx.stroke();
    });
    steered.forEach((point, turn) => {
      if (!point) return;
      const { axis } = point.position;
      const colour = diverging(extent ? axisFraction(axis, extent) : 0, this.#palette);
      const half = point.halfWidth ?? 0;
      ctx.fillStyle = toCss(colour, 0.28);
      const top = y(axis + half);
      ctx.fillRect(x(turn) - 5 * ratio, top, 10 * ratio, y(axis - half) - top);
      ctx.fillStyle = toCss(colour);
      ctx.strokeStyle = toCss(ink);
      ctx.lineWidth = 1.25 * ratio;
      ctx.beginPath();
      ctx.arc(x(turn), y(axis), 4.5 * ratio, 0, Math.PI * 2);
      ctx.fill();
      ctx.stroke();
    });
    ctx.restore();
  }
}
