/** The loaded model: how it got here, what it is, how fast it speaks, what went wrong. */
import { embeddedModels } from '../downloads/embedded-models';
import { startEngine, type CallOptions, type EngineClient } from '../worker/client';
import type { ChatRequest, ChatResult, ModelInfo, ModelSource, ModelSummary, VectorSummary } from '../engine/engine';
import type { LoadedModel, LoadProgress } from '../worker/protocol';
import { fromErrorData, PersonascopeError } from '../errors';
import type { ExtractRequest } from '../extract/extract-request';
import type { ExtractedVector, SpaceRecord, UnfinishedJob, VectorRecord } from '../extract/records';
import type { SpaceRequest } from '../extract/space-request';
import { findObstacle, obstacleError } from '../gpu/obstacle';
import type { Intervention } from '../engine/intervention';
import { axisExtent } from '../personas/position';
import type { PersonaSpace } from '../personas/persona-space';
import { modelKey } from '../conversation/conversation';
import { asError } from './as-error';
import { noteAnswer } from './last-model';
import type { Mirror } from './mirror.svelte';
import { siteUrl } from './site';

export type SessionPhase = 'starting' | 'loading' | 'ready' | 'failed' | 'unsupported';

export class Session {
  phase = $state<SessionPhase>('starting');
  models = $state.raw<ModelSummary[]>([]);
  info = $state.raw<ModelInfo | null>(null);
  space = $state.raw<PersonaSpace | null>(null);
  /** Why the loaded model's own space could not be fetched. */
  personaTrouble = $state.raw<PersonascopeError | null>(null);
  /** Vectors of the loaded model that were extracted or imported in this browser. */
  ownVectors = $state.raw<VectorRecord[]>([]);
  /** An extraction of the loaded model that was interrupted. */
  unfinished = $state.raw<UnfinishedJob | null>(null);
  /** What tells the loaded model from another version of it. */
  identity = $state.raw<LoadedModel['identity']>({ weights: null, pack: null });
  progress = $state.raw<LoadProgress | null>(null);
  error = $state.raw<PersonascopeError | null>(null);
  /** Of the last reply. */
  tokensPerSecond = $state<number | null>(null);
  /** What was last asked for: a retry asks again. */
  wanted = $state.raw<string | ModelSource | null>(null);
  /** Every persona vector there is a dial for. */
  readonly personas = $derived([...(this.space?.personas ?? []), ...this.ownVectors.map(({ entry }) => entry)]);
  /** The loaded model came with the page. */
  readonly isEmbedded = $derived(
    this.models.some(({ id, download }) => id === this.info?.id && download === 'embedded'),
  );
  readonly extent = $derived(this.space ? axisExtent(this.space) : null);
  /** Called when a model can answer, after it was loaded or because what was loaded before stays. */
  onReady: (() => void) | null = null;
  /** Called for each failure of the engine, whoever is told about it. */
  onFailed: ((error: PersonascopeError) => void) | null = null;
  readonly #mirror: Mirror;
  #client: EngineClient | null = null;
  #started: Promise<void> | null = null;
  /** A model was loaded once, so there was a GPU. */
  #hadGpu = false;
  #loading: AbortController | null = null;
  /** What answers now; null if nothing does. */
  #present: string | ModelSource | null = null;

  constructor(mirror: Mirror) {
    this.#mirror = mirror;
  }

  /** Starts the engine and lists the models, once; the first one is what a visitor meets. */
  start(): Promise<void> {
    return (this.#started ??= this.#begin());
  }

  /** Lists the models anew: what is downloaded has changed. */
  async listModels(): Promise<void> {
    this.models = await this.manage('models', null);
  }

  async #begin(): Promise<void> {
    const obstacle = findObstacle();
    if (obstacle) {
      this.#fail(obstacle);
      return;
    }
    try {
      await this.listModels();
    } catch (cause) {
      this.#fail(asError(cause));
    }
  }

  /** Whether it is the model that answers now. */
  isLoaded(model: string | ModelSource): boolean {
    const key = modelKey(model);
    if (this.phase === 'ready' && this.wanted !== null && modelKey(this.wanted) === key) return true;
    return this.info?.id === key;
  }

  /** A model's name for a reader; the address of one that the page does not know. */
  labelOf(model: string | ModelSource): string {
    const known: { id: string; label: string }[] = [...this.models, ...embeddedModels];
    return known.find(({ id }) => id === modelKey(model))?.label ?? modelKey(model);
  }

  /** Replaces the loaded model; resolves when it can answer. If it can't, what was loaded before stays. */
  async load(model: string | ModelSource): Promise<ModelInfo> {
    this.wanted = model;
    this.phase = 'loading';
    this.error = null;
    this.progress = null;
    const loading = (this.#loading = new AbortController());
    const { signal } = loading;
    try {
      const onEvent = (progress: LoadProgress) => (this.progress = progress);
      const request = { model, baseUrl: siteUrl(), ...(this.#mirror.url && { mirror: this.#mirror.url }) };
      const loaded = await this.manage('load', request, { signal, onEvent });
      const { info, ownVectors, unfinished, identity } = loaded;
      this.info = info;
      this.space = loaded.personaSpace;
      this.personaTrouble = loaded.personaTrouble && fromErrorData(loaded.personaTrouble);
      this.#present = model;
      this.ownVectors = ownVectors;
      this.identity = identity;
      this.unfinished = unfinished;
      this.tokensPerSecond = null;
      // Another one may have been asked for meanwhile.
      if (this.#loading === loading) this.phase = 'ready';
      this.#hadGpu = true;
      return info;
    } catch (cause) {
      const error = asError(cause);
      if (this.#loading !== loading) throw error;
      // What was loaded before still answers.
      if (!this.#present) throw this.#fail(error);
      this.wanted = this.#present;
      this.phase = 'ready';
      throw error;
    } finally {
      if (this.phase === 'ready') this.onReady?.();
      this.listModels().catch((cause) => (this.error ??= asError(cause)));
    }
  }

  /** Stops the load that is under way. What was downloaded stays. */
  cancelLoad(): void {
    this.#loading?.abort();
  }

  /** Stops the engine for good: the page is to be loaded anew. */
  end(): void {
    this.#client?.close();
    this.#client = null;
  }

  /** Asks again for what failed. */
  async retry(): Promise<void> {
    this.#client?.close();
    this.#client = null;
    this.#forget();
    if (this.models.length === 0) {
      this.#started = null;
      await this.start();
    }
    const model = this.wanted ?? this.models[0]?.id;
    if (model) await this.load(model);
  }

  async chat(request: ChatRequest, options: CallOptions<'chat'> = {}): Promise<ChatResult> {
    const [model, label] = [this.#present, this.info?.label];
    const result = await this.call('chat', request, options);
    const hasAnswered = result.tokens.length > 0;
    if (hasAnswered && model && label && model !== this.models[0]?.id) noteAnswer(model, label);
    const { responseTokens, decodeMs } = result.timings;
    if (responseTokens > 1 && decodeMs > 0) this.tokensPerSecond = (responseTokens / decodeMs) * 1000;
    return result;
  }

  /** Index of the first token of the running reply that feels the change; null if none runs. */
  async steer(interventions: Intervention[]): Promise<number | null> {
    return (await this.call('steer', { interventions })).token;
  }

  vectors(): Promise<VectorSummary[]> {
    return this.call('vectors', null);
  }

  /** The vector has a dial from then on. Stopped, it is unfinished, and asked for again it goes on. */
  async extract(request: ExtractRequest, options: CallOptions<'extract'> = {}): Promise<ExtractedVector> {
    const info = this.info;
    const record = await this.call('extract', request, options);
    if (this.info === info) {
      this.#addVector(record);
      this.unfinished = null;
    }
    return record;
  }

  /** Every vector of a file, or none; each has a dial from then on. */
  async importVectors(file: File): Promise<VectorRecord[]> {
    const info = this.info;
    const records = await this.call('importVectors', { file });
    if (this.info === info) for (const record of records) this.#addVector(record);
    return records;
  }

  #addVector(record: VectorRecord): void {
    this.ownVectors = [...this.ownVectors.filter(({ entry }) => entry.name !== record.entry.name), record];
  }

  async extractSpace(request: SpaceRequest, options: CallOptions<'extractSpace'> = {}): Promise<SpaceRecord> {
    const { record, personaSpace } = await this.call('extractSpace', request, options);
    this.space = personaSpace;
    this.unfinished = null;
    return record;
  }

  async mergeSums(files: File[]): Promise<SpaceRecord> {
    const { record, personaSpace } = await this.call('mergeSums', { files });
    this.space = personaSpace;
    return record;
  }

  async forgetVector(name: string): Promise<void> {
    await this.call('forgetVector', { name });
    this.ownVectors = this.ownVectors.filter(({ entry }) => entry.name !== name);
  }

  /** After a run that ended early. */
  async findUnfinished(): Promise<void> {
    if (this.phase === 'ready') this.unfinished = await this.call('unfinished', null);
  }

  async discardUnfinished(): Promise<void> {
    await this.call('discard', null);
    this.unfinished = null;
  }

  readonly call: EngineClient['call'] = (method, request, options) => {
    if (!this.#client || this.phase !== 'ready') {
      return Promise.reject(
        new PersonascopeError('NoModel', 'No model is loaded.', 'Wait until one is, or choose one at the top.'),
      );
    }
    return this.#client.call(method, request, options);
  };

  /** A call that needs no loaded model. */
  readonly manage: EngineClient['call'] = (method, request, options) => this.#engine().call(method, request, options);

  #engine(): EngineClient {
    if (this.#client) return this.#client;
    const client = (this.#client = startEngine());
    client.onUnloaded = () => this.#forget();
    client.onFailed = (error) => this.onFailed?.(error);
    client.onLost = (error) => {
      this.#forget();
      this.#fail(error);
    };
    client.onEnded = (error, reason) => {
      if (this.#client === client) this.#client = null;
      const model = this.#present;
      this.#forget();
      // Of a load that fails, the page shows why.
      if (reason === 'stuck' && model !== null) this.load(model).catch(() => undefined);
      else this.#fail(error);
    };
    return client;
  }

  /** Nothing answers now. */
  #forget(): void {
    this.#present = null;
    this.info = null;
    this.space = null;
    this.identity = { weights: null, pack: null };
    this.personaTrouble = null;
    this.ownVectors = [];
  }

  /** Returns what the page shows of it. */
  #fail(error: PersonascopeError): PersonascopeError {
    const isMissing = error.name === 'WebGpuUnavailable';
    this.phase = isMissing && !this.#hadGpu ? 'unsupported' : 'failed';
    // A browser takes the GPU away from a page after repeated losses; that is not a browser without one.
    return (this.error = isMissing && this.#hadGpu ? obstacleError('withdrawn') : error);
  }
}
