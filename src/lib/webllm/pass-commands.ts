/**
 * Our kernels, written into a compute pass that somebody else has open. Params are kept by content and never overwritten, because the commands that
 * read them may be submitted much later; after the first tokens a dispatch costs two map look-ups and three calls.
 */
import { createGroup, orderTensors, SLOT, writeParams, type CommandSink } from '../gpu/commands';
import type { Gpu } from '../gpu/device';
import type { Kernel } from '../gpu/kernel';
import type { BufferRef } from '../gpu/tensor';
import type { PassWriter } from './interposer';

const SLOTS = 1024;

export class PassCommands implements CommandSink {
  /** The pass that dispatches go to. */
  pass: PassWriter | null = null;
  readonly #gpu: Gpu;
  #params: GPUBuffer;
  #slots = new Map<string, number>();
  #groups = new Map<string, GPUBindGroup>();
  /** Full buffers that commands still to be submitted may read. */
  #retired: GPUBuffer[] = [];

  constructor(gpu: Gpu) {
    this.#gpu = gpu;
    this.#params = this.#createParams();
  }

  run(
    kernel: Kernel,
    bindings: Record<string, BufferRef>,
    params: Record<string, number>,
    grid: [number, number?],
  ): void {
    if (!this.pass) throw new Error(`${kernel.key}: there is no pass to write to.`);
    const tensors = orderTensors(kernel, bindings);
    const offset = this.#slotOf(kernel, params) * SLOT;
    this.pass.setPipeline(kernel.pipeline);
    this.pass.setBindGroup(0, this.#groupOf(kernel, tensors), [offset]);
    this.pass.dispatchWorkgroups(grid[0], grid[1]);
  }

  /** To be called when everything written so far has been submitted. */
  collect(): void {
    for (const buffer of this.#retired.splice(0)) buffer.destroy();
    // Tensors of chats that are over never come back.
    if (this.#groups.size > SLOTS) this.#groups.clear();
  }

  destroy(): void {
    this.collect();
    this.#params.destroy();
  }

  #slotOf(kernel: Kernel, params: Record<string, number>): number {
    const key = `${kernel.key} ${Object.values(params).join()}`;
    let slot = this.#slots.get(key);
    if (slot !== undefined) return slot;
    if (this.#slots.size === SLOTS) {
      this.#retired.push(this.#params);
      this.#params = this.#createParams();
      this.#slots.clear();
      this.#groups.clear();
    }
    slot = this.#slots.size;
    const view = new DataView(new ArrayBuffer(SLOT));
    writeParams(view, 0, kernel, params);
    this.#gpu.device.queue.writeBuffer(this.#params, slot * SLOT, view.buffer);
    this.#slots.set(key, slot);
    return slot;
  }

  #groupOf(kernel: Kernel, tensors: BufferRef[]): GPUBindGroup {
    const key = `${kernel.key} ${tensors.map(({ id }) => id).join()}`;
    let group = this.#groups.get(key);
    if (!group) {
      group = createGroup(this.#gpu, kernel, tensors, this.#params);
      this.#groups.set(key, group);
    }
    return group;
  }

  #createParams(): GPUBuffer {
    const usage = GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST;
    return this.#gpu.device.createBuffer({ label: 'params of taps', size: SLOTS * SLOT, usage });
  }
}
