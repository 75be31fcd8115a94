/** What the worker does, apart from being a worker: one GPU, one loaded model, and the methods of the protocol on it. */
import { PersonascopeError } from '../errors';
import { openGpu, type Gpu } from '../gpu/device';
import type { ResolvedIntervention } from '../interp/intervention';
import type { WebLlmEngine } from '../webllm/engine';
import { embeddedModels } from './catalogue';
import { findDownload, listCatalogue, planDownload, requireFeatures, type ModelDownload } from './model-downloads';
import { createBook, describeFolder, openWebLlmModel, openWgsl, type Opened, type ReportProgress } from './open-model';
import type { ComputedSpace, LoadedModel, Method, Methods } from './protocol';
import { resolveChat, resolveForward } from './requests';
import { Turns } from './turns';
import { Workshop } from './workshop';

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
  readonly #turns = new Turns();
  /** What a reply that waits for its turn is to begin with. */
  #steeredBefore: ResolvedIntervention[] | null = null;
  readonly #workshop = new Workshop(this.#turns);

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
    await this.#workshop.stop();
    const before = this.#loaded;
    this.#loaded = opened;
    if (download) this.#watch((opened as Opened<WebLlmEngine>).engine.device, () => this.#loaded === opened);
    await before?.engine.destroy();
    const made = await this.#bringBack(opened);
    const { space: personaSpace, personaTrouble } = opened;
    return { info: opened.engine.info, personaSpace, personaTrouble, ...made };
  }

  async vectors() {
    return this.#require().book.summaries();
  }

  async chat(request: Methods['chat']['request'], { signal, emit }: CallContext<'chat'>) {
    const { engine, book } = this.#require();
    const resolved = resolveChat(request, book);
    this.#steeredBefore = null;
    const chat = () => {
      const interventions = this.#steeredBefore ?? resolved.interventions;
      this.#steeredBefore = null;
      return engine.chat({ ...resolved, interventions }, { signal, onToken: emit });
    };
    const { collected: _, ...result } = await this.#turns.visitor(chat);
    return result;
  }

  async forward(request: Methods['forward']['request'], { signal }: CallContext<'forward'>) {
    const { engine, book } = this.#require();
    const resolved = resolveForward(request, book);
    return this.#turns.visitor(() => engine.forward(resolved, { signal }));
  }

  async steer({ interventions }: Methods['steer']['request']) {
    const { engine, book } = this.#require();
    const resolved = book.resolveAll(interventions);
    if (this.#turns.isVisitorSpeaking) return { token: engine.steer(resolved) };
    if (!this.#turns.isVisitorWaiting) return { token: null };
    this.#steeredBefore = resolved;
    return { token: 0 };
  }

  async extract(request: Methods['extract']['request'], context: CallContext<'extract'>) {
    return this.#workshop.extract(this.#require(), request, context);
  }

  async extractSpace(request: Methods['extractSpace']['request'], context: CallContext<'extractSpace'>) {
    const opened = this.#require();
    return this.#use(opened, await this.#workshop.extractSpace(opened, request, context));
  }

  async unfinished() {
    return this.#workshop.unfinished(this.#require());
  }

  async discard() {
    return this.#workshop.discard(this.#require());
  }

  async keepVector(imported: Methods['keepVector']['request']) {
    return this.#workshop.keep(this.#require(), imported);
  }

  async numbers({ name }: Methods['numbers']['request']) {
    return this.#require().book.numbers(name);
  }

  async digest() {
    return this.#require().digest();
  }

  async personaTensors() {
    return this.#require().tensors;
  }

  async forgetVector({ name }: Methods['forgetVector']['request']) {
    return this.#workshop.forgetVector(this.#require(), name);
  }

  async space() {
    return this.#workshop.space(this.#require());
  }

  async exportSums() {
    return this.#workshop.exportSums(this.#require());
  }

  async mergeSums({ files }: Methods['mergeSums']['request']) {
    const opened = this.#require();
    return this.#use(opened, await this.#workshop.mergeSums(opened, files));
  }

  async #use(opened: Opened, record: ComputedSpace['record']): Promise<ComputedSpace> {
    await this.#bringBack(opened);
    return { record, personaSpace: opened.space };
  }

  /** What was made of this model here. A model that ships no persona space gets the one that was computed here. */
  async #bringBack(opened: Opened): Promise<Pick<LoadedModel, 'ownVectors' | 'unfinished'>> {
    const isKnown = await opened.digest().catch(() => null);
    // Offline, a cached model answers, but nothing says that what was kept is of these very weights.
    if (!isKnown || opened.engine.info.taps !== 'verified') return { ownVectors: [], unfinished: null };
    const own = opened.shipsSpace ? null : await this.#workshop.restoreSpace(opened);
    if (own) {
      opened.space = own.space;
      opened.tensors = own.tensors;
      opened.book = createBook(opened.engine.info, own);
    }
    return { ownVectors: await this.#workshop.restore(opened), unfinished: await this.#workshop.unfinished(opened) };
  }

  async #openWebLlm(
    download: ModelDownload,
    mirror: string | undefined,
    signal: AbortSignal,
    progress: ReportProgress,
  ) {
    const before = this.#loaded;
    if (before?.engine.info.engine === 'web-llm') {
      await this.#workshop.stop();
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
