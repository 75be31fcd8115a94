/**
 * Finds the residual stream in the stream of a model's dispatches, by dataflow and not by a list of models.
 *
 * A block reads the residual stream through norms. A "pure" norm over the hidden size writes its output and changes nothing else; a forward pass
 * of L blocks has 2 L + 1 of them. Norm 2 l reads the input of block l, norm 2 l + 1 what lies between its attention and its MLP, the last is the
 * final norm: so the output of block l is what norm 2 (l + 1) reads. Of a norm's inputs the residual is the one that an earlier dispatch of the
 * same forward pass has written; no dispatch writes weights.
 *
 * In most f16 libraries the compiler has fused the addition before a norm into it (`fuse_add_norm_…`): such a norm has two inputs that were
 * written, the stream and what a block adds to it, and the residual is their sum.
 */
import type { ResidualType } from '../taps/tap-program';

/** One kernel as it is about to run. */
export interface Dispatch<B extends { readonly size: number } = { readonly size: number }> {
  /** The kernel's entry point. */
  kernel: string;
  /** A letter a binding, in order: w read-write storage, r read-only storage, u uniform. */
  access: string;
  /** By binding. */
  buffers: readonly B[];
  /** Workgroups in x. */
  gridX: number;
}

/** A pure norm, about to read the residual stream. */
export interface Norm {
  /** Place among the norms of its forward pass, from 0. */
  index: number;
  /** Block whose output it reads; null between attention and MLP, and before the first block. */
  layer: number | null;
  /** Which binding holds the residual; two where the norm is about to add them up. */
  bindings: [number] | [number, number];
  /** Tokens. */
  rows: number;
  type: ResidualType;
}

export interface Shape {
  nLayers: number;
  dModel: number;
}

/** Starts a forward pass: the look-up of the tokens' embeddings. */
const embedding = /(?:^|_)take\d*_kernel/;
/** Not a norm that has an addition fused to it: those write the residual stream. */
const pureNorm = /(?:^|_)(?:rms|layer)_norm\d*_kernel/;
const addingNorm = /^fuse_add_norm_(?:prefill|decode)\d*_kernel/;

export class ForwardTracker {
  readonly #shape: Shape;
  /** Tokens a forward pass is to have; null: any. */
  #expected: number | null = null;
  #norms = 0;
  #isInside = false;
  /** Buffers that this forward pass has written. */
  #written = new Set<object>();
  /** The pass before was complete, and of the next no norm was seen: the look-up may have been one that picks rows of logits. */
  #wasComplete = false;
  /** Why this forward pass can't be followed; null if it can. */
  fault: string | null = null;

  constructor(shape: Shape) {
    this.#shape = shape;
  }

  /** Pure norms of the forward pass so far. */
  get norms(): number {
    return this.#norms;
  }

  /** Every norm that this shape has was seen, and nothing was odd. */
  get isComplete(): boolean {
    return this.#wasComplete || (this.#isInside && this.fault === null && this.#norms === 2 * this.#shape.nLayers + 1);
  }

  /** A forward pass over this many tokens is to come. */
  expect(rows: number): void {
    this.#reset();
    this.#wasComplete = false;
    this.#expected = rows;
  }

  /** Forgets the forward pass, also one that was left half-way. */
  #reset(): void {
    this.#norms = 0;
    this.#isInside = false;
    this.#written.clear();
    this.fault = null;
  }

  /** Takes the next dispatch. @returns the norm it is, if it is one */
  next(dispatch: Dispatch): Norm | null {
    if (embedding.test(dispatch.kernel)) {
      const wasComplete = this.isComplete;
      this.#reset();
      this.#wasComplete = wasComplete;
      this.#isInside = true;
    }
    const inputs = pureNorm.test(dispatch.kernel) ? 1 : addingNorm.test(dispatch.kernel) ? 2 : 0;
    const norm = this.#isInside && inputs > 0 ? this.#readNorm(dispatch, inputs) : null;
    for (let i = 0; i < dispatch.buffers.length; i++) {
      if (dispatch.access[i] === 'w') this.#written.add(dispatch.buffers[i]!);
    }
    return norm;
  }

  /** @param count inputs that must have been written before it */
  #readNorm({ kernel, access, buffers, gridX }: Dispatch, count: number): Norm | null {
    const inputs = [...access].flatMap((letter, i) => (letter === 'r' ? [i] : []));
    const written = inputs.filter((i) => this.#written.has(buffers[i]!));
    const weights = inputs.filter((i) => !this.#written.has(buffers[i]!));
    const stored = this.#typeOf(weights.map((i) => buffers[i]!.size));
    // Norms of queries and keys run over the head size.
    if (stored === null) return null;
    this.#wasComplete = false;
    const type = count === 1 ? stored : 'f16_sum';
    if (written.length !== count || (count === 2 && stored !== 'f16')) {
      this.fault ??= `norm ${this.#norms} (${kernel}) has ${written.length || 'no'} inputs that were written before it, so the residual stream is not told apart`;
      return null;
    }
    const index = this.#norms++;
    const { nLayers } = this.#shape;
    if (index > 2 * nLayers) {
      this.fault ??= `there are more norms over the hidden size than the ${2 * nLayers + 1} of ${nLayers} blocks`;
      return null;
    }
    const layer = index > 0 && index % 2 === 0 ? index / 2 - 1 : null;
    if (layer !== null && gridX !== (this.#expected ?? gridX)) {
      this.fault ??= `norm ${index} (${kernel}) runs over ${gridX} rows, where there are ${this.#expected} tokens`;
      return null;
    }
    return { index, layer, bindings: written as Norm['bindings'], rows: gridX, type };
  }

  /** From the bytes of the norm's weights; null if these are not over the hidden size. */
  #typeOf(sizes: readonly number[]): 'f32' | 'f16' | null {
    const { dModel } = this.#shape;
    if (sizes.length === 0) return null;
    if (sizes.every((size) => size === 4 * dModel)) return 'f32';
    return sizes.every((size) => size === 2 * dModel) ? 'f16' : null;
  }
}
