/** Python's operators, where those of @huggingface/jinja differ. */
import * as python from './python-values';
import { isList, isNumber, isString, isUndefined, listOf, str, wrap, type Value } from './python-values';

/** Characters of a text, or items of a list, that a repetition may make. */
const MAX_REPEATED = 1_000_000;

/** undefined where the library operates as Python does. */
export function operateLikePython(operator: string, a: Value, b: Value): Value | undefined {
  switch (operator) {
    case '==':
      return wrap(python.equals(a, b));
    case '!=':
      return wrap(!python.equals(a, b));
    case 'in':
      return wrap(python.contains(b, a));
    case 'not in':
      return wrap(!python.contains(b, a));
    case '~':
      return wrap(str(a) + str(b));
    case '<':
      return wrap(python.compare(a, b) < 0);
    case '<=':
      return wrap(python.compare(a, b) <= 0);
    case '>':
      return wrap(python.compare(a, b) > 0);
    case '>=':
      return wrap(python.compare(a, b) >= 0);
    case '%':
      if (isString(a)) return wrap(format(a.value, isList(b) && b.type === 'TupleValue' ? b.value : [b]));
      return isNumber(a) && isNumber(b) ? remainder(a, b) : undefined;
    case '*':
      if (isString(a) && isNumber(b)) return wrap(a.value.repeat(times(a.value, b)));
      if (isList(a) && isNumber(b)) return listOf(Array.from({ length: times(a.value, b) }, () => a.value).flat());
      return undefined;
    case '+':
    case '-':
      // True is 1 in a sum.
      return [a, b].some(({ type }) => type === 'BooleanValue') && isNumber(a) && isNumber(b)
        ? wrap(Number(a.value) + (operator === '+' ? 1 : -1) * Number(b.value))
        : undefined;
    default:
      return undefined;
  }
}

/** How often a text or a list is repeated; what is too much for any template is refused before it is made. */
function times(what: { length: number }, count: Value): number {
  const number = Math.max(0, Number(count.value));
  if (what.length * number > MAX_REPEATED) throw new Error(`"*" makes more than ${MAX_REPEATED} characters or items`);
  return number;
}

/** Has the sign of the divisor. */
function remainder(a: Value, b: Value): Value {
  const [dividend, divisor] = [Number(a.value), Number(b.value)];
  const result = dividend - divisor * Math.floor(dividend / divisor);
  return [a, b].some(({ type }) => type === 'FloatValue') ? python.floatOf(result) : wrap(result);
}

/** `text % values`, with the conversions that templates use. */
function format(text: string, values: Value[]): string {
  let next = 0;
  return text.replace(/%(?:\.(\d+))?([sdif%])/g, (_, digits: string | undefined, kind: string) => {
    if (kind === '%') return '%';
    const value = values[next++];
    if (isUndefined(value)) throw new Error('not enough arguments for format string');
    if (kind === 's') return str(value!);
    return kind === 'f' ? Number(value!.value).toFixed(Number(digits ?? 6)) : String(Math.trunc(Number(value!.value)));
  });
}
