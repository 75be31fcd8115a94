/** A typed, shaped GPU buffer, and the owner that destroys it. */
import { PersonascopeError } from '../errors';
import { largestBuffer } from './buffer-limits';
import type { Allocation, Gpu } from './device';

/** `f16` and `bf16` are stored two to a 32-bit word and unpacked in the shader, so neither needs the `shader-f16` feature. */
export type DType = 'f32' | 'u32' | 'f16' | 'bf16';

/** What a kernel can be given: a buffer, and a number that is its own for the life of the page. Bind groups are cached by it. */
export interface BufferRef {
  readonly id: number;
  readonly buffer: GPUBuffer;
}

let nextId = 1;
const borrowed = new WeakMap<GPUBuffer, BufferRef>();

/** A buffer that somebody else owns and destroys. */
export function borrow(buffer: GPUBuffer): BufferRef {
  let ref = borrowed.get(buffer);
  if (!ref) borrowed.set(buffer, (ref = { id: nextId++, buffer }));
  return ref;
}

export class Tensor implements BufferRef, Allocation {
  readonly id = nextId++;
  readonly label: string;
  readonly shape: readonly number[];
  readonly dtype: DType;
  readonly buffer: GPUBuffer;
  readonly #gpu: Gpu;

  /** @throws PersonascopeError `OutOfMemory` if the tensor is larger than one buffer may be. */
  constructor(gpu: Gpu, label: string, shape: readonly number[], dtype: DType) {
    const size = byteLength(shape, dtype);
    const limit = largestBuffer(gpu.device.limits);
    if (size > limit) {
      throw new PersonascopeError(
        'OutOfMemory',
        `${label} needs a buffer of ${size} bytes; this GPU allows ${limit}.`,
        'Pick a smaller model, or one with a smaller vocabulary.',
      );
    }
    this.label = label;
    this.shape = shape;
    this.dtype = dtype;
    this.buffer = gpu.device.createBuffer({
      label,
      size,
      usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST | GPUBufferUsage.COPY_SRC,
    });
    this.#gpu = gpu;
    gpu.live.add(this);
  }

  /** Number of elements. */
  get size(): number {
    return this.shape.reduce((product, n) => product * n, 1);
  }

  /** Writes raw little-endian elements from element 0, or from `elementOffset` for 32-bit types. Bytes are padded to whole words with zeros. */
  write(data: ArrayBufferView, elementOffset = 0): void {
    const { buffer, byteOffset, byteLength: bytes } = data;
    const { queue } = this.#gpu.device;
    const whole = bytes & ~3;
    queue.writeBuffer(this.buffer, elementOffset * 4, buffer, byteOffset, whole);
    if (whole === bytes) return;
    const tail = new Uint8Array(4);
    tail.set(new Uint8Array(buffer, byteOffset + whole, bytes - whole));
    queue.writeBuffer(this.buffer, elementOffset * 4 + whole, tail);
  }

  destroy(): void {
    this.#gpu.live.delete(this);
    this.buffer.destroy();
  }
}

/** Owns tensors and destroys them together. */
export class TensorOwner {
  readonly gpu: Gpu;
  readonly #tensors: Tensor[] = [];

  constructor(gpu: Gpu) {
    this.gpu = gpu;
  }

  create(label: string, shape: readonly number[], dtype: DType = 'f32'): Tensor {
    const tensor = new Tensor(this.gpu, label, shape, dtype);
    this.#tensors.push(tensor);
    return tensor;
  }

  /** A tensor with these elements; `f16` and `bf16` data are raw bytes. */
  upload(label: string, shape: readonly number[], data: ArrayBufferView, dtype: DType = 'f32'): Tensor {
    const tensor = this.create(label, shape, dtype);
    tensor.write(data);
    return tensor;
  }

  /** Of GPU memory. */
  get bytes(): number {
    return this.#tensors.reduce((sum, { buffer }) => sum + buffer.size, 0);
  }

  destroy(): void {
    for (const tensor of this.#tensors.splice(0)) tensor.destroy();
  }
}

function byteLength(shape: readonly number[], dtype: DType): number {
  const elements = shape.reduce((product, n) => product * n, 1);
  const bytes = dtype === 'f16' || dtype === 'bf16' ? elements * 2 : elements * 4;
  return Math.max(16, Math.ceil(bytes / 16) * 16);
}
