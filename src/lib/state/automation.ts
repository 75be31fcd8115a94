/**
 * `globalThis.personascope`: what the page's own controls use, for workshops, embedding pages and tests.
 * A contract: it is documented in the README and changes only by addition.
 */
import { version } from '../../../package.json';
import type {
  ChatRequest,
  ChatResult,
  ForwardRequest,
  ForwardResult,
  ModelInfo,
  ModelSource,
  ModelSummary,
  VectorSummary,
} from '../engine/engine';
import type { ExtractRequest } from '../extract/extract-request';
import type { Evidence } from '../extract/extract-trait';
import type { ExtractionProgress } from '../extract/progress';
import type { ExtractedVector } from '../extract/records';
import type { PersonaEntry, PersonaSpace } from '../personas/persona-space';
import type { Position } from '../personas/position';
import type { App } from './app.svelte';

export interface Automation {
  version: string;
  models(): Promise<ModelSummary[]>;
  /** Replaces the loaded model; resolves when it can answer. */
  load(model: string | ModelSource): Promise<ModelInfo>;
  info(): ModelInfo | null;
  /** Of the loaded model, without its tensors; null if it has none. A place on the axis is <h, axis> / `axis.norm` - `axis.centre`, at `targetLayer`. */
  space(): PersonaSpace | null;
  /** Persona vectors and axis known for the loaded model. */
  vectors(): Promise<VectorSummary[]>;
  /** Does not touch the page's conversation. */
  chat(request: ChatRequest): Promise<ChatResult>;
  forward(request: ForwardRequest): Promise<ForwardResult>;
  /** A persona vector from a trait. It has a dial and a name for `chat` from then on, and is kept in this browser. */
  extract(request: ExtractRequest, options?: ExtractOptions): Promise<ExtractResult>;
  /** Of the last turn in the page's conversation. */
  position(): Promise<Position | null>;
  /** Of the page's conversation. */
  permalink(): Promise<string>;
}

export interface ExtractOptions {
  /** Stopped, the same request goes on from what was done. */
  signal?: AbortSignal;
  onProgress?: (progress: ExtractionProgress) => void;
}

export interface ExtractResult extends PersonaEntry {
  /** It beats a random vector and one made with shuffled labels, intervals apart, where replies stay coherent. */
  isEstablished: boolean;
  evidence: Evidence;
  /** layer -> dModel numbers, the raw difference. */
  vector: Record<number, number[]>;
}

declare global {
  var personascope: Automation;
}

export function publishAutomation(app: App): void {
  const { session, conversation } = app;
  globalThis.personascope = {
    version,
    models: async () => {
      await session.start();
      return session.models;
    },
    load: (model) => app.load(model),
    info: () => session.info,
    space: () => session.space,
    vectors: () => session.vectors(),
    chat: (request) => session.chat(request),
    forward: (request) => session.call('forward', request),
    extract: async (request, { signal, onProgress } = {}) =>
      describe(await session.extract(request, { signal, onEvent: onProgress }), session.info!.dModel),
    position: async () => conversation.position,
    permalink: () => app.permalink(),
  };
}

function describe({ entry, vector, evidence }: ExtractedVector, dModel: number): ExtractResult {
  const layers = Array.from({ length: vector.length / dModel }, (_, layer) => [
    layer,
    Array.from(vector.subarray(layer * dModel, (layer + 1) * dModel)),
  ]);
  return { ...entry, evidence, isEstablished: evidence.verdict.isEstablished, vector: Object.fromEntries(layers) };
}
