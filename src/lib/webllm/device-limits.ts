/** What WebLLM asks of a GPU before it opens any model: `detectGPUDevice` in the installed packages. */
import { PersonascopeError } from '../errors';
import type { BufferLimits } from '../gpu/buffer-limits';

export type DeviceLimits = BufferLimits &
  Pick<GPUSupportedLimits, 'maxComputeWorkgroupStorageSize' | 'maxStorageBuffersPerShaderStage'>;

const least = { maxComputeWorkgroupStorageSize: 32_768, maxStorageBuffersPerShaderStage: 10 } as const;

/** @throws PersonascopeError `NotSupported` with what is asked for and what there is */
export function requireDeviceLimits(limits: DeviceLimits): void {
  for (const name of ['maxComputeWorkgroupStorageSize', 'maxStorageBuffersPerShaderStage'] as const) {
    if (limits[name] >= least[name]) continue;
    const message = `WebLLM's models need ${name} ${least[name]}; this GPU gives at most ${limits[name]}.`;
    throw new PersonascopeError('NotSupported', message, 'Choose the model that comes with the page, or a folder.');
  }
}

/** Bytes of the largest buffer that WebLLM gets: it asks for 1 GiB, and where that is too much for 256 MiB, of which 128 MiB are bound. */
export function largestWebLlmBuffer({ maxBufferSize, maxStorageBufferBindingSize }: DeviceLimits): number {
  const GIB = 2 ** 30;
  return Math.min(
    maxBufferSize >= GIB ? GIB : Math.min(maxBufferSize, 2 ** 28),
    maxStorageBufferBindingSize >= GIB ? GIB : Math.min(maxStorageBufferBindingSize, 2 ** 27),
  );
}
