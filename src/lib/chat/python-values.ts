/** Values of @huggingface/jinja, with the meaning they have in Python: how they are written, compared, gone through. */
import { Environment, Interpreter } from '@huggingface/jinja';

export type Value = ReturnType<Interpreter['evaluate']>;

const scratch = new Environment();

/** A value of the library's from one of ours: null, a string, a number without fraction, a function of those, … */
export function wrap(plain: unknown): Value {
  scratch.variables.delete('value');
  return scratch.set('value', plain);
}

export function listOf(items: Value[]): Value {
  const list = wrap([]);
  list.value = items;
  return list;
}

export function tupleOf(items: Value[]): Value {
  const tuple = new Interpreter(scratch).evaluate({ type: 'TupleLiteral', value: [] } as { type: string }, scratch);
  tuple.value = items;
  return tuple;
}

export function dictOf(entries: Iterable<[string, Value]>): Value {
  const dict = wrap({});
  dict.value = new Map(entries);
  return dict;
}

export function floatOf(number: number): Value {
  const float = wrap(0.5);
  float.value = number;
  return float;
}

export const isString = (value: Value | undefined): value is Value & { value: string } => value?.type === 'StringValue';
export const isList = (value: Value | undefined): value is Value & { value: Value[] } =>
  value?.type === 'ArrayValue' || value?.type === 'TupleValue';
export const isDict = (value: Value | undefined): value is Value & { value: Map<string, Value> } =>
  value?.type === 'ObjectValue' || value?.type === 'NamespaceValue';
export const isUndefined = (value: Value | undefined): boolean =>
  value === undefined || value.type === 'UndefinedValue';
export const isTrue = (value: Value): boolean => value.__bool__().value;

/** Python's numbers, of which True and False are two. */
export const isNumber = (value: Value | undefined): value is Value & { value: number | boolean } =>
  value !== undefined && ['IntegerValue', 'FloatValue', 'BooleanValue'].includes(value.type);

/** What a loop goes through: a dict's keys, a string's characters, nothing for an undefined value. */
export function iterate(value: Value): Value[] {
  if (isList(value)) return value.value;
  if (isString(value)) return [...value.value].map(wrap);
  if (isDict(value)) return [...value.value.keys()].map(wrap);
  if (isUndefined(value)) return [];
  throw new Error(`a ${value.type} can't be gone through`);
}

/** `str(value)`, and nothing for what is undefined. */
export function str(value: Value): string {
  return isString(value) ? value.value : isUndefined(value) ? '' : repr(value);
}

function repr(value: Value): string {
  if (isString(value)) return quote(value.value);
  if (isList(value)) {
    const items = value.value.map(repr).join(', ');
    if (value.type === 'ArrayValue') return `[${items}]`;
    return `(${items}${value.value.length === 1 ? ',' : ''})`;
  }
  if (isDict(value)) return `{${[...value.value].map(([key, item]) => `${quote(key)}: ${repr(item)}`).join(', ')}}`;
  if (value.type === 'NullValue') return 'None';
  if (value.type === 'BooleanValue') return value.value ? 'True' : 'False';
  return isUndefined(value) ? 'Undefined' : value.toString();
}

function quote(text: string): string {
  const mark = text.includes("'") && !text.includes('"') ? '"' : "'";
  const names: Record<string, string> = { '\n': '\\n', '\r': '\\r', '\t': '\\t', '\\': '\\\\', [mark]: `\\${mark}` };
  const escape = (sign: string) => names[sign] ?? `\\x${sign.charCodeAt(0).toString(16).padStart(2, '0')}`;
  return mark + text.replace(mark === '"' ? /[\\"\x00-\x1f\x7f]/g : /[\\'\x00-\x1f\x7f]/g, escape) + mark;
}

/** `a == b`: numbers by value, containers by content, and nothing equals a value of another kind. */
export function equals(a: Value, b: Value): boolean {
  if (isNumber(a) && isNumber(b)) return Number(a.value) === Number(b.value);
  if (isUndefined(a) || isUndefined(b)) return isUndefined(a) && isUndefined(b);
  if (a.type !== b.type) return false;
  if (isList(a) && isList(b)) {
    return a.value.length === b.value.length && a.value.every((item, i) => equals(item, b.value[i]!));
  }
  if (isDict(a) && isDict(b)) {
    const other = b.value;
    return (
      a.value.size === other.size &&
      [...a.value].every(([key, item]) => other.has(key) && equals(item, other.get(key)!))
    );
  }
  return a.value === b.value;
}

/** `item in container` */
export function contains(container: Value, item: Value): boolean {
  if (isString(container)) {
    if (isString(item)) return container.value.includes(item.value);
    throw new Error(`a ${item.type} can't be looked for in a string`);
  }
  return iterate(container).some((each) => equals(each, item));
}

/** Negative, zero or positive, as `a` is before, equal to or after `b`. */
export function compare(a: Value, b: Value): number {
  if (isNumber(a) && isNumber(b)) return Number(a.value) - Number(b.value);
  if (isString(a) && isString(b)) return a.value < b.value ? -1 : a.value > b.value ? 1 : 0;
  throw new Error(`a ${a.type} and a ${b.type} have no order`);
}

/** `value.a.b` or `value.0`, of dicts and lists. */
export function attribute(value: Value, path: Value): Value {
  let found: Value | undefined = value;
  for (const part of str(path).split('.')) {
    if (isDict(found)) found = found.value.get(part);
    else found = isList(found) ? (found.value as Value[]).at(Number(part)) : undefined;
  }
  return found ?? wrap(undefined);
}

/** What Python strips: JavaScript's white space has U+FEFF too, and lacks some control characters. */
const SPACE = /[\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]/;

/** `text.strip(characters)`, at its beginning, its end or both. */
export function strip(text: string, characters: Value | undefined, ends: 'start' | 'end' | 'both'): string {
  const set = isString(characters) ? new Set(characters.value) : null;
  const isStripped = (sign: string) => (set ? set.has(sign) : SPACE.test(sign));
  const signs = [...text];
  const first = ends === 'end' ? 0 : signs.findIndex((sign) => !isStripped(sign));
  if (first === -1) return '';
  const last = ends === 'start' ? signs.length - 1 : signs.findLastIndex((sign) => !isStripped(sign));
  return signs.slice(first, last + 1).join('');
}
