/** Nothing on the page is set smaller than 12 px, where the browser's own size is 16: in styles, on canvases, in charts. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';

const smallest = 12;
const files = readdirSync('src', { withFileTypes: true, recursive: true })
  .filter((entry) => entry.isFile() && /\.(css|svelte|ts)$/.test(entry.name))
  .map((entry) => path.join(entry.parentPath, entry.name));
const sizes = new Map(
  [...readFileSync('src/app.css', 'utf8').matchAll(/(--size-\d): ([^;]+);/g)].map(([, name, value]) => [name!, value!]),
);

/** In pixels; null: relative to something that a style does not tell. */
function pixelsOf(size: string): number | null {
  const text = size.trim();
  const larger = /^max\((.+)\)$/.exec(text);
  if (larger) return Math.max(...larger[1]!.split(',').map((one) => pixelsOf(one) ?? 0)) || null;
  const named = /^var\((--size-\d)\)$/.exec(text);
  if (named) return pixelsOf(sizes.get(named[1]!) ?? '');
  const [, number, unit] = /^([\d.]+)(px|rem)$/.exec(text) ?? [];
  return number === undefined ? null : Number(number) * (unit === 'rem' ? 16 : 1);
}

/** What styles and canvases ask for: `font-size: …`, `font: 450 … / 1.2 …`, `'12px Instrument'`, `font-size="…"`. */
function sizesIn(text: string): string[] {
  const found = [
    ...text.matchAll(/font-size: *([^;}\n]+)[;}]/g),
    ...text.matchAll(/font: *(?!inherit)\S+ ((?:var|max)\([^)]*\)|[\d.]+\w+)/g),
    ...text.matchAll(/['"`](?:\d+ )?([\d.]+px) [A-Z]/g),
    ...text.matchAll(/font-size="([^"]+)"/g),
  ];
  return found.map(([, size]) => size!).filter((size) => size.trim() !== 'inherit');
}

it('the sizes that styles choose from are large enough', () => {
  expect([...sizes.keys()]).toContain('--size-1');
  for (const value of sizes.values()) expect(pixelsOf(value)).toBeGreaterThanOrEqual(smallest);
});

describe('what is set', () => {
  it('is found in every way of writing it', () => {
    const text = "a { font-size: 11.5px; } b { font: 400 0.7rem / 1.6 var(--voice); } const font = '11px Instrument';";
    expect(sizesIn(`${text} c { font-size: max(0.75rem, 0.9em); } <text font-size="9px">`).map(pixelsOf)).toEqual([
      11.5, 12, 11.2, 11, 9,
    ]);
  });

  it.each(['small', 'code', 'sub', 'sup', 'kbd', 'pre', 'samp'])(
    '<%s>, which browsers set smaller, is not used or has a size of its own',
    (tag) => {
      const isUsed = files.some((file) => file.endsWith('.svelte') && readFileSync(file, 'utf8').includes(`<${tag}>`));
      const css = readFileSync('src/app.css', 'utf8');
      expect(!isUsed || css.includes(`:where(${tag}) {`)).toBe(true);
    },
  );

  it('is nowhere smaller, nor as small as its surroundings make it', () => {
    const all = files.flatMap((file) => sizesIn(readFileSync(file, 'utf8')).map((size) => ({ file, size })));
    expect(all.length).toBeGreaterThan(50);
    expect(all.filter(({ size }) => (pixelsOf(size) ?? 0) < smallest)).toEqual([]);
  });
});
