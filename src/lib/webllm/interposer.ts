/**
 * Sits between WebLLM and its `GPUDevice`: sees pipelines, bind groups and dispatches go by, lets our kernels join a pass just before a dispatch, and
 * lets our readings ride in the mapping that fetches the logits. It shadows methods on that one device and on what is made from it; prototypes, and so
 * every other device, are left alone.
 *
 * A model makes hundreds of passes and bind groups a token, so what is put on those is shared functions and one property, no closures.
 */
import type { Dispatch } from './forward-tracker';

/** The pass as its prototype made it. */
export type PassWriter = Pick<GPUComputePassEncoder, 'setPipeline' | 'setBindGroup' | 'dispatchWorkgroups'>;

/** Sees a dispatch before it is written. What it returns writes to the pass first; the pass is then put back as it was. */
export type DispatchListener = (dispatch: Dispatch<GPUBuffer>) => ((pass: PassWriter) => void) | null;

/** Bytes that want to be read together with the logits. */
export interface Passenger {
  source: GPUBuffer;
  /** Multiple of 4, at most MAX_PASSENGER. */
  bytes: number;
  deliver: (data: ArrayBuffer) => void;
}

/** Bytes a staging buffer gets for passengers: what decode steps need, and at most what one made for a prefill gets. */
const USUAL_PASSENGER = 4096;
export const MAX_PASSENGER = 2 ** 18;

/** Methods of a device that are shadowed. */
const hooked = [
  'createBindGroupLayout',
  'createPipelineLayout',
  'createComputePipeline',
  'createComputePipelineAsync',
  'createBindGroup',
  'createCommandEncoder',
  'createBuffer',
] as const;

const ENTRIES = Symbol('entries of a bind group');
const STATE = Symbol('what a pass is set to');

interface Kernel {
  name: string;
  access: string;
}

interface PassState {
  pipeline: GPUComputePipeline | null;
  group: GPUBindGroup | null;
}

type Group = GPUBindGroup & { [ENTRIES]?: Iterable<GPUBindGroupEntry> };
type Pass = GPUComputePassEncoder & { [STATE]: PassState };

/** A MAP_READ buffer: what WebLLM asked for, and behind it room for a passenger. */
interface Staging {
  offset: number;
  room: number;
  passenger: Passenger | null;
}

export class Interposer {
  readonly device: GPUDevice;
  /** The same device with nothing between: for what is ours. */
  readonly bare: GPUDevice;
  /** Called before each dispatch of passes that begin while it is set. */
  listener: DispatchListener | null = null;
  /** Taken along by the next copy into a staging buffer with room, once `isBoarding`. */
  passenger: Passenger | null = null;
  /** Whether the next copy to the CPU is that of the logits. */
  isBoarding: () => boolean = () => true;
  /** Bytes of the buffers that live on the device. */
  bytes = 0;
  readonly #layouts = new WeakMap<object, string>();
  readonly #kernels = new WeakMap<GPUComputePipeline, Kernel>();
  readonly #staging = new WeakMap<GPUBuffer, Staging>();
  #passHooks: Partial<GPUComputePassEncoder> | null = null;

  constructor(device: GPUDevice) {
    this.device = device;
    this.bare = withoutHooks(device);
    this.#shadowDevice();
  }

  /** Gives the device its own methods back. */
  remove(): void {
    this.listener = null;
    this.passenger = null;
    for (const name of hooked) Reflect.deleteProperty(this.device, name);
  }

  #shadowDevice(): void {
    const { bare, device } = this;
    const { createBindGroup, createCommandEncoder } = device;
    const describe = (pipeline: GPUComputePipeline, { compute, layout }: GPUComputePipelineDescriptor) => {
      const access = typeof layout === 'object' && layout ? (this.#layouts.get(layout) ?? '') : '';
      this.#kernels.set(pipeline, { name: compute.entryPoint ?? '', access });
      return pipeline;
    };
    const hooks: Pick<GPUDevice, (typeof hooked)[number]> = {
      createBindGroupLayout: (descriptor) => {
        const layout = bare.createBindGroupLayout(descriptor);
        this.#layouts.set(layout, accessOf(descriptor));
        return layout;
      },
      createPipelineLayout: (descriptor) => {
        const layout = bare.createPipelineLayout(descriptor);
        const [first] = descriptor.bindGroupLayouts;
        this.#layouts.set(layout, (first && this.#layouts.get(first)) ?? '');
        return layout;
      },
      createComputePipeline: (descriptor) => describe(bare.createComputePipeline(descriptor), descriptor),
      createComputePipelineAsync: async (descriptor) =>
        describe(await bare.createComputePipelineAsync(descriptor), descriptor),
      createBindGroup: (descriptor) => {
        const group: Group = createBindGroup.call(device, descriptor);
        group[ENTRIES] = descriptor.entries;
        return group;
      },
      createCommandEncoder: (descriptor) => {
        const encoder = createCommandEncoder.call(device, descriptor);
        if (this.listener) this.#shadowPasses(encoder);
        if (this.passenger) this.#shadowCopies(encoder);
        return encoder;
      },
      createBuffer: (descriptor) => this.#createBuffer(descriptor),
    };
    Object.assign(device, hooks);
  }

  #createBuffer(descriptor: GPUBufferDescriptor): GPUBuffer {
    const isStaging = (descriptor.usage & GPUBufferUsage.MAP_READ) !== 0;
    const buffer = isStaging ? this.#createStaging(descriptor) : this.bare.createBuffer(descriptor);
    let held = descriptor.size;
    this.bytes += held;
    const destroy = buffer.destroy.bind(buffer);
    buffer.destroy = () => {
      this.bytes -= held;
      held = 0;
      destroy();
    };
    return buffer;
  }

  /** Larger than asked for, and saying nothing of it: the rest is for passengers. */
  #createStaging(descriptor: GPUBufferDescriptor): GPUBuffer {
    const { size } = descriptor;
    const offset = Math.ceil(size / 8) * 8;
    const room = Math.max(USUAL_PASSENGER, Math.ceil((this.passenger?.bytes ?? 0) / 8) * 8);
    const buffer = this.bare.createBuffer({ ...descriptor, size: offset + room });
    const staging: Staging = { offset, room, passenger: null };
    this.#staging.set(buffer, staging);
    Object.defineProperty(buffer, 'size', { value: size });
    const getMappedRange = buffer.getMappedRange.bind(buffer);
    buffer.getMappedRange = (from = 0, length = size - from) => {
      const { passenger } = staging;
      staging.passenger = null;
      if (passenger) passenger.deliver(getMappedRange(offset, passenger.bytes).slice(0));
      return getMappedRange(from, length);
    };
    return buffer;
  }

  #shadowPasses(encoder: GPUCommandEncoder): void {
    const beginComputePass = encoder.beginComputePass.bind(encoder);
    encoder.beginComputePass = (descriptor) => {
      const pass = beginComputePass(descriptor);
      (pass as Pass)[STATE] = { pipeline: null, group: null };
      this.#passHooks ??= this.#createPassHooks(pass);
      return Object.assign(pass, this.#passHooks);
    };
  }

  /** The three methods that all passes of this device share. @param pass any of them, for their prototype */
  #createPassHooks(pass: GPUComputePassEncoder): Partial<GPUComputePassEncoder> {
    const prototype = Object.getPrototypeOf(pass) as GPUComputePassEncoder;
    const { setPipeline, dispatchWorkgroups } = prototype;
    const setBindGroup = prototype.setBindGroup as (this: Pass, ...args: unknown[]) => undefined;
    const before = (pass: Pass, gridX: number) => this.#beforeDispatch(pass, gridX);
    return {
      setPipeline(this: Pass, pipeline) {
        this[STATE].pipeline = pipeline;
        setPipeline.call(this, pipeline);
      },
      setBindGroup(this: Pass, index: number, group: GPUBindGroup | null, ...offsets: unknown[]) {
        if (index === 0) this[STATE].group = group;
        setBindGroup.call(this, index, group, ...offsets);
      },
      dispatchWorkgroups(this: Pass, x, y, z) {
        before(this, x);
        dispatchWorkgroups.call(this, x, y, z);
      },
    } as Partial<GPUComputePassEncoder>;
  }

  #beforeDispatch(pass: Pass, gridX: number): void {
    const { pipeline, group } = pass[STATE];
    const kernel = pipeline && this.#kernels.get(pipeline);
    const entries = (group as Group | null)?.[ENTRIES];
    if (!this.listener || !kernel || !entries) return;
    const write = this.listener({ kernel: kernel.name, access: kernel.access, buffers: buffersOf(entries), gridX });
    if (!write) return;
    const bare = withoutHooks(pass);
    write(bare);
    bare.setPipeline(pipeline);
    bare.setBindGroup(0, group);
  }

  #shadowCopies(encoder: GPUCommandEncoder): void {
    const copy = encoder.copyBufferToBuffer.bind(encoder) as (...args: unknown[]) => undefined;
    encoder.copyBufferToBuffer = (...args: unknown[]) => {
      copy(...args);
      // (source, destination, …) or (source, offset, destination, …)
      const to = (typeof args[1] === 'object' ? args[1] : args[2]) as GPUBuffer;
      const staging = this.#staging.get(to);
      const { passenger } = this;
      if (!staging || !passenger || passenger.bytes > staging.room || !this.isBoarding()) return;
      this.passenger = null;
      staging.passenger = passenger;
      copy(passenger.source, 0, to, staging.offset, passenger.bytes);
    };
  }
}

function accessOf({ entries }: GPUBindGroupLayoutDescriptor): string {
  const letters: Record<string, string> = { storage: 'w', 'read-only-storage': 'r', uniform: 'u' };
  const sorted = [...entries].sort((a, b) => a.binding - b.binding);
  return sorted.map(({ buffer }) => letters[buffer?.type ?? 'uniform'] ?? '?').join('');
}

/** In the order of their bindings, which are numbered from 0 without gaps. */
function buffersOf(entries: Iterable<GPUBindGroupEntry>): GPUBuffer[] {
  const buffers: GPUBuffer[] = [];
  for (const { binding, resource } of entries) {
    buffers[binding] = 'buffer' in resource ? resource.buffer : (resource as unknown as GPUBuffer);
  }
  return buffers;
}

/** The object as its prototype made it, whatever is shadowed on it. */
function withoutHooks<T extends object>(target: T): T {
  const prototype = Object.getPrototypeOf(target) as object;
  return new Proxy(target, {
    get(_, name) {
      const isShadowed = Object.hasOwn(target, name) && name in prototype;
      const value: unknown = Reflect.get(isShadowed ? prototype : target, name, target);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
    set: (_, name, value) => Reflect.set(target, name, value, target),
  });
}
