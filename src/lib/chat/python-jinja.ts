/**
 * Jinja as Python's jinja2 runs it, on @huggingface/jinja. Its parser is used as it is. Where its interpreter differs from Python's,
 * the node is evaluated here: text of True, None and lists, scopes and leaving of loops, comparisons, methods of strings, filters.
 */
import { Environment, Interpreter } from '@huggingface/jinja';
import { filters, tests, type Arguments, type Calls, type Filter } from './python-filters';
import { operateLikePython } from './python-operators';
import { TEST, type Node } from './python-parser';
import { stringMethods } from './python-strings';
import * as python from './python-values';
import { isString, listOf, str, wrap, type Value } from './python-values';

/** What is known of a node, by its type. */
interface Fields extends Node {
  [field: string]: unknown;
  body: Node[];
  operator: { value: string };
  left: Node;
  right: Node;
  operand: Node;
  filter: Node;
  test: Node;
  negate: boolean;
  callee: Node;
  args: Node[];
  object: Node;
  property: Node & { value: string };
  computed: boolean;
  loopvar: Node;
  iterable: Node;
  lhs: Node;
  defaultBlock: Node[];
  value: unknown;
  key: { value: string };
}

/** Leaves a loop, or goes on to its next item, with what was written on the way. */
class Leave extends Error {
  text = '';
  constructor(readonly isBreak: boolean) {
    super(isBreak ? 'break outside a loop' : 'continue outside a loop');
  }
}

/** A node that has been evaluated. */
function constant(value: Value): Node {
  return { type: 'Constant', value } as Node;
}

export class PythonInterpreter extends Interpreter {
  override evaluate(node: Node | undefined, scope: Environment): Value {
    const fields = node as Fields;
    switch (node?.type) {
      case 'Constant':
        return fields.value as Value;
      case 'Program':
        return wrap(this.#write(fields.body, scope));
      case 'For':
        return wrap(this.#loop(fields, scope));
      case 'Break':
      case 'Continue':
        throw new Leave(node.type === 'Break');
      case 'BinaryExpression':
        return this.#operate(fields, scope);
      case 'CallExpression':
        return this.#call(fields, scope);
      case 'FilterExpression':
        return this.#filter(this.evaluate(fields.operand, scope), fields.filter as Fields, scope);
      case 'FilterStatement':
        return this.#filter(wrap(this.#write(fields.body, scope)), fields.filter as Fields, scope);
      case 'TestExpression': {
        const value = this.evaluate(fields.operand, scope);
        const name = (fields.test as Fields).value as string;
        return wrap(this.#calls(scope).test(name, value, []) !== fields.negate);
      }
      default:
        return super.evaluate(node, scope);
    }
  }

  #write(body: Node[], scope: Environment): string {
    let text = '';
    for (const node of body) {
      try {
        const value = this.evaluate(node, scope);
        // A statement that writes nothing is null for the library; None of an expression is written.
        text += STATEMENTS.has(node.type) ? (isString(value) ? value.value : '') : str(value);
      } catch (error) {
        if (error instanceof Leave) error.text = text + error.text;
        throw error;
      }
    }
    return text;
  }

  /** Each item has a scope of its own: what is set in the loop is gone with the item. */
  #loop(loop: Fields, outer: Environment): string {
    const isFiltered = loop.iterable.type === 'SelectExpression';
    const { lhs, test } = loop.iterable as Fields;
    const scopeOf = (item: Value) => {
      const scope = new Environment(outer);
      bind(scope, loop.loopvar, item);
      return scope;
    };
    const items = python
      .iterate(this.evaluate(isFiltered ? lhs : loop.iterable, outer))
      .filter((item) => !isFiltered || python.isTrue(this.evaluate(test, scopeOf(item))));
    if (items.length === 0) return this.#write(loop.defaultBlock, outer);
    let text = '';
    let before: string | undefined;
    const changed = (...values: unknown[]) => {
      const now = JSON.stringify(values);
      const isOther = now !== before;
      before = now;
      return isOther;
    };
    for (const [index, item] of items.entries()) {
      const scope = scopeOf(item);
      scope.setVariable('loop', describeLoop(items, index, changed));
      try {
        text += this.#write(loop.body, scope);
      } catch (error) {
        if (!(error instanceof Leave)) throw error;
        text += error.text;
        if (error.isBreak) break;
      }
    }
    return text;
  }

  #operate(node: Fields, scope: Environment): Value {
    const operator = node.operator.value;
    if (operator === 'and' || operator === 'or') return super.evaluate(node, scope);
    const [a, b] = [this.evaluate(node.left, scope), this.evaluate(node.right, scope)];
    const known = operateLikePython(operator, a, b);
    return known ?? super.evaluate({ ...node, left: constant(a), right: constant(b) } as Node, scope);
  }

  #call(node: Fields, scope: Environment): Value {
    const callee = node.callee as Fields;
    if (callee.type !== 'MemberExpression') return super.evaluate(node, scope);
    const object = this.evaluate(callee.object, scope);
    const method = isString(object) && !callee.computed ? own(stringMethods, callee.property.value) : undefined;
    if (python.isDict(object) && !callee.computed && callee.property.value === 'items' && !object.value.has('items')) {
      return listOf([...object.value].map(([key, item]) => python.tupleOf([wrap(key), item])));
    }
    const args = method && this.#arguments(node.args, scope);
    if (method && args && args.named.size === 0) return method(object.value as string, ...args.positional);
    return super.evaluate({ ...node, callee: { ...callee, object: constant(object) } } as Node, scope);
  }

  #filter(value: Value, filter: Fields, scope: Environment): Value {
    const isCall = filter.type === 'CallExpression';
    const name = ((isCall ? filter.callee : filter) as Fields).value as string;
    const known = TEST.test(name) ? this.#testFilter(name) : own(filters, name);
    const args = known && this.#arguments(isCall ? filter.args : [], scope);
    if (known && args) return known(value, args, this.#calls(scope));
    return super.evaluate({ type: 'FilterExpression', operand: constant(value), filter } as Node, scope);
  }

  #testFilter(name: string): Filter {
    const isNegated = name.startsWith('is not ');
    return (value, { positional }, calls) => wrap(calls.test(name.replace(TEST, ''), value, positional) !== isNegated);
  }

  #calls(scope: Environment): Calls {
    return {
      filter: (name, value, args) => {
        const identifier = { type: 'Identifier', value: name };
        const call = { type: 'CallExpression', callee: identifier, args: args.map(constant) };
        return this.#filter(value, (args.length ? call : identifier) as unknown as Fields, scope);
      },
      test: (name, value, args) => {
        const test = own(tests, name) ?? scope.tests.get(name);
        if (!test) throw new Error(`Unknown test: ${name}`);
        return test(value, ...args);
      },
    };
  }

  /** undefined where lists or dicts are unpacked into them: then the library evaluates the call. */
  #arguments(args: Node[], scope: Environment): Arguments | undefined {
    const isNamed = ({ type }: Node) => type === 'KeywordArgumentExpression';
    if (args.some(({ type }) => type === 'SpreadExpression' || type === 'KeywordSpreadExpression')) return undefined;
    const named = (args.filter(isNamed) as Fields[]).map(
      ({ key, value }) => [key.value, this.evaluate(value as Node, scope)] as const,
    );
    const positional = args.filter((arg) => !isNamed(arg)).map((arg) => this.evaluate(arg, scope));
    return { positional, named: new Map(named) };
  }
}

const STATEMENTS = new Set(['If', 'For', 'Set', 'Macro', 'CallStatement', 'FilterStatement', 'Comment', 'Program']);

function own<T>(table: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined;
}

/** Gives an item to the loop's variable, or its parts to several. */
function bind(scope: Environment, target: Node, item: Value): void {
  const { type, value } = target as Fields;
  if (type === 'Identifier') {
    scope.setVariable(value as string, item);
    return;
  }
  const [targets, parts] = [value as Node[], python.iterate(item)];
  if (targets.length !== parts.length) throw new Error(`${parts.length} parts for ${targets.length} variables`);
  targets.forEach((each, i) => bind(scope, each, parts[i]!));
}

function describeLoop(items: Value[], index: number, changed: (...values: unknown[]) => boolean): Value {
  const left = items.length - index;
  const plain = {
    ...{ index: index + 1, index0: index, revindex: left, revindex0: left - 1, length: items.length },
    ...{ first: index === 0, last: left === 1, depth: 1, depth0: 0 },
    cycle: (...values: unknown[]) => values[index % values.length],
    changed,
  };
  return python.dictOf([
    ...Object.entries(plain).map(([name, value]): [string, Value] => [name, wrap(value)]),
    ['previtem', items[index - 1] ?? wrap(undefined)],
    ['nextitem', items[index + 1] ?? wrap(undefined)],
  ]);
}
