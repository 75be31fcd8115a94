/** The GPU layer: compile errors that point at the line, parameters by name, readback, ownership. */
import { afterAll, expect, test } from 'vitest';
import { Commands } from '../../src/lib/gpu/commands';
import { Gpu, openGpu } from '../../src/lib/gpu/device';
import { KernelCache } from '../../src/lib/gpu/kernel';
import { preprocess } from '../../src/lib/gpu/preprocess';
import { ReadbackRing } from '../../src/lib/gpu/readback';
import { TensorOwner } from '../../src/lib/gpu/tensor';

const gpu = await openGpu();
afterAll(() => gpu.destroy());

const addOne = `
struct Params { count: u32, amount: f32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> x: array<f32>; // (count)
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x < params.count) { x[id.x] += params.amount; }
}`;

test('a compile error names file, line and column, also inside an include', async () => {
  const cache = new KernelCache(gpu.device, {
    'outer.wgsl': '#include "inner.wgsl"\n@compute @workgroup_size(1) fn main() {}',
    'inner.wgsl': '// fine\nfn broken() -> f32 {\n  return missing_name;\n}',
  });
  const failing = cache.get({ file: 'outer' });
  await expect(failing).rejects.toMatchObject({
    name: 'ShaderError',
    message: expect.stringMatching(/shaders\/inner\.wgsl:3:\d+: .*missing_name/),
  });
});

test('the preprocessor: defines replace whole words, an outer define wins, each file is included once', () => {
  const sources = {
    'a.wgsl': '#define SIZE 4\n#include "KIND.wgsl"\n#include "KIND.wgsl"\nvar n = SIZE; var SIZEABLE = 1;',
    'b.wgsl': 'const b = SIZE;',
  };
  expect(preprocess('a.wgsl', sources, { KIND: 'b' }).code).toBe('const b = 4;\nvar n = 4; var SIZEABLE = 1;');
  expect(preprocess('a.wgsl', sources, { KIND: 'b', SIZE: 8 }).code).toContain('const b = 8;');
});

test.each([
  ['#include "nowhere.wgsl"', 'a.wgsl:1: there is no shaders/nowhere.wgsl'],
  ['fn f() {}\n#ifdef X', 'a.wgsl:2: unknown directive #ifdef'],
])('the preprocessor throws on what it cannot resolve: %s', (text, message) => {
  expect(() => preprocess('a.wgsl', { 'a.wgsl': text })).toThrow(message);
});

test('kernels are compiled once for each file, set of defines and set of constants', async () => {
  const cache = new KernelCache(gpu.device, { 'add_one.wgsl': addOne });
  expect(await cache.get({ file: 'add_one' })).toBe(await cache.get({ file: 'add_one' }));
  expect(await cache.get({ file: 'add_one' })).not.toBe(await cache.get({ file: 'add_one', defines: { X: 1 } }));
});

test('many dispatches keep their own parameters, and copies stand between them in order', async () => {
  const kernel = await new KernelCache(gpu.device, { 'add_one.wgsl': addOne }).get({ file: 'add_one' });
  const owner = new TensorOwner(gpu);
  const commands = new Commands(gpu);
  const ring = new ReadbackRing(gpu);
  const x = owner.upload('x', [5], new Float32Array(5));
  const half = owner.create('half', [5]);
  for (let i = 1; i <= 200; i++) {
    commands.run(kernel, { x }, { count: 4, amount: i }, [1]);
    if (i === 100) commands.copy(x, half.buffer, 20);
  }
  const [whole, middle] = await ring.submitAndRead(commands, [
    { tensor: x, bytes: 20 },
    { tensor: half, bytes: 20 },
  ]);
  expect([...new Float32Array(whole!)]).toEqual([20100, 20100, 20100, 20100, 0]);
  expect([...new Float32Array(middle!)]).toEqual([5050, 5050, 5050, 5050, 0]);
  expect(() => commands.run(kernel, {}, { count: 1, amount: 1 }, [1])).toThrow('binding "x" is missing');
  expect(() => commands.run(kernel, { x }, { count: 1 }, [1])).toThrow('param "amount" is missing');
  expect(() => commands.run(kernel, { x }, { count: 1, amount: 1 }, [70_000])).toThrow('grid 70000');
  commands.destroy();
  ring.destroy();
  owner.destroy();
  expect(gpu.live.size).toBe(0);
});

test('a tensor takes any number of bytes, also an odd number of 16-bit elements', async () => {
  const owner = new TensorOwner(gpu);
  const ring = new ReadbackRing(gpu, 1);
  const commands = new Commands(gpu);
  const tensor = owner.upload('three halves', [3], Uint16Array.of(1, 2, 3), 'f16');
  const [bytes] = await ring.submitAndRead(commands, [{ tensor, bytes: 8 }]);
  expect([...new Uint16Array(bytes!)]).toEqual([1, 2, 3, 0]);
  owner.destroy();
});

test('a tensor larger than a buffer may be is refused with both sizes', () => {
  const owner = new TensorOwner(gpu);
  expect(() => owner.create('huge', [2 ** 40])).toThrow(/huge needs a buffer of \d+ bytes; this GPU allows \d+/);
  expect(gpu.live.size).toBe(0);
});

test('a GPU that never answers is given up, and says so', async () => {
  const { device } = await openGpu();
  const silent = new Gpu(device, 'silent', true, 200);
  const owner = new TensorOwner(silent);
  const x = owner.upload('x', [4], new Float32Array(4));
  const ring = new ReadbackRing(silent);
  const commands = new Commands(silent);
  const read = () => ring.submitAndRead(commands, [{ tensor: x, bytes: 16 }]);
  await read();
  // A driver that hangs: the work is taken and never done.
  const { createBuffer } = device;
  device.createBuffer = (descriptor) => {
    const buffer = createBuffer.call(device, descriptor);
    if (descriptor.usage & GPUBufferUsage.MAP_READ) buffer.mapAsync = () => new Promise(() => {});
    return buffer;
  };
  const hanging = new ReadbackRing(silent);
  const start = performance.now();
  await expect(hanging.submitAndRead(commands, [{ tensor: x, bytes: 16 }])).rejects.toMatchObject({
    name: 'DeviceLost',
    message: expect.stringMatching(/^The GPU has not answered for \d+ s\.$/),
    nextStep: expect.stringContaining('Load the model again'),
  });
  expect(performance.now() - start).toBeLessThan(2_000);
  expect(await silent.gone).toMatch(/has not answered/);
  expect((await device.lost).reason).toBe('destroyed');
});
