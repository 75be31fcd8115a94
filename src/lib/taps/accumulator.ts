/** Sums of the residual stream over chosen tokens at every layer, kept on the GPU: what extraction averages. */
import type { Commands } from '../gpu/commands';
import type { Gpu } from '../gpu/device';
import type { Kernel } from '../gpu/kernel';
import { TensorOwner, type Tensor } from '../gpu/tensor';
import { WORKGROUP_SIZE } from './tap-program';

/** Token positions [begin, end) of the sequence. */
export interface TokenRange {
  begin: number;
  end: number;
}

export class Accumulator {
  /** (nLayers, dModel) */
  readonly sums: Tensor;
  readonly #kernel: Kernel;
  readonly #dModel: number;
  readonly #owner: TensorOwner;
  #range: TokenRange;
  /** Tokens accumulated so far, at each layer. */
  count = 0;

  constructor(gpu: Gpu, kernel: Kernel, nLayers: number, dModel: number, range: TokenRange) {
    this.#kernel = kernel;
    this.#dModel = dModel;
    this.#range = range;
    this.#owner = new TensorOwner(gpu);
    this.sums = this.#owner.create('residual sums', [nLayers, dModel]);
  }

  /** To be called once a pass, before `encode`. @param position of row 0 */
  begin(position: number, rows: number): void {
    this.count += this.#overlap(position, rows).count;
  }

  /** @param h (rows, dModel), row 0 at `position` */
  encode(commands: Commands, layer: number, h: Tensor, position: number, rows: number): void {
    const { first, count } = this.#overlap(position, rows);
    if (count === 0) return;
    commands.run(
      this.#kernel,
      { h, sums: this.sums },
      { d_model: this.#dModel, first_row: first, rows: count, slot: layer },
      [Math.ceil(this.#dModel / WORKGROUP_SIZE)],
    );
  }

  destroy(): void {
    this.#owner.destroy();
  }

  #overlap(position: number, rows: number): { first: number; count: number } {
    const begin = Math.max(this.#range.begin, position);
    const end = Math.min(this.#range.end, position + rows);
    return { first: begin - position, count: Math.max(0, end - begin) };
  }
}
