/** Messages between the page and the worker that owns the GPU. Every request settles exactly once: done, failed or cancelled (failed with `Aborted`). */
import type { ExtractRequest } from '../extract/extract-request';
import type { ExtractionProgress } from '../extract/progress';
import type { ExtractedVector, ImportedVector, SpaceRecord, UnfinishedJob, VectorRecord } from '../extract/records';
import type { SpaceRequest } from '../extract/space-request';
import type { PersonaSpace } from '../interp/persona-space';
import type { Intervention, LayerVectors } from '../interp/intervention';
import type { NamedTensors } from '../interp/persona-tensors';
import type {
  ChatRequest,
  ChatResult,
  DownloadSummary,
  ForwardRequest,
  ForwardResult,
  ModelInfo,
  ModelSource,
  ModelSummary,
  TokenEvent,
  VectorSummary,
} from './engine';
import type { ErrorData } from '../errors';

/** Progress of a load: bytes so far of all bytes, and what is being done. */
export interface LoadProgress {
  phase: 'device' | 'config' | 'check' | 'download' | 'weights' | 'compile' | 'taps';
  loadedBytes: number;
  totalBytes: number;
  /** Of a download. */
  bytesPerSecond?: number;
  /** Of a download; null until it is known. */
  secondsLeft?: number | null;
}

/** A model, and where its files come from if not from its own addresses. */
export interface ModelRequest {
  model: string | ModelSource;
  /** A server that has the files of huggingface.co and raw.githubusercontent.com under the same paths. */
  mirror?: string;
}

export interface LoadedModel {
  info: ModelInfo;
  /** Null for a model without one. */
  personaSpace: PersonaSpace | null;
  /** Why the model's own could not be fetched; null if it was, or if there is none. */
  personaTrouble: ErrorData | null;
  /** Vectors that were extracted or imported in this browser, the oldest first. */
  ownVectors: VectorRecord[];
  /** An extraction of this model that was interrupted. */
  unfinished: UnfinishedJob | null;
}

export interface ComputedSpace {
  record: SpaceRecord;
  /** The space that the loaded model is read in now: its own if it ships one. */
  personaSpace: PersonaSpace | null;
}

/** method -> its request, its result, and the events sent while it runs. */
export interface Methods {
  models: { request: null; result: ModelSummary[]; event: never };
  load: { request: ModelRequest & { baseUrl: string }; result: LoadedModel; event: LoadProgress };
  /** How much of the model is here, without asking anyone; 'embedded' also for a folder that is not stored. */
  modelState: { request: { model: string | ModelSource }; result: ModelSummary['download']; event: never };
  /** What loading would download; null if nothing. Reads the model's manifest. */
  planModel: { request: ModelRequest; result: DownloadSummary | null; event: never };
  /** Checks every stored file and fetches again what is wrong or missing; the result is the names of those that were wrong. */
  repairModel: { request: ModelRequest; result: { wrong: string[] }; event: LoadProgress };
  deleteModel: { request: { model: string | ModelSource }; result: null; event: never };
  vectors: { request: null; result: VectorSummary[]; event: never };
  chat: { request: ChatRequest; result: ChatResult; event: TokenEvent };
  forward: { request: ForwardRequest; result: ForwardResult; event: never };
  /** Changes the running reply's interventions; the result is the index of the first token that feels them. */
  steer: { request: { interventions: Intervention[] }; result: { token: number | null }; event: never };
  /** A persona vector; known by its name from then on. Cancelled, it can be asked for again and goes on from what was done. */
  extract: { request: ExtractRequest; result: ExtractedVector; event: ExtractionProgress };
  /** Role vectors, axis and persona space, in the same way. */
  extractSpace: { request: SpaceRequest; result: ComputedSpace; event: ExtractionProgress };
  unfinished: { request: null; result: UnfinishedJob | null; event: never };
  /** Gives up what was interrupted. */
  discard: { request: null; result: void; event: never };
  /** Keeps a vector that came from a file, under a name that is free. */
  keepVector: { request: Pick<ImportedVector, 'entry' | 'vector' | 'origin'>; result: VectorRecord; event: never };
  /** The raw v[l] of a vector that is known by name. */
  numbers: { request: { name: string }; result: LayerVectors; event: never };
  /** Of the loaded model's weights. */
  digest: { request: null; result: string; event: never };
  /** The tensors of the loaded model's persona space (`PersonaSpace`); empty without one. */
  personaTensors: { request: null; result: NamedTensors; event: never };
  forgetVector: { request: { name: string }; result: void; event: never };
  /** The persona space that was computed here. */
  space: { request: null; result: SpaceRecord | null; event: never };
  /** What it was computed from, as a file; and what other machines computed, added to it. */
  exportSums: { request: null; result: Uint8Array<ArrayBuffer>; event: never };
  mergeSums: { request: { files: Uint8Array[] }; result: ComputedSpace; event: never };
}
export type Method = keyof Methods;

export type ToWorker =
  | { [M in Method]: { id: number; method: M; request: Methods[M]['request'] } }[Method]
  | { id: number; method: 'cancel' };

export type FromWorker =
  | { id: number; type: 'event'; event: unknown }
  | { id: number; type: 'done'; result: unknown }
  | { id: number; type: 'failed'; error: ErrorData }
  /** Not an answer: the GPU device was lost, whatever was running has failed and no model is loaded. */
  | { id: -1; type: 'lost'; error: ErrorData }
  /** Not an answer: the loaded model made room for the one that is being loaded. */
  | { id: -1; type: 'unloaded' };
