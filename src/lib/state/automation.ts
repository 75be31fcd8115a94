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
import { PersonascopeError } from '../errors';
import type { Position } from '../interp/position';
import type { App } from './app.svelte';

export interface Automation {
  version: string;
  models(): Promise<ModelSummary[]>;
  /** Replaces the loaded model; resolves when it can answer. */
  load(model: string | ModelSource): Promise<ModelInfo>;
  info(): ModelInfo | null;
  /** Persona vectors and axis known for the loaded model. */
  vectors(): Promise<VectorSummary[]>;
  /** Does not touch the page's conversation. */
  chat(request: ChatRequest): Promise<ChatResult>;
  forward(request: ForwardRequest): Promise<ForwardResult>;
  extract(request: unknown): Promise<never>;
  /** Of the last turn in the page's conversation. */
  position(): Promise<Position | null>;
  /** Of the page's conversation. */
  permalink(): Promise<string>;
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
    vectors: () => session.vectors(),
    chat: (request) => session.chat(request),
    forward: (request) => session.call('forward', request),
    extract: () =>
      Promise.reject(
        new PersonascopeError(
          'NotSupported',
          'Extraction comes with the extraction workshop.',
          'Use the vectors that ship with the model.',
        ),
      ),
    position: async () => conversation.position,
    permalink: () => app.permalink(),
  };
}
