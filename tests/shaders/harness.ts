/** Runs one kernel on the GPU at hand (Dawn in Node, or Chromium) and compares with numbers computed in float64. */
import { afterAll, expect } from 'vitest';
import { Commands } from '../../src/lib/gpu/commands';
import { openGpu } from '../../src/lib/gpu/device';
import type { KernelSpec } from '../../src/lib/gpu/kernel';
import { ReadbackRing } from '../../src/lib/gpu/readback';
import { TensorOwner, type DType, type Tensor } from '../../src/lib/gpu/tensor';

const gpu = await openGpu();
afterAll(() => gpu.destroy());

export interface Input {
  shape: number[];
  data: Float32Array | Uint32Array | Uint16Array;
  dtype?: DType;
}

/** Runs the kernel once on fresh buffers; returns the bytes of `output` as f32. Leaves no buffer behind. */
export async function runKernel(
  spec: KernelSpec,
  inputs: Record<string, Input>,
  output: string,
  params: Record<string, number>,
  grid: [number, number?],
): Promise<Float32Array> {
  const before = gpu.live.size;
  const owner = new TensorOwner(gpu);
  const commands = new Commands(gpu);
  const ring = new ReadbackRing(gpu, 1);
  try {
    const tensors: Record<string, Tensor> = {};
    for (const [name, { shape, data, dtype = 'f32' }] of Object.entries(inputs)) {
      tensors[name] = owner.upload(name, shape, data, dtype);
    }
    gpu.device.pushErrorScope('validation');
    commands.run(await gpu.kernels.get(spec), tensors, params, grid);
    const bytes = inputs[output]!.data.byteLength;
    const [result] = await ring.submitAndRead(commands, [{ tensor: tensors[output]!, bytes }]);
    const error = await gpu.device.popErrorScope();
    expect(error?.message).toBeUndefined();
    return new Float32Array(result!);
  } finally {
    owner.destroy();
    commands.destroy();
    ring.destroy();
    expect(gpu.live.size).toBe(before);
  }
}

export function zeros(...shape: number[]): Input {
  return { shape, data: new Float32Array(shape.reduce((a, b) => a * b, 1)) };
}

/** Fails with index, got and want at the worst element. Tolerance: |got - want| <= tolerance * (1 + |want|). */
export function expectClose(got: ArrayLike<number>, want: ArrayLike<number>, tolerance: number): void {
  expect(got.length).toBe(want.length);
  let worst = { index: -1, excess: 0 };
  for (let i = 0; i < want.length; i++) {
    const excess = Math.abs(got[i]! - want[i]!) / (1 + Math.abs(want[i]!));
    if (!(excess <= worst.excess)) worst = { index: i, excess };
  }
  if (!(worst.excess <= tolerance)) {
    const { index } = worst;
    expect.fail(
      `index ${index}: got ${got[index]}, want ${want[index]} (tolerance ${tolerance}, ${want.length} elements)`,
    );
  }
}

/** Uniform numbers in [-scale, scale), the same for the same seed, rounded to f32. */
export function randomFloats(seed: number, length: number, scale = 1): Float32Array {
  let state = seed * 2654435761 + 1;
  return Float32Array.from({ length }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return ((state >>> 8) / 2 ** 23 - 1) * scale;
  });
}

/** f32 -> the bits of the nearest f16, for numbers in f16's normal range. */
export function toHalf(values: Float32Array): Uint16Array {
  const f32 = new Float32Array(1);
  const bits = new Uint32Array(f32.buffer);
  return Uint16Array.from(values, (value) => {
    f32[0] = value;
    const sign = (bits[0]! >>> 16) & 0x8000;
    const rounded = bits[0]! + 0x0fff + ((bits[0]! >>> 13) & 1);
    const exponent = ((rounded >>> 23) & 0xff) - 112;
    return exponent <= 0 ? sign : sign | (exponent << 10) | ((rounded >>> 13) & 0x3ff);
  });
}

export function fromHalf(values: Uint16Array): Float32Array {
  return Float32Array.from(values, (h) => {
    const exponent = (h >> 10) & 31;
    const magnitude = exponent === 0 ? (h & 1023) * 2 ** -24 : (1 + (h & 1023) / 1024) * 2 ** (exponent - 15);
    return h & 0x8000 ? -magnitude : magnitude;
  });
}

/** f32 -> bf16 by truncation. */
export function toBrain(values: Float32Array): Uint16Array {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  return Uint16Array.from(bits, (b) => b >>> 16);
}

export function fromBrain(values: Uint16Array): Float32Array {
  return new Float32Array(Uint32Array.from(values, (b) => b << 16).buffer);
}
