/** Messages between the page and the worker that owns the GPU. Every request settles exactly once: done, failed or cancelled (failed with `Aborted`). */
import type { ExtractRequest } from '../extract/extract-request';
import type { ExtractionProgress } from '../extract/progress';
import type { ExtractedVector, ImportedVector, SpaceRecord, UnfinishedJob, VectorRecord } from '../extract/records';
import type { SpaceRequest } from '../extract/space-request';
import type { PersonaSpace } from '../personas/persona-space';
import type { Intervention, LayerVectors } from '../engine/intervention';
import type { NamedTensors } from '../personas/persona-tensors';
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
} from '../engine/engine';
import type { ErrorData } from '../errors';
import type { StorageTrouble } from '../storage/trouble';
import type { Silence } from '../downloads/download';

/** Progress of a load: bytes so far of all bytes, and what is being done. */
export interface LoadProgress {
  phase: 'device' | 'config' | 'check' | 'download' | 'weights' | 'compile' | 'taps';
  loadedBytes: number;
  totalBytes: number;
  /** Of a download. */
  bytesPerSecond?: number;
  /** Of a download; null until it is known. */
  secondsLeft?: number | null;
  /** Nothing has arrived for a while. */
  silence?: Silence;
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
  /** What its name may not tell: SHA-256 of the weights and of the persona space; null where it is not known, or there is none. */
  identity: { weights: string | null; pack: string | null };
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
  /** How much of the model is here, without asking anyone; 'none' also for a folder that is read from its address. */
  modelState: { request: { model: string | ModelSource }; result: ModelSummary['download']; event: never };
  /** What loading would download; null if nothing. Reads the model's manifest. */
  planModel: { request: ModelRequest; result: DownloadSummary | null; event: Silence | null };
  /** Checks every stored file and fetches again what is wrong or missing; the result is the names of those that were wrong. */
  repairModel: { request: ModelRequest; result: { wrong: string[] }; event: LoadProgress };
  deleteModel: { request: { model: string | ModelSource }; result: null; event: never };
  vectors: { request: null; result: VectorSummary[]; event: never };
  chat: { request: ChatRequest; result: ChatResult; event: TokenEvent };
  /** How long a conversation is for this model. */
  count: {
    request: Pick<ChatRequest, 'messages' | 'date'>;
    result: { tokens: number; contextLength: number };
    event: never;
  };
  /** The text of a reply's tokens. */
  decode: { request: { tokenIds: number[] }; result: string; event: never };
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
  /** Reads a vector file, here and not on the page's thread, and keeps all its vectors under names that are free, or none. */
  importVectors: { request: { file: File }; result: ImportedVector[]; event: never };
  /** The raw v[l] of a vector that is known by name. */
  numbers: { request: { name: string }; result: LayerVectors; event: never };
  /** SHA-256 of vectors that are known by name; all of them for null. */
  vectorDigests: { request: { names: string[] | null }; result: [name: string, digest: string][]; event: never };
  /** Of the loaded model's weights. */
  digest: { request: null; result: string; event: never };
  /** The tensors of the loaded model's persona space (`PersonaSpace`); empty without one. */
  personaTensors: { request: null; result: NamedTensors; event: never };
  forgetVector: { request: { name: string }; result: void; event: never };
  /** The persona space that was computed here. */
  space: { request: null; result: SpaceRecord | null; event: never };
  /** What it was computed from, as a file; and what other machines computed, added to it. */
  exportSums: { request: null; result: Uint8Array<ArrayBuffer>; event: never };
  mergeSums: { request: { files: File[] }; result: ComputedSpace; event: never };
}
export type Method = keyof Methods;

export type ToWorker =
  | { [M in Method]: { id: number; method: M; request: Methods[M]['request'] } }[Method]
  | { id: number; method: 'cancel' };

export type FromWorker =
  | { id: number; type: 'event'; event: unknown }
  | { id: number; type: 'done'; result: unknown }
  | { id: number; type: 'failed'; error: ErrorData }
  /** Not an answer: a cancel was heard, so the worker is not stuck. */
  | { id: number; type: 'cancelling' }
  /** Not an answer: the GPU device was lost, whatever was running has failed and no model is loaded. */
  | { id: -1; type: 'lost'; error: ErrorData }
  /** Not an answer: the loaded model made room for the one that is being loaded. */
  | { id: -1; type: 'unloaded' }
  /** Not an answer: something is not kept, or not any more. */
  | { id: -1; type: 'storage'; trouble: StorageTrouble };
