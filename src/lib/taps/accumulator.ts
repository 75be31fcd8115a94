/** Sums of the residual stream over chosen tokens at every layer, kept on the GPU: what extraction averages. */
import type { CommandSink } from '../gpu/commands';
import type { Gpu } from '../gpu/device';
import { TensorOwner, type Tensor } from '../gpu/tensor';
import { WORKGROUP_SIZE, type Residual, type TapKernels } from './tap-program';

/** Token positions [begin, end) of the sequence. */
export interface TokenRange {
  begin: number;
  end: number;
}

export class Accumulator {
  /** (nLayers, dModel) */
  readonly sums: Tensor;
  readonly #kernels: TapKernels;
  readonly #dModel: number;
  readonly #owner: TensorOwner;
  #range: TokenRange;
  /** Tokens accumulated so far, at each layer. */
  count = 0;

  constructor(gpu: Gpu, kernels: TapKernels, nLayers: number, dModel: number, range: TokenRange) {
    this.#kernels = kernels;
    this.#dModel = dModel;
    this.#range = range;
    this.#owner = new TensorOwner(gpu);
    this.sums = this.#owner.create('residual sums', [nLayers, dModel]);
  }

  /** To be called once a pass, before `encode`. @param position of row 0 */
  begin(position: number, rows: number): void {
    this.count += this.#overlap(position, rows).count;
  }

  /** @param residual row 0 at `position` */
  encode(commands: CommandSink, layer: number, residual: Residual, position: number, rows: number): void {
    const { first, count } = this.#overlap(position, rows);
    if (count === 0) return;
    commands.run(
      this.#kernels.accumulate,
      { ...residual, sums: this.sums },
      { d_model: this.#dModel, first_row: first, rows: count, slot: layer },
      [Math.ceil(this.#dModel / this.#kernels.numbersAWord / WORKGROUP_SIZE)],
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
