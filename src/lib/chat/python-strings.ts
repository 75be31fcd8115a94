/** Methods of Python's strings that @huggingface/jinja lacks, or reads without their arguments. */
import { isList, isString, iterate, listOf, str, strip, tupleOf, wrap, type Value } from './python-values';

type Method = (text: string, ...args: Value[]) => Value;

const textOf = (value: Value | undefined): string => {
  if (isString(value)) return value.value;
  throw new Error('an argument is not a string');
};
const list = (parts: string[]) => listOf(parts.map(wrap));
const capitalize = (text: string) => text.charAt(0).toUpperCase() + text.slice(1).toLowerCase();

export const stringMethods: Readonly<Record<string, Method>> = {
  strip: (text, characters) => wrap(strip(text, characters, 'both')),
  lstrip: (text, characters) => wrap(strip(text, characters, 'start')),
  rstrip: (text, characters) => wrap(strip(text, characters, 'end')),
  startswith: (text, prefix, from?: Value) => {
    const rest = [...text].slice(Number(from?.value ?? 0)).join('');
    return wrap((isList(prefix) ? prefix.value : [prefix]).some((each) => rest.startsWith(textOf(each))));
  },
  removeprefix: (text, prefix) => wrap(text.startsWith(textOf(prefix)) ? text.slice(textOf(prefix).length) : text),
  removesuffix: (text, suffix) =>
    wrap(text.endsWith(textOf(suffix)) ? text.slice(0, text.length - textOf(suffix).length) : text),
  splitlines: (text) => list(text.replace(/(?:\r\n|\n|\r)$/, '').split(/\r\n|\n|\r/)),
  rsplit: (text, separator, most?: Value) => {
    const parts = text.split(textOf(separator));
    const kept = most === undefined || Number(most.value) < 0 ? parts.length - 1 : Number(most.value);
    const cut = Math.max(1, parts.length - kept);
    return list([parts.slice(0, cut).join(textOf(separator)), ...parts.slice(cut)]);
  },
  partition: (text, separator) => {
    const at = text.indexOf(textOf(separator));
    return tupleOf((at === -1 ? [text, '', ''] : divide(text, at, textOf(separator))).map(wrap));
  },
  rpartition: (text, separator) => {
    const at = text.lastIndexOf(textOf(separator));
    return tupleOf((at === -1 ? ['', '', text] : divide(text, at, textOf(separator))).map(wrap));
  },
  find: (text, part) => wrap(codePoints(text, text.indexOf(textOf(part)))),
  rfind: (text, part) => wrap(codePoints(text, text.lastIndexOf(textOf(part)))),
  count: (text, part) => wrap(text.split(textOf(part)).length - 1),
  join: (text, parts) => wrap(iterate(parts!).map(textOf).join(text)),
  capitalize: (text) => wrap(capitalize(text)),
  swapcase: (text) => wrap([...text].map((c) => (c === c.toUpperCase() ? c.toLowerCase() : c.toUpperCase())).join('')),
  isdigit: (text) => wrap(/^\p{Nd}+$/u.test(text)),
  isspace: (text) => wrap(text !== '' && strip(text, undefined, 'both') === ''),
  format: (text, ...args) => {
    let next = 0;
    return wrap(text.replace(/\{(\d*)\}/g, (_, index: string) => str(args[index === '' ? next++ : Number(index)]!)));
  },
};

function divide(text: string, at: number, separator: string): string[] {
  return [text.slice(0, at), separator, text.slice(at + separator.length)];
}

/** A place in characters, from one in UTF-16 units. */
function codePoints(text: string, at: number): number {
  return at <= 0 ? at : [...text.slice(0, at)].length;
}
