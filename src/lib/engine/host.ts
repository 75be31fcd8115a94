/** What the worker does, apart from being a worker: one GPU, one loaded model, and the methods of the protocol on it. */
import { PersonascopeError } from '../errors';
import { openGpu, type Gpu } from '../gpu/device';
import { VectorBook } from '../interp/vector-book';
import { LlamaEngine } from '../llama/engine';
import { openModelFolder } from '../llama/source';
import type { ChatTokenizer } from '../llama/tokenizer';
import { embeddedModels, embeddedModelUrl } from './catalogue';
import type { Engine, ModelSource } from './engine';
import { findDownload, listCatalogue, planDownload } from './model-downloads';
import { downloadPersonaSpace } from './persona-download';
import type { LoadProgress, Method, Methods } from './protocol';
import { resolveChat, resolveForward } from './requests';

export interface CallContext<M extends Method> {
  signal: AbortSignal;
  emit: (event: Methods[M]['event']) => void;
}

type Handlers = {
  [M in Method]: (request: Methods[M]['request'], context: CallContext<M>) => Promise<Methods[M]['result']>;
};

export class EngineHost implements Handlers {
  readonly #onLost: (reason: string) => void;
  #gpu: Gpu | null = null;
  #loaded: { engine: Engine; book: VectorBook; tokenizer: ChatTokenizer } | null = null;

  /** @param onLost called when the GPU device is lost; no model is loaded then */
  constructor(onLost: (reason: string) => void) {
    this.#onLost = onLost;
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

  /** The model that was loaded stays until the new one can answer, and for good if the new one can't. */
  async load({ model, baseUrl, mirror }: Methods['load']['request'], { signal, emit }: CallContext<'load'>) {
    const download = await findDownload(model);
    if (download) {
      await download.store(mirror).download(signal, (progress) => emit({ phase: 'download', ...progress }));
      const nextStep = 'Choose another one.';
      throw new PersonascopeError('NotSupported', `${download.label} is here, and its engine is not yet.`, nextStep);
    }
    const { id, label, url } = describeSource(model, baseUrl);
    const progress = (phase: LoadProgress['phase'], loadedBytes = 0, totalBytes = 0) =>
      emit({ phase, loadedBytes, totalBytes });
    progress('device');
    const gpu = await this.#openGpu();
    progress('config');
    const files = await openModelFolder(url, {
      signal,
      onProgress: (loaded, total) => progress('weights', loaded, total),
    });
    const { nLayers, dModel } = files.config;
    const personas = await downloadPersonaSpace(url, files, signal);
    progress('compile', files.totalBytes, files.totalBytes);
    const book = new VectorBook({
      nLayers,
      dModel,
      space: personas?.space ?? null,
      tensors: personas?.tensors ?? new Map(),
    });
    const engine = await LlamaEngine.open({ gpu, files, id, label, targetLayer: personas?.space.targetLayer, signal });
    this.#loaded?.engine.destroy();
    const { tokenizer } = files;
    this.#loaded = { engine, book, tokenizer };
    return { info: engine.info, personaSpace: personas?.space ?? null };
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

  #require() {
    if (!this.#loaded) throw new PersonascopeError('NoModel', 'No model is loaded.', 'Choose a model first.');
    return this.#loaded;
  }

  async #openGpu(): Promise<Gpu> {
    if (this.#gpu) return this.#gpu;
    const gpu = (this.#gpu = await openGpu());
    void gpu.device.lost.then(({ reason, message }) => {
      if (reason === 'destroyed' || this.#gpu !== gpu) return;
      this.#gpu = null;
      this.#loaded = null;
      this.#onLost(message || reason || 'unknown reason');
    });
    return gpu;
  }
}

function describeSource(model: string | ModelSource, baseUrl: string): { id: string; label: string; url: string } {
  if (typeof model === 'string') {
    const known = embeddedModels.find(({ id }) => id === model);
    if (known) return { id: known.id, label: known.label, url: embeddedModelUrl(known.id, baseUrl) };
    const nextStep = 'Give one of those that models() lists, or a source.';
    throw new PersonascopeError('BadRequest', `model: "${model}" is not known.`, nextStep);
  }
  if (model?.engine !== 'wgsl' || typeof model.url !== 'string') {
    throw new PersonascopeError(
      'BadRequest',
      "model: must be a known id, { engine: 'wgsl', url } with the address of a folder, or { engine: 'web-llm', url, lib }.",
    );
  }
  const label = model.url.replace(/\/+$/, '').split('/').pop() || model.url;
  return { id: model.url, label, url: model.url };
}
