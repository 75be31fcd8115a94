/** WebLLM itself: imported only when a model asks for it, and only in the worker. */
import type { AppConfig, LogitProcessor, MLCEngine } from '@mlc-ai/web-llm';
import { PersonascopeError } from '../errors';
import { obstacleError } from '../gpu/obstacle';
import type { Runtime } from '../downloads/mlc-catalogue';
import { Interposer } from './interposer';

export interface RuntimeModel {
  /** WebLLM's name for it. */
  id: string;
  /** Folder of the weights, with a slash at its end. */
  url: string;
  /** The model library, a wasm file. */
  lib: string;
  runtime: Runtime;
  /** Tokens; -1 leaves the folder's sliding window. */
  contextLength: number;
}

export interface OpenRuntime {
  engine: MLCEngine;
  interposer: Interposer;
}

async function importRuntime(version: Runtime): Promise<typeof import('@mlc-ai/web-llm')> {
  try {
    if (version === '0.2.79') return (await import('web-llm-0.2.79')) as unknown as typeof import('@mlc-ai/web-llm');
    return await import('@mlc-ai/web-llm');
  } catch (cause) {
    const message = `WebLLM ${version}, a part of this page, did not arrive.`;
    throw new PersonascopeError('DownloadFailed', message, 'Check the connection, then reload the page.', { cause });
  }
}

/** What a load is doing once all files are there. */
export type OpenStep = 'weights' | 'compile' | 'taps';

/**
 * Loads a model into WebLLM, with an interposer on the device it opens.
 * @param onStep how far that step is, 0 to 1
 * @throws PersonascopeError `WebGpuUnavailable`, `OutOfMemory`, `DeviceLost`, `Aborted`, `BadModel`, `NotSupported`
 */
export async function openRuntime(
  model: RuntimeModel,
  processor: LogitProcessor,
  { signal, onStep }: { signal?: AbortSignal; onStep?: (step: OpenStep, fraction: number) => void } = {},
): Promise<OpenRuntime> {
  const { MLCEngine } = await importRuntime(model.runtime);
  const { id, url, lib, contextLength } = model;
  const appConfig: AppConfig = { model_list: [{ model: url, model_id: id, model_lib: lib }] };
  const engine = new MLCEngine({
    appConfig,
    logLevel: 'SILENT',
    logitProcessorRegistry: new Map([[id, processor]]),
    initProgressCallback: ({ text, progress }) => onStep?.(/shader/i.test(text) ? 'compile' : 'weights', progress),
  });
  signal?.throwIfAborted();
  const interception = interceptDevice();
  // WebLLM looks for an abort between downloads only, and all files are here: without its device it ends at once.
  const cancel = () => interception.device()?.destroy();
  signal?.addEventListener('abort', cancel, { once: true });
  try {
    // Its own sampling is greedy over what the logit processor leaves.
    const sampling = { temperature: 0, top_p: 1, repetition_penalty: 1, frequency_penalty: 0, presence_penalty: 0 };
    await engine.reload(id, contextLength > 0 ? { ...sampling, context_window_size: contextLength } : sampling);
    // An aborted reload resolves all the same.
    signal?.throwIfAborted();
    const interposer = interception.take();
    if (!interposer) throw new Error('WebLLM opened no device');
    return { engine, interposer };
  } catch (cause) {
    const lost = await interception.wasLost();
    await engine.unload().catch(() => undefined);
    // It unloads only what it had opened; the weights that got as far as the GPU go with the device.
    const failed = interception.take();
    failed?.remove();
    failed?.device.destroy();
    throw describeFailure(cause, lost, signal);
  } finally {
    signal?.removeEventListener('abort', cancel);
    interception.end();
  }
}

/** While it lasts, devices that this thread is given are interposed. Nobody else asks for one meanwhile: the host opens one model at a time. */
function interceptDevice() {
  const { gpu } = navigator;
  let last: Interposer | null = null;
  const requestAdapter = gpu.requestAdapter.bind(gpu);
  gpu.requestAdapter = async (options) => {
    const adapter = await requestAdapter(options);
    if (!adapter) return null;
    const requestDevice = adapter.requestDevice.bind(adapter);
    adapter.requestDevice = async (descriptor) => {
      last = new Interposer(await requestDevice(descriptor));
      return last.device;
    };
    return adapter;
  };
  return {
    device: () => last?.device,
    /** The interposer of the device that was opened last, once. */
    take: () => {
      const taken = last;
      last = null;
      return taken;
    },
    /** Why the device went, if it did. */
    wasLost: async () => {
      const pending = new Promise<null>((resolve) => setTimeout(resolve, 50, null));
      return last ? Promise.race([last.device.lost, pending]) : null;
    },
    end: () => Reflect.deleteProperty(gpu, 'requestAdapter'),
  };
}

function describeFailure(cause: unknown, lost: GPUDeviceLostInfo | null, signal?: AbortSignal): PersonascopeError {
  if (cause instanceof PersonascopeError) return cause;
  if (signal?.aborted) return new PersonascopeError('Aborted', 'Loading was cancelled.', '', { cause });
  const message = cause instanceof Error ? cause.message : String(cause);
  // WebLLM destroys the device itself when an allocation fails.
  const isMemory = lost?.reason === 'destroyed' || /memory|allocat|createBuffer|larger than/i.test(message);
  if (isMemory) {
    const nextStep = 'Close other tabs that use the GPU, or choose a smaller model.';
    return new PersonascopeError(
      'OutOfMemory',
      `The GPU has not enough memory for this model (${message}).`,
      nextStep,
      { cause },
    );
  }
  if (lost || /device (was )?lost/i.test(message)) {
    const reason = lost?.message || message;
    return new PersonascopeError(
      'DeviceLost',
      `The GPU was lost while the model was loading: ${reason}.`,
      'Try again.',
      { cause },
    );
  }
  if (/shader-f16/i.test(message)) {
    const nextStep = 'Choose its f32 build.';
    return new PersonascopeError(
      'NotSupported',
      'This build needs the GPU feature shader-f16, which is missing here.',
      nextStep,
      { cause },
    );
  }
  if (/WebGPU|GPU adapter|compatible GPU/i.test(message)) {
    return obstacleError('refused', message, cause);
  }
  const nextStep = 'Check that the weights and the library belong together, or choose another model.';
  return new PersonascopeError('BadModel', `WebLLM could not open the model: ${message}.`, nextStep, { cause });
}
