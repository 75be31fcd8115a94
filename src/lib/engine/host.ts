/** What the worker does, apart from being a worker: one GPU, one loaded model, and the methods of the protocol on it. */
import { PersonascopeError } from '../errors';
import { openGpu, type Gpu } from '../gpu/device';
import type { WebLlmEngine } from '../webllm/engine';
import { embeddedModels } from './catalogue';
import { findDownload, listCatalogue, planDownload, requireFeatures, type ModelDownload } from './model-downloads';
import { describeFolder, openWebLlmModel, openWgsl, type Opened, type ReportProgress } from './open-model';
import type { LoadedModel, Method, Methods } from './protocol';
import { resolveChat, resolveForward } from './requests';

export interface CallContext<M extends Method> {
  signal: AbortSignal;
  emit: (event: Methods[M]['event']) => void;
}

type Handlers = {
  [M in Method]: (request: Methods[M]['request'], context: CallContext<M>) => Promise<Methods[M]['result']>;
};

export interface HostEvents {
  /** The GPU device was lost; no model is loaded now. */
  lost(reason: string): void;
  /** The model made room for another, which is not there yet. */
  unloaded(): void;
}

export class EngineHost implements Handlers {
  readonly #events: HostEvents;
  #gpu: Gpu | null = null;
  #loaded: Opened | null = null;
  /** The load before, done or failed: one follows another. */
  #loading: Promise<unknown> = Promise.resolve();

  constructor(events: HostEvents) {
    this.#events = events;
  }

  async models() {
    return [...embeddedModels, ...(await listCatalogue())];
  }

  async modelState({ model }: Methods['modelState']['request']) {
    return (await findDownload(model))?.store().state() ?? 'embedded';
  }

  async planModel({ model, mirror }: Methods['planModel']['request'], { signal }: CallContext<'planModel'>) {
    return planDownload(model, mirror, signal);
  }

  async repairModel(
    { model, mirror }: Methods['repairModel']['request'],
    { signal, emit }: CallContext<'repairModel'>,
  ) {
    const store = (await findDownload(model))?.store(mirror);
    const onChecked = (loadedBytes: number, totalBytes: number) => emit({ phase: 'check', loadedBytes, totalBytes });
    const wrong = await store?.repair(signal, (progress) => emit({ phase: 'download', ...progress }), onChecked);
    return { wrong: wrong ?? [] };
  }

  async deleteModel({ model }: Methods['deleteModel']['request']) {
    await (await findDownload(model))?.store().delete();
    return null;
  }

  /**
   * The model that was loaded stays until the new one can answer, and for good if the new one can't; except that one of WebLLM's makes
   * room for another before that is opened: two are too much for a GPU's memory. Loads wait for each other.
   */
  load(request: Methods['load']['request'], context: CallContext<'load'>): Promise<LoadedModel> {
    const load = this.#loading.then(() => this.#load(request, context));
    this.#loading = load.catch(() => undefined);
    return load;
  }

  async #load({ model, baseUrl, mirror }: Methods['load']['request'], { signal, emit }: CallContext<'load'>) {
    signal.throwIfAborted();
    const progress: ReportProgress = (phase, loadedBytes = 0, totalBytes = 0) =>
      emit({ phase, loadedBytes, totalBytes });
    const download = await findDownload(model);
    if (download) {
      await requireFeatures(download, mirror, signal);
      await download.store(mirror).download(signal, (progress) => emit({ phase: 'download', ...progress }));
    }
    progress('device');
    const opened = download
      ? await this.#openWebLlm(download, mirror, signal, progress)
      : await openWgsl(await this.#openGpu(), describeFolder(model, baseUrl), signal, progress);
    if (signal.aborted) {
      await opened.engine.destroy();
      signal.throwIfAborted();
    }
    const before = this.#loaded;
    this.#loaded = opened;
    if (download) this.#watch((opened as Opened<WebLlmEngine>).engine.device, () => this.#loaded === opened);
    await before?.engine.destroy();
    return { info: opened.engine.info, personaSpace: opened.space };
  }

  async vectors() {
    return this.#require().book.summaries();
  }

  async chat(request: Methods['chat']['request'], { signal, emit }: CallContext<'chat'>) {
    const { engine, book } = this.#require();
    const { collected: _, ...result } = await engine.chat(resolveChat(request, book), { signal, onToken: emit });
    return result;
  }

  async forward(request: Methods['forward']['request'], { signal }: CallContext<'forward'>) {
    const { engine, book } = this.#require();
    return engine.forward(resolveForward(request, book), { signal });
  }

  async steer({ interventions }: Methods['steer']['request']) {
    const { engine, book } = this.#require();
    return { token: engine.steer(book.resolveAll(interventions)) };
  }

  async tokenize({ messages, prefill }: Methods['tokenize']['request']) {
    return this.#require().tokenizer.encodeChat(messages, prefill);
  }

  async #openWebLlm(
    download: ModelDownload,
    mirror: string | undefined,
    signal: AbortSignal,
    progress: ReportProgress,
  ) {
    const before = this.#loaded;
    if (before?.engine.info.engine === 'web-llm') {
      this.#loaded = null;
      await before.engine.destroy();
      this.#events.unloaded();
    }
    return openWebLlmModel(download, mirror, signal, progress);
  }

  #require() {
    if (!this.#loaded) throw new PersonascopeError('NoModel', 'No model is loaded.', 'Choose a model first.');
    return this.#loaded;
  }

  async #openGpu(): Promise<Gpu> {
    if (this.#gpu) return this.#gpu;
    const gpu = (this.#gpu = await openGpu());
    this.#watch(gpu.device, () => {
      const isOurs = this.#gpu === gpu;
      if (isOurs) this.#gpu = null;
      return isOurs && this.#loaded?.engine.info.engine === 'wgsl';
    });
    return gpu;
  }

  /** @param isLoaded whether the loaded model runs on this device; a model that was let go is no longer loaded when its device goes */
  #watch(device: GPUDevice, isLoaded: () => boolean): void {
    void device.lost.then(({ reason, message }) => {
      if (!isLoaded()) return;
      this.#loaded = null;
      this.#events.lost(message || reason || 'unknown reason');
    });
  }
}
