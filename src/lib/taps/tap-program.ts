/**
 * Interventions and probes as kernels on a residual buffer. An engine calls `encode` once for each layer of each pass, right after the
 * block has written its output; nothing is read back here.
 */
import type { CommandSink } from '../gpu/commands';
import type { Gpu } from '../gpu/device';
import type { Kernel } from '../gpu/kernel';
import { Tensor, TensorOwner, type BufferRef } from '../gpu/tensor';
import type { ResolvedIntervention, ResolvedProbe } from '../engine/intervention';
import { planSteps, type Step } from './plan';

/** The rows of a pass: the first `promptRows` of `rows` are prompt tokens, the others the reply's. */
export interface RowSpan {
  rows: number;
  promptRows: number;
  /** The row of the prompt's last token, or the first one after it; `rows` if all come before it. */
  lastRow: number;
}

/** @param position of the pass's first token @param promptLength tokens of the whole prompt */
export function spanOf(rows: number, position: number, promptLength: number): RowSpan {
  const within = (row: number) => Math.max(0, Math.min(rows, row));
  return { rows, promptRows: within(promptLength - position), lastRow: within(promptLength - 1 - position) };
}

export interface ProbeSlot {
  probe: string;
  layer: number;
}

/** How an engine stores the residual stream; `f16_sum`: in two parts, which the kernel that follows adds up. */
export type ResidualType = 'f32' | 'f16' | 'f16_sum';

/** The residual stream (rows, dModel), in one buffer or in two. */
export type Residual = { h: BufferRef } | { trunk: BufferRef; branch: BufferRef };

export interface TapKernels {
  /** Numbers in a 32-bit word of h. */
  numbersAWord: 1 | 2;
  addition: Kernel;
  capping: Kernel;
  probe: Kernel;
  accumulate: Kernel;
}

export const WORKGROUP_SIZE = 64;

/** @throws PersonascopeError `ShaderError` */
export async function compileTaps(gpu: Gpu, type: ResidualType): Promise<TapKernels> {
  const defines = { RESIDUAL: `residual_${type}`, TARGET: type === 'f16_sum' ? 'branch' : 'h' };
  const get = (file: string) => gpu.kernels.get({ file, defines, constants: { WORKGROUP_SIZE } });
  const [addition, capping, probe, accumulate] = await Promise.all(
    ['tap_addition', 'tap_capping', 'tap_probe', 'tap_accumulate'].map(get),
  );
  const kernels = { addition: addition!, capping: capping!, probe: probe!, accumulate: accumulate! };
  return { numbersAWord: type === 'f32' ? 1 : 2, ...kernels };
}

export class TapProgram {
  /** Readings of the last pass: (slots, rows of that pass), in the order of `slots`. */
  readonly readings: Tensor;
  readonly slots: ProbeSlot[];
  readonly #kernels: TapKernels;
  readonly #dModel: number;
  readonly #owner: TensorOwner;
  readonly #gpu: Gpu;
  /** (probes of all layers, dModel), rows in the order of `slots`. */
  readonly #probeVectors: Tensor;
  #steps: Step[] = [];
  #stepVectors: Tensor;

  /**
   * @param maxRows the most rows a pass may have
   * @param probes read at their layers, after that layer's interventions
   */
  constructor(gpu: Gpu, kernels: TapKernels, dModel: number, maxRows: number, probes: ResolvedProbe[]) {
    this.#gpu = gpu;
    this.#kernels = kernels;
    this.#dModel = dModel;
    this.#owner = new TensorOwner(gpu);
    const rows = probes.flatMap(({ name, vectors }) =>
      [...vectors].map(([layer, vector]) => ({ probe: name, layer, vector })),
    );
    rows.sort((a, b) => a.layer - b.layer);
    this.slots = rows.map(({ probe, layer }) => ({ probe, layer }));
    const stacked = new Float32Array(Math.max(1, rows.length) * dModel);
    rows.forEach(({ vector }, i) => stacked.set(vector, i * dModel));
    this.#probeVectors = this.#owner.upload('probe vectors', [Math.max(1, rows.length), dModel], stacked);
    this.readings = this.#owner.create('readings', [Math.max(1, rows.length), maxRows]);
    this.#stepVectors = new Tensor(gpu, 'steering vectors', [1, dModel], 'f32');
  }

  /** Replaces the interventions; passes encoded from now on feel them. Takes microseconds: vectors of a few layers are written, nothing is compiled. */
  setInterventions(interventions: ResolvedIntervention[]): void {
    this.#steps = planSteps(interventions, this.#dModel);
    const rows = Math.max(1, this.#steps.length);
    if (rows > this.#stepVectors.shape[0]!) {
      this.#stepVectors.destroy();
      this.#stepVectors = new Tensor(this.#gpu, 'steering vectors', [rows * 2, this.#dModel], 'f32');
    }
    const stacked = new Float32Array(this.#steps.length * this.#dModel);
    this.#steps.forEach(({ vector }, i) => stacked.set(vector, i * this.#dModel));
    if (stacked.length > 0) this.#stepVectors.write(stacked);
  }

  /** Nothing is read and nothing is changed. */
  get isIdle(): boolean {
    return this.#steps.length === 0 && this.slots.length === 0;
  }

  /** Appends this layer's interventions, then its probes. */
  encode(commands: CommandSink, layer: number, residual: Residual, span: RowSpan): void {
    this.#steps.forEach((step, vectorRow) => {
      if (step.layer === layer) this.#encodeStep(commands, step, vectorRow, residual, span);
    });
    const first = this.slots.findIndex((slot) => slot.layer === layer);
    if (first < 0) return;
    const probes = this.slots.filter((slot) => slot.layer === layer).length;
    commands.run(
      this.#kernels.probe,
      { ...residual, vectors: this.#probeVectors, readings: this.readings },
      { d_model: this.#dModel, vector_row: first, first_slot: first, tokens: span.rows },
      [span.rows, probes],
    );
  }

  destroy(): void {
    this.#owner.destroy();
    this.#stepVectors.destroy();
  }

  #encodeStep(commands: CommandSink, step: Step, vectorRow: number, residual: Residual, span: RowSpan): void {
    const firstRow = { all: 0, prompt: 0, response: span.promptRows, 'from-last': span.lastRow }[step.positions];
    const endRow = step.positions === 'prompt' ? span.promptRows : span.rows;
    if (endRow <= firstRow) return;
    const bindings = { ...residual, vectors: this.#stepVectors };
    const where = { d_model: this.#dModel, first_row: firstRow, vector_row: vectorRow };
    if (step.kind === 'addition') {
      commands.run(this.#kernels.addition, bindings, where, [
        Math.ceil(this.#dModel / this.#kernels.numbersAWord / WORKGROUP_SIZE),
        endRow - firstRow,
      ]);
    } else {
      commands.run(this.#kernels.capping, bindings, { ...where, lowest: step.lowest, highest: step.highest }, [
        endRow - firstRow,
      ]);
    }
  }
}
