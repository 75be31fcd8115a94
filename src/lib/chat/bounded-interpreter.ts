/** Runs a template from outside in a bounded time: what it does and what it writes is counted, and too much of either ends it. */
import type { Environment, Interpreter } from '@huggingface/jinja';
import { PythonInterpreter } from './python-jinja';

type Evaluate = Interpreter['evaluate'];
type Statement = NonNullable<Parameters<Evaluate>[0]>;
type Value = ReturnType<Evaluate>;
/** What the library's statements hold, as far as it is read here. */
type Node = Statement & {
  iterable?: Node;
  lhs?: Node;
  computed?: boolean;
  property?: Node;
  filter?: { value?: unknown; callee?: { value?: unknown } };
};

/** Beside what the conversation itself is long. */
const MAX_STEPS = 1_000_000;
const MAX_CHARACTERS = 2_000_000;
/** A turn of a loop makes its own variables, `loop` among them, also without a body. */
const STEPS_PER_TURN = 32;
/** Of evaluations in each other: longer sums and deeper macros than any template in use has. */
const MAX_DEPTH = 1_000;

/** Filters that look at no more of a list than its ends. */
const SHALLOW = ['length', 'first', 'last', 'list', 'default'];

/** A template did more than any honest one does. */
export class OverBudget extends Error {}

/**
 * The interpreter, counted. A step is an evaluation, or as much work as one: an item of a list that is made,
 * some characters of a text that is worked on, a part of a loop's turn.
 */
export class BoundedInterpreter extends PythonInterpreter {
  readonly #maxSteps: number;
  readonly #maxCharacters: number;
  /** Steps of reading a macro: its arguments are looked for in all of its body. */
  readonly #macroSteps: number;
  #steps = 0;
  #depth = 0;
  #parent: Node | null = null;

  /**
   * @param inputLength characters of the conversation: an honest template's work grows with them
   * @param sourceLength characters of the template
   */
  constructor(environment: Environment, { inputLength, sourceLength }: { inputLength: number; sourceLength: number }) {
    super(environment);
    this.#maxSteps = MAX_STEPS + 16 * inputLength;
    this.#maxCharacters = MAX_CHARACTERS + 4 * inputLength;
    this.#macroSteps = sourceLength / 16;
  }

  /** @throws OverBudget */
  override evaluate(statement: Statement | undefined, environment: Environment): Value {
    if (!statement) return super.evaluate(statement, environment);
    const node = statement as Node;
    const parent = this.#parent;
    if (++this.#depth > MAX_DEPTH) throw new OverBudget(`goes deeper than ${MAX_DEPTH} evaluations in each other`);
    this.#spend(node.type === 'Macro' || node.type === 'CallStatement' ? this.#macroSteps : 1);
    this.#parent = node;
    try {
      const value = super.evaluate(statement, environment);
      this.#charge(value, node, parent);
      return value;
    } finally {
      this.#parent = parent;
      this.#depth--;
    }
  }

  #charge(value: Value, node: Node, parent: Node | null): void {
    if (typeof value.value === 'string') {
      this.#requireLength(value.value.length);
      const isWorkedOn = isWork(node) || (parent !== null && isWork(parent));
      this.#spend(value.value.length / (isWorkedOn ? 8 : 256));
    } else if (isList(value)) {
      if (isIterated(node, parent)) this.#spend(STEPS_PER_TURN * sizeOf(value));
      if (isWork(node)) this.#spend(sizeOf(value));
      if (!isGlance(node, parent)) this.#measure(value);
    }
  }

  /** A list in a list in a list may hold little and be written out for ever. */
  #measure(value: Value): void {
    let characters = 0;
    const rest: Value[] = [value];
    for (let next = rest.pop(); next !== undefined; next = rest.pop()) {
      this.#spend(1 / 4);
      if (typeof next.value === 'string') characters += next.value.length;
      else if (Array.isArray(next.value)) for (const item of next.value) rest.push(item);
      else if (next.value instanceof Map) for (const item of next.value.values()) rest.push(item);
      this.#requireLength(characters);
    }
  }

  #spend(steps: number): void {
    this.#steps += steps;
    if (this.#steps > this.#maxSteps) throw new OverBudget(`ran for more than ${this.#maxSteps} steps`);
  }

  #requireLength(characters: number): void {
    if (characters > this.#maxCharacters) {
      throw new OverBudget(`wrote more than ${this.#maxCharacters} characters`);
    }
  }
}

function isList({ value }: Value): boolean {
  return Array.isArray(value) || value instanceof Map;
}

function sizeOf({ value }: Value): number {
  return Array.isArray(value) ? value.length : value instanceof Map ? value.size : 0;
}

/** Whether the node goes through every character or item of what it is given, or makes new ones. */
function isWork(node: Node): boolean {
  const isSlice =
    node.type === 'MemberExpression' && node.computed === true && node.property?.type === 'SliceExpression';
  return isSlice || ['CallExpression', 'FilterExpression', 'FilterStatement'].includes(node.type);
}

function isIterated(node: Node, parent: Node | null): boolean {
  return parent?.type === 'For' && (parent.iterable === node || parent.iterable?.lhs === node);
}

/** Whether a list is only asked for an item, its length or the like, which takes as long for a long one. */
function isGlance(node: Node, parent: Node | null): boolean {
  if (!parent || isWork(node)) return false;
  if (parent.type === 'MemberExpression' && !isWork(parent)) return true;
  if (parent.type === 'TestExpression' || isIterated(node, parent)) return true;
  if (parent.type !== 'FilterExpression') return false;
  const filter = parent.filter?.value ?? parent.filter?.callee?.value;
  return SHALLOW.includes(String(filter));
}
