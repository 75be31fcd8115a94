/** Opens the GPU. One `Gpu` a worker; everything on it is created through it, so that what lives can be counted. */
import { PersonascopeError } from '../errors';
import { watchSilence } from '../silence';
import { KernelCache } from './kernel';
import { findObstacle, granted, obstacleError } from './obstacle';

/** Milliseconds that one answer may take: a pass over a long prompt, say. Where a CPU plays the GPU, a token can take 40 s. */
const PATIENCE = { hardware: 120_000, software: 1_200_000 };

/** GPU memory that somebody holds. */
export interface Allocation {
  readonly buffer: GPUBuffer;
  destroy(): void;
}

export class Gpu {
  readonly device: GPUDevice;
  /** Vendor and architecture, as the browser tells them. */
  readonly name: string;
  /** A CPU plays the GPU (SwiftShader, llvmpipe): right, and slow. */
  readonly isSoftware: boolean;
  readonly kernels: KernelCache;
  /** Everything that has not been destroyed. */
  readonly live = new Set<Allocation>();
  /** Resolves with the reason once nothing is to be had from the device any more. */
  readonly gone: Promise<string>;
  readonly #patience: number;
  #giveUp!: (reason: string) => void;

  /** @param patience milliseconds that one answer may take */
  constructor(
    device: GPUDevice,
    name: string,
    isSoftware: boolean,
    patience = isSoftware ? PATIENCE.software : PATIENCE.hardware,
  ) {
    this.device = device;
    this.name = name;
    this.isSoftware = isSoftware;
    this.kernels = new KernelCache(device);
    this.#patience = patience;
    this.gone = new Promise((resolve) => {
      this.#giveUp = resolve;
      void device.lost.then(({ reason, message }) => resolve(message || reason || 'unknown reason'));
    });
  }

  /**
   * Waits for what the device is to answer. One that stays silent is given up: it is destroyed, and `gone` resolves.
   * @throws PersonascopeError `DeviceLost` then, or what `answer` throws
   */
  async waitFor<T>(answer: Promise<T>): Promise<T> {
    let stop = () => {};
    const silent = new Promise<never>((_, reject) => {
      const watch = watchSilence(this.#patience / 8, (silence) => {
        if (silence < this.#patience) return;
        watch.stop();
        const reason = `The GPU has not answered for ${Math.round(this.#patience / 1000)} s.`;
        this.#giveUp(reason);
        this.device.destroy();
        reject(new PersonascopeError('DeviceLost', reason, 'Load the model again; your conversation is kept.'));
      });
      stop = () => watch.stop();
    });
    try {
      return await Promise.race([answer, silent]);
    } finally {
      stop();
    }
  }

  /** Bytes of GPU memory in use. */
  get liveBytes(): number {
    let bytes = 0;
    for (const { buffer } of this.live) bytes += buffer.size;
    return bytes;
  }

  /**
   * Work that allocates: WebGPU hands out buffers that it has no memory for, and every pass that reads one is dropped.
   * @throws PersonascopeError `OutOfMemory` if there was too little; what was made then is the caller's to destroy
   */
  async withinMemory<T>(work: () => Promise<T>): Promise<T> {
    this.device.pushErrorScope('out-of-memory');
    const [outcome] = await Promise.allSettled([work()]);
    // A device that was lost meanwhile has no scope left; its loss is reported elsewhere.
    const shortage = await this.device.popErrorScope().catch(() => null);
    if (outcome.status === 'rejected') throw outcome.reason;
    if (!shortage) return outcome.value;
    throw new PersonascopeError(
      'OutOfMemory',
      `The GPU has too little memory for it: ${shortage.message || 'no reason was given'}`,
      'Close other pages that use the GPU, or choose a smaller model.',
    );
  }

  destroy(): void {
    for (const held of [...this.live]) held.destroy();
    this.device.destroy();
  }
}

/** @returns no words where the browser tells nothing. Before `adapter.info`, of Chrome 127, it was asked for. */
async function readInfo(
  adapter: GPUAdapter & { requestAdapterInfo?: () => Promise<GPUAdapterInfo> },
): Promise<Pick<GPUAdapterInfo, 'vendor' | 'architecture' | 'description'>> {
  const nothing = { vendor: '', architecture: '', description: '' };
  return (adapter.info as GPUAdapterInfo | undefined) ?? (await adapter.requestAdapterInfo?.()) ?? nothing;
}

/** What the browser calls the GPU, and whether a CPU plays it. */
export async function describeAdapter(adapter: GPUAdapter): Promise<{ name: string; isSoftware: boolean }> {
  const { vendor, architecture, description } = await readInfo(adapter);
  const name = description || [vendor, architecture].filter(Boolean).join(' ') || 'unnamed GPU';
  return { name, isSoftware: /swiftshader|llvmpipe|lavapipe|basic render/i.test(`${architecture} ${name}`) };
}

/** The fastest adapter. @throws PersonascopeError `WebGpuUnavailable` */
export async function requestAdapter(gpu: GPU | undefined = globalThis.navigator?.gpu): Promise<GPUAdapter> {
  const obstacle = findObstacle(gpu);
  if (obstacle) throw obstacle;
  const adapter = await granted(gpu!.requestAdapter({ powerPreference: 'high-performance' }));
  if (!adapter) throw obstacleError('no-adapter');
  return adapter;
}

/**
 * Asks for the fastest adapter with the largest buffers it offers.
 * @throws PersonascopeError `WebGpuUnavailable`
 */
export async function openGpu(gpu: GPU | undefined = globalThis.navigator?.gpu): Promise<Gpu> {
  const adapter = await requestAdapter(gpu);
  const { maxBufferSize, maxStorageBufferBindingSize } = adapter.limits;
  const { name, isSoftware } = await describeAdapter(adapter);
  const requiredLimits = { maxBufferSize, maxStorageBufferBindingSize };
  return new Gpu(await granted(adapter.requestDevice({ requiredLimits })), name, isSoftware);
}
