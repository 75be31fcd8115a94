/** Jinja's filters and tests, where @huggingface/jinja lacks them or has them otherwise. */
import { stringMethods } from './python-strings';
import {
  attribute,
  compare,
  contains,
  equals,
  floatOf,
  isDict,
  isList,
  isNumber,
  isString,
  isTrue,
  isUndefined,
  iterate,
  listOf,
  str,
  strip,
  wrap,
  type Value,
} from './python-values';

export interface Arguments {
  positional: Value[];
  named: ReadonlyMap<string, Value>;
}

/** Applies a filter or a test by its name, one of the library's too. */
export interface Calls {
  filter(name: string, value: Value, args: Value[]): Value;
  test(name: string, value: Value, args: Value[]): boolean;
}

export type Filter = (value: Value, args: Arguments, calls: Calls) => Value;
type Test = (value: Value, ...args: Value[]) => boolean;

const nothing = () => wrap(undefined);

/** Of a filter's arguments, the one with this place and name. */
function pick({ positional, named }: Arguments, place: number, name: string): Value | undefined {
  return positional[place] ?? named.get(name);
}

/** select, reject and, with an attribute's name before them, selectattr and rejectattr. */
function select(isKept: boolean, hasAttribute: boolean): Filter {
  return (value, { positional }, calls) => {
    const path = hasAttribute ? positional[0] : undefined;
    const [test, ...args] = hasAttribute ? positional.slice(1) : positional;
    const passes = (item: Value) => {
      const tested = path ? attribute(item, path) : item;
      return test ? calls.test(str(test), tested, args) : isTrue(tested);
    };
    return listOf(iterate(value).filter((item) => passes(item) === isKept));
  };
}

const size = (value: Value) => (isDict(value) ? value.value.size : iterate(value).length);

const defaultTo: Filter = (value, args) => {
  const isFalseToo = pick(args, 1, 'boolean');
  const isReplaced = isUndefined(value) || (isFalseToo !== undefined && isTrue(isFalseToo) && !isTrue(value));
  return isReplaced ? (pick(args, 0, 'default_value') ?? wrap('')) : value;
};

const extreme =
  (sign: 1 | -1): Filter =>
  (value) =>
    iterate(value).reduce<Value | undefined>(
      (best, item) => (best && sign * compare(best, item) >= 0 ? best : item),
      undefined,
    ) ?? nothing();

const HTML: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', "'": '&#39;', '"': '&#34;' };
const escapeHtml: Filter = (value) => wrap(str(value).replace(/[&<>'"]/g, (sign) => HTML[sign]!));

export const filters: Readonly<Record<string, Filter>> = {
  trim: (value, args) => wrap(strip(str(value), pick(args, 0, 'chars'), 'both')),
  string: (value) => wrap(str(value)),
  upper: (value) => wrap(str(value).toUpperCase()),
  lower: (value) => wrap(str(value).toLowerCase()),
  capitalize: (value) => stringMethods.capitalize!(str(value)),
  title: (value) => wrap(str(value).replace(/[^-\s({[<]+/g, (word) => str(stringMethods.capitalize!(word)))),
  escape: escapeHtml,
  e: escapeHtml,
  wordcount: (value) => wrap((str(value).match(/[\p{L}\p{N}_]+/gu) ?? []).length),
  length: (value) => wrap(size(value)),
  count: (value) => wrap(size(value)),
  default: defaultTo,
  d: defaultTo,
  first: (value) => iterate(value)[0] ?? nothing(),
  last: (value) => iterate(value).at(-1) ?? nothing(),
  list: (value) => listOf([...iterate(value)]),
  reverse: (value) =>
    isString(value) ? wrap([...value.value].reverse().join('')) : listOf([...iterate(value)].reverse()),
  unique: (value) =>
    listOf(iterate(value).filter((item, i, all) => all.findIndex((other) => equals(item, other)) === i)),
  sum: (value, args) =>
    iterate(value)
      .map((item) => (args.named.has('attribute') ? attribute(item, args.named.get('attribute')!) : item))
      .reduce(add, pick(args, 1, 'start') ?? wrap(0)),
  max: extreme(1),
  min: extreme(-1),
  round: (value, args) => {
    const scale = 10 ** Number(pick(args, 0, 'precision')?.value ?? 0);
    return floatOf(roundToEven(Number(value.value) * scale) / scale);
  },
  join: (value, args) => {
    const path = pick(args, 1, 'attribute');
    const items = iterate(value).map((item) => str(path ? attribute(item, path) : item));
    return wrap(items.join(str(pick(args, 0, 'd') ?? wrap(''))));
  },
  batch: (value, args) => {
    const items = iterate(value);
    const width = Number(args.positional[0]?.value);
    if (!(width >= 1)) throw new Error('batch() needs a length');
    return listOf(
      Array.from({ length: Math.ceil(items.length / width) }, (_, i) =>
        listOf(items.slice(i * width, (i + 1) * width)),
      ),
    );
  },
  map: (value, { positional, named }, calls) => {
    const path = named.get('attribute');
    const [name, ...args] = positional;
    const change = (item: Value) => {
      if (!path) return calls.filter(str(name!), item, args);
      const found = attribute(item, path);
      return isUndefined(found) ? (named.get('default') ?? found) : found;
    };
    return listOf(iterate(value).map(change));
  },
  select: select(true, false),
  reject: select(false, false),
  selectattr: select(true, true),
  rejectattr: select(false, true),
};

function add(a: Value, b: Value): Value {
  if (isNumber(a) && isNumber(b)) {
    const sum = Number(a.value) + Number(b.value);
    return [a, b].some(({ type }) => type === 'FloatValue') ? floatOf(sum) : wrap(sum);
  }
  if (isList(a) && isList(b)) return listOf([...a.value, ...b.value]);
  throw new Error(`a ${a.type} and a ${b.type} can't be added`);
}

function roundToEven(number: number): number {
  const rounded = Math.round(number);
  return Math.abs(number % 1) === 0.5 && rounded % 2 !== 0 ? rounded - 1 : rounded;
}

const equal: Test = (value, other) => equals(value, other!);
const order = (isRight: (difference: number) => boolean): Test => {
  return (value, other) => isRight(compare(value, other!));
};
const [less, most, greater, least] = [
  order((difference) => difference < 0),
  order((difference) => difference <= 0),
  order((difference) => difference > 0),
  order((difference) => difference >= 0),
];
const differs: Test = (value, other) => !equals(value, other!);

export const tests: Readonly<Record<string, Test>> = {
  ...{ eq: equal, equalto: equal, '==': equal, ne: differs, '!=': differs },
  ...{ lt: less, lessthan: less, '<': less, le: most, '<=': most },
  ...{ gt: greater, greaterthan: greater, '>': greater, ge: least, '>=': least },
  in: (value, container) => contains(container!, value),
  number: isNumber,
  integer: ({ type }) => type === 'IntegerValue',
  float: ({ type }) => type === 'FloatValue',
  mapping: (value) => isDict(value) && value.type === 'ObjectValue',
  iterable: (value) => isString(value) || isList(value) || isDict(value) || isUndefined(value),
  sequence: (value) => isString(value) || isList(value) || isDict(value) || isUndefined(value),
  divisibleby: (value, divisor) => Number(value.value) % Number(divisor!.value) === 0,
  sameas: (value, other) => value.type === other!.type && value.value === other!.value,
};
