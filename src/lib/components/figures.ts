/** Numbers and tokens as the page writes them: a true minus, fixed digits, units that fit. */
import type { Alternative } from '$lib/engine/engine';

export function signed(value: number, digits = 2): string {
  const text = Math.abs(value).toFixed(digits);
  if (Number(text) === 0) return text;
  return value < 0 ? `−${text}` : `+${text}`;
}

export function bytes(count: number): string {
  if (count >= 1e9) return `${(count / 1e9).toFixed(1)} GB`;
  if (count >= 1e6) return `${(count / 1e6).toFixed(1)} MB`;
  return `${Math.round(count / 1e3)} kB`;
}

/** Of an estimate: no digits that are not known. */
export function roughBytes(count: number): string {
  return count >= 1e9 ? bytes(count) : `${Math.round(count / 1e7) * 10} MB`;
}

/** 2.7M, 1.2B. */
export function count(value: number): string {
  if (value >= 1e9) return `${(value / 1e9).toFixed(1)}B`;
  if (value >= 1e6) return `${(value / 1e6).toFixed(1)}M`;
  return value.toLocaleString('en');
}

/** 40 s, 3 min, 1 h 5 min. */
export function duration(seconds: number): string {
  if (seconds < 60) return `${Math.max(1, Math.round(seconds))} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** A share and its interval: "0.83 [0.55, 0.95]". */
export function estimate(value: number, { low, high }: { low: number; high: number }, digits = 2): string {
  const figure = (x: number) => x.toFixed(digits).replace('-', '−');
  return `${figure(value)} [${figure(low)}, ${figure(high)}]`;
}

/** A token among others: its words, "␣" for white space, its own name where it is no text. */
export function tokenName({ text, mark, endsReply }: Pick<Alternative, 'text' | 'mark' | 'endsReply'>): string {
  const name = mark ?? (text.trim() || '␣');
  return endsReply ? `${name} (end of reply)` : name;
}
