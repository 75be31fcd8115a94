/** Names over the sky: each beside its point, the more important first, none over another. */

export interface Label {
  text: string;
  /** CSS pixels. */
  x: number;
  y: number;
  /** Larger is placed first. */
  priority: number;
  kind: 'role' | 'assistant' | 'north' | 'south' | 'turn';
  /** 0-1; below 0.15 it is left out. */
  opacity: number;
}

interface Box {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

/** Rough widths will do: labels are short, and a gap is part of the look. */
const advance = { role: 6.7, assistant: 8.2, north: 6.7, south: 6.7, turn: 6.7 };
const lineHeight = 15;

const overlaps = (a: Box, b: Box) => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;

const roomOfPoint = 6;

/**
 * The labels that find room, with their left and top: right of the point, else left of it, else below or above;
 * clear of other points where that can be had, clear of other labels always.
 */
export function placeLabels(
  labels: readonly Label[],
  width: number,
  height: number,
): (Label & { left: number; top: number })[] {
  const taken: Box[] = [];
  const placed: (Label & { left: number; top: number })[] = [];
  const points = labels.map(({ x, y }) => ({
    left: x - roomOfPoint,
    top: y - roomOfPoint,
    right: x + roomOfPoint,
    bottom: y + roomOfPoint,
  }));
  for (const label of labels.toSorted((a, b) => b.priority - a.priority)) {
    if (label.opacity < 0.15) continue;
    const w = label.text.length * advance[label.kind] + 4;
    const gap = label.kind === 'assistant' ? 14 : 9;
    const spots = [
      [label.x + gap, label.y - lineHeight / 2],
      [label.x - gap - w, label.y - lineHeight / 2],
      [label.x - w / 2, label.y + gap],
      [label.x - w / 2, label.y - gap - lineHeight],
    ] as const;
    const boxes = spots
      .map(([left, top]) => ({ left, top, right: left + w, bottom: top + lineHeight }))
      .filter((box) => box.left >= 2 && box.right <= width - 2 && box.top >= 2 && box.bottom <= height - 2)
      .filter((box) => !taken.some((other) => overlaps(box, other)));
    const isClear = (spot: Box) => label.kind === 'assistant' || !points.some((point) => overlaps(spot, point));
    const box = boxes.find(isClear) ?? boxes[0];
    if (!box) continue;
    taken.push(box);
    placed.push({ ...label, left: box.left, top: box.top });
  }
  return placed;
}

/** Draws labels as spans, reusing what is there. */
export class LabelLayer {
  readonly #root: HTMLElement;

  constructor(root: HTMLElement) {
    this.#root = root;
  }

  draw(labels: readonly Label[], width: number, height: number): void {
    const placed = placeLabels(labels, width, height);
    while (this.#root.childElementCount > placed.length) this.#root.lastElementChild!.remove();
    while (this.#root.childElementCount < placed.length) {
      const span = document.createElement('span');
      span.dir = 'auto';
      this.#root.append(span);
    }
    placed.forEach((label, index) => {
      const span = this.#root.children[index] as HTMLElement;
      if (span.textContent !== label.text) span.textContent = label.text;
      span.dataset.kind = label.kind;
      span.style.transform = `translate(${Math.round(label.left)}px, ${Math.round(label.top)}px)`;
      span.style.opacity = label.opacity.toFixed(2);
    });
  }

  dispose(): void {
    this.#root.replaceChildren();
  }
}
