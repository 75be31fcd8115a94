/** What others' files say of the layer that a tensor belongs to: in its name, or in a field beside it. */

/** Fields beside a tensor, the nearest where two have the same name: numbers, texts, lists of numbers. */
export type Facts = ReadonlyMap<string, unknown>;

const layerKeys = ['layers', 'layer_indices', 'layer_range', 'layer', 'layer_idx', 'layer_index', 'target_layer'];
const hookKeys = ['hook_name', 'hookName', 'hook_point', 'hook'];

/** Whether a field of this name says something of layers: it is then no vector, though it may be a list of numbers. */
export function isHint(key: string): boolean {
  return layerKeys.includes(key) || hookKeys.includes(key);
}

export interface ToldLayers {
  numbers: number[];
  /** As blocks counted from 0, as TransformerLens names its hooks. Else from wherever the file counts. */
  isByBlock: boolean;
}

/**
 * The layers of a tensor's rows, as the fields beside it tell them.
 *
 * @returns null where none of them names as many layers as there are rows
 */
export function layersBeside(facts: Facts, rows: number): ToldLayers | null {
  const block = rows === 1 ? blockOfHook(hookBeside(facts)) : null;
  if (block !== null) return { numbers: [block], isByBlock: true };
  for (const key of layerKeys) {
    const numbers = readLayers(facts.get(key), rows);
    if (numbers) return { numbers, isByBlock: false };
  }
  return null;
}

/** The hook that a tensor is for, where the fields beside it name one that is not the residual stream between two blocks. */
export function hookElsewhere(facts: Facts): string | null {
  const hook = hookBeside(facts);
  return /^blocks\.\d/.test(hook) && blockOfHook(hook) === null ? hook.slice(0, 60) : null;
}

/** The fields that speak of layers, for a message: `target_layer 12`. */
export function describeHints(facts: Facts): string {
  return [...facts]
    .filter(([key]) => isHint(key))
    .map(([key, value]) => `${key} ${JSON.stringify(value)}`)
    .join(', ')
    .slice(0, 100);
}

function hookBeside(facts: Facts): string {
  const names = hookKeys.map((key) => facts.get(key));
  return (names.find((name) => typeof name === 'string') as string | undefined) ?? '';
}

const residualHook = /\bblocks\.(\d{1,3})\.hook_resid_(pre|post)$/;

/** 7 of `blocks.7.hook_resid_post`, and of `blocks.8.hook_resid_pre`, which is the same place. */
function blockOfHook(hook: string): number | null {
  const [, number, site] = residualHook.exec(hook) ?? [];
  if (number === undefined) return null;
  return Number(number) - (site === 'pre' ? 1 : 0);
}

/** `12`, `[12, 13]`, `"12,13"`, `"[12, 13]"`, `"12-20"`, `"12:20"`: with or without the last, as the rows tell. */
function readLayers(value: unknown, rows: number): number[] | null {
  const range =
    typeof value === 'string' ? /^\s*[[(]?\s*(\d{1,3})\s*(?:-|:|\.\.|to)\s*(\d{1,3})\s*[\])]?\s*$/.exec(value) : null;
  if (range) {
    const [first, last] = [Number(range[1]), Number(range[2])];
    if (last - first + 1 !== rows && last - first !== rows) return null;
    return Array.from({ length: rows }, (_, i) => first + i);
  }
  const listed = typeof value === 'string' ? value.replace(/[[\]()\s]/g, '').split(',') : [value].flat();
  if (listed.length !== rows) return null;
  const numbers = listed.map((item: unknown) => (/^\d{1,3}$/.test(String(item)) ? Number(item) : NaN));
  return numbers.every((number) => number <= 256) ? numbers : null;
}

/** A whole part of a path, or a number after a word that means a layer. */
const named = /^(\d{1,3})$|(?:^|[^a-z])(?:layers?|blocks?|directions?|hidden|resid|l|h)[ ._/-]*\[?(\d{1,3})\]?(?!\d)/i;

export interface NamedLayer {
  layer: number;
  isByBlock: boolean;
  /** The name without it. */
  rest: string;
}

/**
 * The layer in a tensor's name: 12 of `layer_12`, `layers.12`, `12`, `blocks.12`, `direction.12`, `evil/layer-12`.
 *
 * @param path the keys on the way to the tensor
 * @returns null where none is named
 */
export function layerInName(path: readonly string[]): NamedLayer | null {
  const whole = path.join('.');
  const block = blockOfHook(whole);
  if (block !== null) return { layer: block, isByBlock: true, rest: trim([whole.replace(residualHook, '')]) };
  const parts = path.flatMap(splitAtNumbers);
  for (let i = parts.length - 1; i >= 0; i--) {
    const found = named.exec(parts[i]!);
    if (!found) continue;
    const without = parts[i]!.slice(0, found.index) + parts[i]!.slice(found.index + found[0].length);
    const rest = trim([...parts.slice(0, i), without, ...parts.slice(i + 1)]);
    return { layer: Number(found[1] ?? found[2]), isByBlock: false, rest };
  }
  return null;
}

/** `evil.12` is as two keys; `layers.12` is one name. */
function splitAtNumbers(key: string): string[] {
  return named.test(key) ? [key] : key.split('.');
}

function trim(parts: readonly string[]): string {
  return parts
    .map((part) => part.replace(/^[ ._/-]+|[ ._/-]+$/g, ''))
    .filter(Boolean)
    .join('.');
}
