/** Tensors, and the fields beside them, in what others' files hold: dicts and lists, however nested. */
import { limits } from '../limits';
import type { ForeignTensor } from './foreign-tensors';
import { isHint, type Facts } from './layer-hints';
import { badFile } from '../formats/bad-file';
import { TensorNode, type Leaf, type Tree } from '../formats/tensor-tree';

const maxDepth = 16;
const maxKey = 1_000;
/** 500 vectors of 256 rows. */
const maxTensors = limits.vectors * limits.layers;
/** Of dicts and lists. */
const maxMembers = 2 ** 18;

/**
 * Every tensor of a tree. Lists of numbers are tensors too, and so are lists of tensors of one shape: their first size is
 * the list's length.
 *
 * @throws PersonascopeError `BadRequest` if it is nested deeper than 16, or holds more than any file of vectors: a pickle may
 *   hold one list many times over
 */
export function tensorsIn(root: Tree, file: string): ForeignTensor[] {
  return new Walk(file).collect(root);
}

class Walk {
  readonly #file: string;
  readonly #tensors: ForeignTensor[] = [];
  #members = 0;
  #numbers = 0;

  constructor(file: string) {
    this.#file = file;
  }

  collect(root: Tree): ForeignTensor[] {
    this.#walk(root, [], new Map());
    return this.#tensors;
  }

  #walk(node: Tree, path: readonly string[], facts: Facts): void {
    if (typeof node !== 'object' || node === null) return;
    if (path.length > maxDepth) throw this.#tooMuch(`is nested deeper than ${maxDepth}`);
    const leaf = this.#asLeaf(node, path.length);
    if (leaf) this.#tensors.push({ ...leaf, path, facts });
    else if (Array.isArray(node)) node.forEach((item, i) => this.#walk(item, [...path, `[${i}]`], facts));
    else this.#walkDict(entriesOf(node), path, facts);
    if (this.#tensors.length > maxTensors) throw this.#tooMuch(`holds more than ${maxTensors} tensors`);
  }

  #walkDict(entries: readonly [string, Tree][], path: readonly string[], above: Facts): void {
    this.#count(entries.length);
    const facts = new Map(above);
    for (const [key, value] of entries) if (isFact(key, value)) facts.set(key, value);
    for (const [key, value] of entries) {
      if (key.length > maxKey) throw this.#tooMuch(`has a name of ${key.length} characters`);
      if (!isFact(key, value)) this.#walk(value, [...path, key], facts);
    }
  }

  #asLeaf(node: Tree, depth: number): Leaf | null {
    if (node instanceof TensorNode) return node.leaf;
    if (!Array.isArray(node) || node.length === 0) return null;
    if (depth > maxDepth) throw this.#tooMuch(`is nested deeper than ${maxDepth}`);
    this.#numbers += node.length;
    if (this.#numbers > limits.vectorFile) throw this.#tooMuch(`holds more than ${limits.vectorFile} numbers`);
    if (node.every((item) => typeof item === 'number')) return rowOf(node);
    this.#count(node.length);
    const leaves: Leaf[] = [];
    for (const item of node) {
      const leaf = this.#asLeaf(item, depth + 1);
      if (!leaf || leaf.shape.join() !== (leaves[0] ?? leaf).shape.join()) return null;
      leaves.push(leaf);
    }
    return stackOf(leaves);
  }

  #count(members: number): void {
    this.#members += members;
    if (this.#members > maxMembers) throw this.#tooMuch(`holds more than ${maxMembers} things`);
  }

  #tooMuch(reason: string): Error {
    return badFile(`${this.#file}:`, reason);
  }
}

/** Of anything but a dict, none. */
function entriesOf(node: object): [string, Tree][] {
  if (node instanceof Map) return [...(node as Map<string, Tree>)];
  return Object.getPrototypeOf(node) === Object.prototype ? (Object.entries(node) as [string, Tree][]) : [];
}

/** What says something of layers: a number, a short text, or a list. */
function isFact(key: string, value: Tree): boolean {
  if (!isHint(key)) return false;
  if (typeof value === 'string') return value.length <= maxKey;
  return typeof value === 'number' || (Array.isArray(value) && value.length <= limits.layers);
}

function rowOf(numbers: readonly number[]): Leaf {
  return { shape: [numbers.length], dtype: 'numbers', precision: 'F32', read: () => Float32Array.from(numbers) };
}

function stackOf(leaves: readonly Leaf[]): Leaf {
  const { shape, dtype, precision } = leaves[0]!;
  return {
    shape: [leaves.length, ...shape],
    dtype,
    precision: leaves.every((leaf) => leaf.precision === precision) ? precision : null,
    read() {
      const rows = leaves.map((leaf) => leaf.read());
      const all = new Float32Array(rows.reduce((sum, { length }) => sum + length, 0));
      let at = 0;
      for (const row of rows) {
        all.set(row, at);
        at += row.length;
      }
      return all;
    },
  };
}
