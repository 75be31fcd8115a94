import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { diverging, mix, parseComputed, parseHex, toCss, type Rgb } from '../../../src/lib/plot/palette';

const css = readFileSync(new URL('../../../src/app.css', import.meta.url), 'utf8');

/** The custom properties of the n-th block that sets `--paper`: 0 light, 1 dark by system, 2 dark by choice. */
function theme(n: number): Record<string, string> {
  const block = css.split(/\{/).filter((part) => part.includes('--paper:'))[n]!;
  return Object.fromEntries([...block.matchAll(/--([\w-]+):\s*([^;]+);/g)].map(([, name, value]) => [name, value!]));
}

function luminance(colour: Rgb): number {
  const [r, g, b] = colour.map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)) as Rgb;
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}
function contrast(a: Rgb, b: Rgb): number {
  const [low, high] = [luminance(a), luminance(b)].toSorted((x, y) => x - y) as [number, number];
  return (high + 0.05) / (low + 0.05);
}

describe('palette', () => {
  it('reads hex and refuses anything else', () => {
    expect(parseHex(' #ff8000 ')).toEqual([1, 128 / 255, 0]);
    expect(() => parseHex('red')).toThrow(RangeError);
    expect(toCss([1, 0.5, 0], 0.25)).toBe('rgb(255 128 0 / 0.25)');
  });

  it('reads what a browser has computed and refuses anything else', () => {
    expect(parseComputed('rgb(255, 128, 0)')).toEqual([1, 128 / 255, 0]);
    for (const text of ['CanvasText', 'rgba(1, 2, 3, 0.5)', 'color(srgb 1 1 1)', ' #ff8000']) {
      expect(() => parseComputed(text)).toThrow(RangeError);
    }
  });

  it('diverges from neutral: azure toward the Assistant, amber away', () => {
    const ends = { azure: [0, 0, 1] as Rgb, neutral: [0.5, 0.5, 0.5] as Rgb, amber: [1, 0.5, 0] as Rgb };
    expect(diverging(1, ends)).toEqual(ends.azure);
    expect(diverging(0, ends)).toEqual(ends.neutral);
    expect(diverging(-1, ends)).toEqual(ends.amber);
    expect(diverging(-7, ends)).toEqual(ends.amber);
  });

  it('is the same in both dark blocks', () => expect(theme(2)).toEqual(theme(1)));

  for (const n of [0, 1]) {
    const colours = theme(n);
    const colour = (name: string) => parseHex(colours[name]!);
    const name = n === 0 ? 'light' : 'dark';

    it(`has AA contrast for text on every ground, ${name}`, () => {
      for (const ink of ['ink', 'ink-2', 'ink-3', 'azure-text', 'amber-text']) {
        for (const ground of ['paper', 'surface', 'raised', 'sky', 'sky-edge']) {
          expect(contrast(colour(ink), colour(ground)), `${ink} on ${ground}`).toBeGreaterThanOrEqual(4.5);
        }
      }
      expect(contrast(colour('ink'), colour('alert-ground'))).toBeGreaterThanOrEqual(4.5);
    });

    it(`has AA contrast on the strongest tint of a token, ${name}`, () => {
      const share = parseFloat(colours['tint']!) / 100;
      for (const end of ['azure', 'amber']) {
        expect(contrast(colour('ink'), mix(colour('paper'), colour(end), share)), end).toBeGreaterThanOrEqual(4.5);
      }
    });
  }
});
