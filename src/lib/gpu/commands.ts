/**
 * A list of dispatches and copies that is submitted at once, as one compute pass wherever no copy stands between. Scalars of all its dispatches travel in one write to one uniform buffer
 * with dynamic offsets, and bind groups are kept, so that a decode step costs a few microseconds of JavaScript a dispatch.
 */
import type { Gpu } from './device';
import type { Kernel } from './kernel';
import type { BufferRef } from './tensor';

/** Uniform offsets must be multiples of this (WebGPU's default limit), so each dispatch has a slot of this many bytes. */
export const SLOT = 256;
const MAX_GRID = 65_535;
/** Bind groups kept. A model needs a few hundred; those of tensors that are gone (a chat's taps) are dropped with all others once there are more. */
const MAX_GROUPS = 4096;

/** Where dispatches go: a list that is submitted later, or a pass that is being written. */
export interface CommandSink {
  /**
   * Appends a dispatch. Bindings and params are given by the names they have in the shader.
   * @param grid workgroups in x and y
   * @throws Error if a name is missing or the grid is too large: a fault of ours, not of a visitor.
   */
  run(
    kernel: Kernel,
    bindings: Record<string, BufferRef>,
    params: Record<string, number>,
    grid: [number, number?],
  ): void;
}

interface Dispatch {
  type: 'dispatch';
  kernel: Kernel;
  tensors: BufferRef[];
  slot: number;
  grid: [number, number];
}

interface Copy {
  type: 'copy';
  from: BufferRef;
  to: GPUBuffer;
  bytes: number;
  fromOffset: number;
  toOffset: number;
}

export class Commands implements CommandSink {
  readonly #gpu: Gpu;
  #steps: (Dispatch | Copy)[] = [];
  #slots = 0;
  #params = new DataView(new ArrayBuffer(64 * SLOT));
  #paramsBuffer: GPUBuffer;
  #groups = new Map<string, GPUBindGroup>();

  constructor(gpu: Gpu) {
    this.#gpu = gpu;
    this.#paramsBuffer = this.#createParamsBuffer();
  }

  run(
    kernel: Kernel,
    bindings: Record<string, BufferRef>,
    params: Record<string, number>,
    grid: [number, number?],
  ): void {
    const [x, y = 1] = grid;
    if (x > MAX_GRID || y > MAX_GRID) throw new Error(`${kernel.key}: grid ${x} x ${y} is larger than ${MAX_GRID}.`);
    if (x === 0 || y === 0) return;
    const tensors = orderTensors(kernel, bindings);
    const slot = this.#slots++;
    if ((slot + 1) * SLOT > this.#params.byteLength) this.#grow();
    writeParams(this.#params, slot * SLOT, kernel, params);
    this.#steps.push({ type: 'dispatch', kernel, tensors, slot, grid: [x, y] });
  }

  /** Appends a copy. Offsets and size in bytes, multiples of 4. */
  copy(from: BufferRef, to: GPUBuffer, bytes: number, fromOffset = 0, toOffset = 0): void {
    this.#steps.push({ type: 'copy', from, to, bytes, fromOffset, toOffset });
  }

  /** Submits what was appended and starts anew. */
  submit(): void {
    const { device } = this.#gpu;
    const encoder = device.createCommandEncoder();
    if (this.#slots > 0) device.queue.writeBuffer(this.#paramsBuffer, 0, this.#params.buffer, 0, this.#slots * SLOT);
    let pass: GPUComputePassEncoder | null = null;
    for (const step of this.#steps) {
      if (step.type === 'dispatch') {
        pass ??= encoder.beginComputePass();
        pass.setPipeline(step.kernel.pipeline);
        pass.setBindGroup(0, this.#group(step), [step.slot * SLOT]);
        pass.dispatchWorkgroups(...step.grid);
      } else {
        pass?.end();
        pass = null;
        encoder.copyBufferToBuffer(step.from.buffer, step.fromOffset, step.to, step.toOffset, step.bytes);
      }
    }
    pass?.end();
    device.queue.submit([encoder.finish()]);
    this.discard();
  }

  /** Forgets what was appended. */
  discard(): void {
    this.#steps = [];
    this.#slots = 0;
  }

  destroy(): void {
    this.discard();
    this.#groups.clear();
    this.#paramsBuffer.destroy();
  }

  #group({ kernel, tensors }: Dispatch): GPUBindGroup {
    const key = `${kernel.key} ${tensors.map(({ id }) => id).join()}`;
    let group = this.#groups.get(key);
    if (!group) {
      group = createGroup(this.#gpu, kernel, tensors, this.#paramsBuffer);
      if (this.#groups.size >= MAX_GROUPS) this.#groups.clear();
      this.#groups.set(key, group);
    }
    return group;
  }

  #grow(): void {
    const larger = new DataView(new ArrayBuffer(this.#params.byteLength * 2));
    new Uint8Array(larger.buffer).set(new Uint8Array(this.#params.buffer));
    this.#params = larger;
    this.#paramsBuffer.destroy();
    this.#paramsBuffer = this.#createParamsBuffer();
    this.#groups.clear();
  }

  #createParamsBuffer(): GPUBuffer {
    return this.#gpu.device.createBuffer({
      label: 'params',
      size: this.#params.byteLength,
      usage: GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST,
    });
  }
}

/** Tensors in the order of the kernel's bindings. @throws Error if one is missing */
export function orderTensors(kernel: Kernel, bindings: Record<string, BufferRef>): BufferRef[] {
  return kernel.bindings.map(({ name }) => {
    const tensor = bindings[name];
    if (!tensor) throw new Error(`${kernel.key}: binding "${name}" is missing.`);
    return tensor;
  });
}

/** Lays the kernel's `Params` out at `offset`. @throws Error if one is missing */
export function writeParams(view: DataView, offset: number, kernel: Kernel, params: Record<string, number>): void {
  kernel.params.forEach(({ name, type }, i) => {
    const value = params[name];
    if (value === undefined) throw new Error(`${kernel.key}: param "${name}" is missing.`);
    if (type === 'u32') view.setUint32(offset + i * 4, value, true);
    else view.setFloat32(offset + i * 4, value, true);
  });
}

/** The kernel's bindings, params in a slot at a dynamic offset. @param tensors as {@link orderTensors} gives them */
export function createGroup(gpu: Gpu, kernel: Kernel, tensors: readonly BufferRef[], params: GPUBuffer): GPUBindGroup {
  return gpu.device.createBindGroup({
    layout: kernel.layout,
    entries: [
      { binding: 0, resource: { buffer: params, size: SLOT } },
      ...kernel.bindings.map(({ index }, i) => ({ binding: index, resource: { buffer: tensors[i]!.buffer } })),
    ],
  });
}
