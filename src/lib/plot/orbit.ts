/** Turns and zooms a view by mouse, touch and keyboard: eased out, and still when nothing moves. */

export interface View {
  /** Radians; azimuth about the axis, elevation above the grid. */
  azimuth: number;
  elevation: number;
  distance: number;
}

const home: View = { azimuth: 0.5, elevation: 0.4, distance: 4 };
const turn = 0.12;
const zoom = 1.12;

export class Orbit {
  readonly view: View = { ...home };
  readonly #wanted: View = { ...home };
  readonly #pointers = new Map<number, { x: number; y: number }>();
  readonly #onChange: () => void;
  readonly #listeners = new AbortController();
  isMotionReduced = false;
  /** The view steps back by this factor, so that what lies far out stays in sight. */
  reach = 1;

  constructor(element: HTMLElement, onChange: () => void) {
    this.#onChange = onChange;
    const { signal } = this.#listeners;
    element.addEventListener(
      'pointerdown',
      (event) => {
        element.setPointerCapture(event.pointerId);
        this.#pointers.set(event.pointerId, { x: event.clientX, y: event.clientY });
      },
      { signal },
    );
    element.addEventListener('pointermove', (event) => this.#drag(event), { signal });
    for (const end of ['pointerup', 'pointercancel'] as const) {
      element.addEventListener(end, (event) => this.#pointers.delete(event.pointerId), { signal });
    }
    element.addEventListener(
      'wheel',
      (event) => {
        event.preventDefault();
        this.#move({ distance: this.#wanted.distance * Math.exp(event.deltaY * 0.0012) });
      },
      { signal, passive: false },
    );
    element.addEventListener('keydown', (event) => this.#press(event), { signal });
  }

  /** One step toward what the hand asked for; true while there is more to go. */
  step(): boolean {
    let isMoving = false;
    for (const key of ['azimuth', 'elevation', 'distance'] as const) {
      const wanted = this.#wanted[key] * (key === 'distance' ? this.reach : 1);
      const gap = wanted - this.view[key];
      const isClose = Math.abs(gap) < 1e-3 || this.isMotionReduced;
      this.view[key] = isClose ? wanted : this.view[key] + gap * 0.28;
      isMoving ||= !isClose;
    }
    return isMoving;
  }

  reset(): void {
    this.#move(home);
  }

  dispose(): void {
    this.#listeners.abort();
  }

  #drag(event: PointerEvent): void {
    const before = this.#pointers.get(event.pointerId);
    if (!before) return;
    const others = [...this.#pointers].filter(([id]) => id !== event.pointerId).map(([, point]) => point);
    const now = { x: event.clientX, y: event.clientY };
    this.#pointers.set(event.pointerId, now);
    const other = others[0];
    if (other) {
      const gap = (point: { x: number; y: number }) => Math.hypot(point.x - other.x, point.y - other.y);
      this.#move({ distance: (this.#wanted.distance * Math.max(1, gap(before))) / Math.max(1, gap(now)) });
    } else {
      this.#move({
        azimuth: this.#wanted.azimuth - (now.x - before.x) * 0.008,
        elevation: this.#wanted.elevation + (now.y - before.y) * 0.008,
      });
    }
  }

  #press(event: KeyboardEvent): void {
    const { azimuth, elevation, distance } = this.#wanted;
    const moves: Record<string, Partial<View>> = {
      ArrowLeft: { azimuth: azimuth - turn },
      ArrowRight: { azimuth: azimuth + turn },
      ArrowUp: { elevation: elevation + turn },
      ArrowDown: { elevation: elevation - turn },
      '+': { distance: distance / zoom },
      '=': { distance: distance / zoom },
      '-': { distance: distance * zoom },
      '0': home,
    };
    const move = moves[event.key];
    if (!move || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    this.#move(move);
  }

  #move(to: Partial<View>): void {
    Object.assign(this.#wanted, to);
    this.#wanted.elevation = Math.max(-1.35, Math.min(1.35, this.#wanted.elevation));
    this.#wanted.distance = Math.max(1.4, Math.min(8, this.#wanted.distance));
    this.#onChange();
  }
}
