import { describe, expect, it } from 'vitest';
import { placeLabels, type Label } from '../../../src/lib/plot/labels';

const label = (text: string, x: number, y: number, priority = 0, opacity = 1): Label => ({
  text,
  x,
  y,
  priority,
  kind: 'role',
  opacity,
});

describe('labels of the sky', () => {
  it('never lie over each other, nor outside', () => {
    const crowd = Array.from({ length: 60 }, (_, k) =>
      label(`role ${k}`, 100 + (k % 8) * 22, 60 + Math.floor(k / 8) * 9),
    );
    const placed = placeLabels(crowd, 300, 200);
    expect(placed.length).toBeGreaterThan(5);
    expect(placed.length).toBeLessThan(60);
    const boxes = placed.map(({ left, top, text }) => ({
      left,
      top,
      right: left + text.length * 6.7 + 4,
      bottom: top + 15,
    }));
    boxes.forEach((a, i) => {
      expect(a.left).toBeGreaterThanOrEqual(2);
      expect(a.right).toBeLessThanOrEqual(298);
      for (const b of boxes.slice(i + 1)) {
        expect(a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom).toBe(false);
      }
    });
  });

  it('let the more important go first', () => {
    const [first] = placeLabels([label('small', 50, 50), label('great', 52, 50, 9)], 110, 24 + 50);
    expect(first?.text).toBe('great');
  });

  it('go left of the point where there is no room on the right', () => {
    const [placed] = placeLabels([label('pirate', 190, 50)], 200, 100);
    expect(placed!.left + 'pirate'.length * 6.7).toBeLessThan(190);
  });

  it('are left out where fog hides the point', () => {
    expect(placeLabels([label('far', 50, 50, 0, 0.1)], 200, 100)).toEqual([]);
  });
});
