/** The plots' colours, read from the page's custom properties, so that a theme is defined in one place (app.css). */

export type Rgb = [number, number, number];

export interface Palette {
  isDark: boolean;
  azure: Rgb;
  neutral: Rgb;
  amber: Rgb;
  ink: Rgb;
  faint: Rgb;
  line: Rgb;
  ground: Rgb;
  /** One a role family, in order of first appearance. */
  families: Rgb[];
}

/** `#rrggbb` as 0-1 sRGB. */
export function parseHex(hex: string): Rgb {
  const digits = hexDigits(hex);
  if (!digits) throw new RangeError(`not a #rrggbb colour: ${hex}`);
  return [0, 2, 4].map((at) => parseInt(digits.slice(at, at + 2), 16) / 255) as Rgb;
}

const hexDigits = (text: string) => /^#([0-9a-f]{6})$/i.exec(text.trim())?.[1];

/** `rgb(255, 255, 255)`, as browsers write an opaque colour that they have computed, as 0-1 sRGB. */
export function parseComputed(text: string): Rgb {
  const bytes = /^rgb\((\d+), (\d+), (\d+)\)$/.exec(text)?.slice(1);
  if (!bytes) throw new RangeError(`not an opaque computed colour: ${text}`);
  return bytes.map((byte) => Number(byte) / 255) as Rgb;
}

/** What a name of the system's, as CanvasText, stands for at this element. */
function computeNamed(name: string, element: Element): Rgb {
  const probe = element.ownerDocument.createElement('i');
  probe.style.color = name;
  probe.style.forcedColorAdjust = 'none';
  element.append(probe);
  const colour = parseComputed(getComputedStyle(probe).color);
  probe.remove();
  return colour;
}

export function toCss([r, g, b]: Rgb, alpha = 1): string {
  const byte = (value: number) => Math.round(value * 255);
  return `rgb(${byte(r)} ${byte(g)} ${byte(b)} / ${alpha})`;
}

export function mix(a: Rgb, b: Rgb, share: number): Rgb {
  return [0, 1, 2].map((k) => a[k]! + (b[k]! - a[k]!) * share) as Rgb;
}

/** The diverging scale: -1 amber (away from the Assistant), 0 neutral, 1 azure. */
export function diverging(fraction: number, palette: Pick<Palette, 'azure' | 'neutral' | 'amber'>): Rgb {
  const share = Math.min(1, Math.abs(fraction));
  return mix(palette.neutral, fraction < 0 ? palette.amber : palette.azure, Math.sqrt(share));
}

export const familyCount = 5;

export function readPalette(element: Element, isDark: boolean): Palette {
  const style = getComputedStyle(element);
  const colour = (name: string) => {
    const text = style.getPropertyValue(`--${name}`);
    // Forced colours put names of the system's in place of ink and ground.
    return hexDigits(text) ? parseHex(text) : computeNamed(text, element);
  };
  return {
    isDark,
    azure: colour('azure'),
    neutral: colour('neutral'),
    amber: colour('amber'),
    ink: colour('ink'),
    faint: colour('ink-3'),
    line: colour('line-strong'),
    ground: colour('sky'),
    families: Array.from({ length: familyCount }, (_, k) => colour(`family-${k + 1}`)),
  };
}
