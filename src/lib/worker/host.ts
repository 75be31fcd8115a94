/** What the worker does, apart from being a worker: one GPU, one loaded model, and the methods of the protocol on it. */
import { PersonascopeError } from '../errors';
import { openGpu, type Gpu } from '../gpu/device';
import type { ResolvedIntervention } from '../engine/intervention';
import type { WebLlmEngine } from '../webllm/engine';
import { embeddedModels } from '../downloads/embedded-models';
import { findDownload, listCatalogue, planDownload, requireFeatures, type ModelDownload } from './model-downloads';
import {
  createBook,
  describeFolder,
  openWebLlmModel,
  openWgsl,
  type Network,
  type Opened,
  type ReportProgress,
} from './open-model';
import { digestPersonas } from '../personas/persona-files';
import { ProgressReport } from './progress-report';
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
    if (embeddedModels.some(({ id }) => id === model)) return 'embedded' as const;
    return (await findDownload(model))?.store().state() ?? 'none';
  }

  async planModel({ model, mirror }: Methods['planModel']['request'], { signal, emit }: CallContext<'planModel'>) {
    return planDownload(model, mirror, signal, emit);
  }

  async repairModel(
    { model, mirror }: Methods['repairModel']['request'],
    { signal, emit }: CallContext<'repairModel'>,
  ) {
    const { report, onSilence } = new ProgressReport(emit);
    const store = (await findDownload(model))?.store(mirror, onSilence);
    const onChecked = (loadedBytes: number, totalBytes: number) => report({ phase: 'check', loadedBytes, totalBytes });
    const wrong = await store?.repair(signal, (progress) => report({ phase: 'download', ...progress }), onChecked);
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
    const { report, onSilence } = new ProgressReport(emit);
    const network = { signal, onSilence };
    const progress: ReportProgress = (phase, loadedBytes = 0, totalBytes = 0) =>
      report({ phase, loadedBytes, totalBytes });
    const download = await findDownload(model);
    if (download) {
      const store = download.store(mirror, onSilence);
      await requireFeatures(download, store, signal);
      await store.download(signal, (progress) => report({ phase: 'download', ...progress }));
    }
    progress('device');
    const opened = download
      ? await this.#openWebLlm(download, mirror, network, progress)
      : await openWgsl(await this.#openGpu(), describeFolder(model, baseUrl), network, progress);
    if (signal.aborted) {
      await opened.engine.destroy();
      signal.throwIfAborted();
    }
    await this.#workshop.stop();
    const before = this.#loaded;
    this.#loaded = opened;
    if (download) this.#watch((opened as Opened<WebLlmEngine>).engine.gone, () => this.#loaded === opened);
    await before?.engine.destroy();
    const made = await this.#bringBack(opened);
    const identity = { weights: await opened.digest().catch(() => null), pack: await digestPersonas(opened) };
    const { space: personaSpace, personaTrouble } = opened;
    return { info: opened.engine.info, personaSpace, personaTrouble, ...made, identity };
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

  async count({ messages, date }: Methods['count']['request']) {
    const { engine, tokenizer } = this.#require();
    return { tokens: tokenizer.encodeChat(messages, '', date).ids.length, contextLength: engine.info.contextLength };
  }

  async decode({ tokenIds }: Methods['decode']['request']) {
    return this.#require().tokenizer.decode(tokenIds);
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

  async importVectors({ file }: Methods['importVectors']['request']) {
    return this.#workshop.importVectors(this.#require(), file);
  }

  async numbers({ name }: Methods['numbers']['request']) {
    return this.#require().book.numbers(name);
  }

  async vectorDigests({ names }: Methods['vectorDigests']['request']) {
    return this.#require().book.digests(names);
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

  async #openWebLlm(download: ModelDownload, mirror: string | undefined, network: Network, progress: ReportProgress) {
    const before = this.#loaded;
    if (before?.engine.info.engine === 'web-llm') {
      await this.#workshop.stop();
      this.#loaded = null;
      await before.engine.destroy();
      this.#events.unloaded();
    }
    return openWebLlmModel(download, mirror, network, progress);
  }

  #require() {
    if (!this.#loaded) throw new PersonascopeError('NoModel', 'No model is loaded.', 'Choose a model first.');
    return this.#loaded;
  }

  async #openGpu(): Promise<Gpu> {
    if (this.#gpu) return this.#gpu;
    const gpu = (this.#gpu = await openGpu());
    this.#watch(gpu.gone, () => {
      const isOurs = this.#gpu === gpu;
      if (isOurs) this.#gpu = null;
      return isOurs && this.#loaded?.engine.info.engine === 'wgsl';
    });
    return gpu;
  }

  /** @param isLoaded whether the loaded model runs on the device that is gone; a model that was let go is no longer loaded when its device goes */
  #watch(gone: Promise<string>, isLoaded: () => boolean): void {
    void gone.then((reason) => {
      if (!isLoaded()) return;
      this.#loaded = null;
      this.#events.lost(reason);
    });
  }
}
