/** Why there is no GPU: each cause has its own words. What stands in for the browser's GPU does what browsers do. */
import { afterEach, expect, it, vi } from 'vitest';
import { fromErrorData, toErrorData, type PersonascopeError } from '../../../src/lib/errors';
import { largestBuffer, requireBuffers } from '../../../src/lib/gpu/buffer-limits';
import { openGpu, requestAdapter } from '../../../src/lib/gpu/device';
import { findObstacle, granted } from '../../../src/lib/gpu/obstacle';
import { largestWebLlmBuffer } from '../../../src/lib/webllm/device-limits';

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

const gpuThat = (requestAdapter: () => Promise<unknown>) => ({ requestAdapter }) as unknown as GPU;
const adapterThat = (requestDevice: () => Promise<unknown>) => ({ limits: {}, info: {}, requestDevice });
const never = () => new Promise(() => {});
const failureOf = (work: Promise<unknown>) =>
  work.then(
    () => Promise.reject(new Error('it succeeded')),
    (error: PersonascopeError) => error,
  );

it('a page without https is told so, and not that its browser has no WebGPU', async () => {
  vi.stubGlobal('isSecureContext', false);
  vi.stubGlobal('navigator', {});
  const error = await failureOf(requestAdapter());
  expect(error).toMatchObject({ name: 'WebGpuUnavailable', obstacle: 'insecure' });
  expect(`${error.message} ${error.nextStep}`).toMatch(/not opened over https.*http:\/\/localhost/);
  // Chrome's flag makes it as good as secure.
  expect(findObstacle(gpuThat(never), false)).toBeNull();
});

it('a browser without WebGPU, one without a GPU, and one whose GPU refuses are told apart', async () => {
  vi.stubGlobal('isSecureContext', true);
  vi.stubGlobal('navigator', {});
  expect(await failureOf(openGpu())).toMatchObject({ obstacle: 'missing', message: 'This browser has no WebGPU.' });
  const none = await failureOf(openGpu(gpuThat(async () => null)));
  expect(none).toMatchObject({ obstacle: 'no-adapter' });
  expect(none.message).toContain('found no GPU that it can use');
  const refuse = async () => {
    throw new DOMException('D3D12 create command queue failed.', 'OperationError');
  };
  const refused = await failureOf(openGpu(gpuThat(async () => adapterThat(refuse))));
  expect(refused).toMatchObject({
    obstacle: 'refused',
    message: 'The GPU refused to open: D3D12 create command queue failed.',
  });
  expect(await failureOf(openGpu(gpuThat(refuse)))).toMatchObject({ obstacle: 'refused' });
});

it.each([
  ['for an adapter', gpuThat(never)],
  ['for a device', gpuThat(async () => adapterThat(never))],
])('a browser that never answers when asked %s is given up after 15 s, and can be asked again', async (_, gpu) => {
  vi.useFakeTimers();
  const failure = failureOf(openGpu(gpu));
  let isTold = false;
  void failure.then(() => (isTold = true));
  await vi.advanceTimersByTimeAsync(13_000);
  expect(isTold).toBe(false);
  await vi.advanceTimersByTimeAsync(3_000);
  const error = await failure;
  expect(error).toMatchObject({ obstacle: 'silent' });
  expect(`${error.message} ${error.nextStep}`).toContain('has not answered for 15 s. Try again');
  expect(vi.getTimerCount()).toBe(0);
  await expect(granted(Promise.resolve('a device'))).resolves.toBe('a device');
});

it('the cause crosses the border of the worker', async () => {
  const error = await failureOf(openGpu(gpuThat(async () => null)));
  expect(fromErrorData(structuredClone(toErrorData(error)))).toMatchObject({ obstacle: 'no-adapter' });
});

it('the largest need is told with both numbers, which never read the same', () => {
  const needs = [
    { what: 'logits', bytes: 600_000 },
    { what: 'model.embed_tokens.weight', bytes: 411_200_000 },
  ];
  expect(() => requireBuffers(needs, 2 ** 28)).toThrow(
    'This model needs a buffer of 412 MB (model.embed_tokens.weight); this GPU gives at most 268 MB.',
  );
  expect(() => requireBuffers(needs, 411_199_999)).toThrow(
    'of 412 MB (model.embed_tokens.weight); this GPU gives at most 411 MB.',
  );
  expect(() => requireBuffers(needs, 411_200_000)).not.toThrow();
});

it('what WebLLM gets of a GPU is what it asks for, not what there is', () => {
  const limits = { maxComputeWorkgroupStorageSize: 32_768, maxStorageBuffersPerShaderStage: 10 };
  const of = (maxBufferSize: number, maxStorageBufferBindingSize: number) =>
    largestWebLlmBuffer({ ...limits, maxBufferSize, maxStorageBufferBindingSize });
  expect(of(2 ** 33, 2 ** 32)).toBe(2 ** 30);
  expect(of(2 ** 33, 2 ** 29)).toBe(2 ** 27);
  expect(of(2 ** 29, 2 ** 30)).toBe(2 ** 28);
  expect(largestBuffer({ maxBufferSize: 2 ** 29, maxStorageBufferBindingSize: 2 ** 30 })).toBe(2 ** 29);
});
