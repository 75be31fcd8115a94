/** The one interface both engines implement, and the request and result types of the automation API. */
import type { Intervention, Probe, ResolvedIntervention, ResolvedProbe } from './intervention';
import type { Message } from './message';

export type { Message, ModelSource } from './message';

export type EngineName = 'wgsl' | 'web-llm';
export interface ModelSummary {
  id: string;
  label: string;
  engine: EngineName;
  /** Bytes to download; of a model that is not embedded, about. */
  bytes: number;
  download: 'embedded' | 'none' | 'partial' | 'complete';
  /** Of a model of WebLLM's catalogue, the build that runs on this GPU. */
  details?: CatalogueDetails;
}

export interface CatalogueDetails {
  family: string;
  nParameters: number;
  /** Bytes of GPU memory that it needs. */
  gpuBytes: number;
  contextLength: number;
  /** Of activations; f16 needs the GPU feature `shader-f16`. */
  precision: 'f16' | 'f32';
  /** This very library was run with the taps, and they were right; each is checked anew when it is loaded. */
  isVerified: boolean;
  isLowResource: boolean;
  /** WebLLM's version. */
  runtime: string;
  /** Why it can't run here. */
  unavailable?: string;
}

/** What a download would mean. */
export interface DownloadSummary {
  id: string;
  label: string;
  /** Of all files, and of those that are here already. */
  totalBytes: number;
  presentBytes: number;
  /** What the browser would still store; null if it does not say. */
  freeBytes: number | null;
  /** Name of the server that files come from. */
  host: string;
  /** Names of all servers that are to be asked, that one first. */
  hosts: string[];
  isMirror: boolean;
  /** Null for a model given by its addresses. */
  details: CatalogueDetails | null;
}

export interface ModelInfo {
  id: string;
  engine: EngineName;
  nLayers: number;
  dModel: number;
  dVocab: number;
  contextLength: number;
  taps: 'verified' | 'unavailable';
  /** Why the residual stream can be neither read nor steered. */
  tapsReason?: string;
  /** 0-based block whose residual the persona space is read from. */
  targetLayer: number;
  label: string;
  nParameters: number;
  /** Bytes of GPU memory held: weights, cache and scratch. */
  gpuBytes: number;
  /** What the browser says of the GPU. */
  gpu: string;
}

export interface VectorSummary {
  name: string;
  kind: 'persona' | 'axis' | 'component' | 'role';
  label: string;
  layers: number[];
  quality: { auroc: number; splitHalfCosine: number } | null;
}

export interface Sampling {
  /** 0 is greedy; default 0.7. */
  temperature?: number;
  /** Nucleus: the smallest set of most likely tokens whose mass reaches topP; default 0.95. */
  topP?: number;
  /** Integer; the same seed gives the same reply on one machine. Default: drawn at random and reported. */
  seed?: number;
  /** Default 256. */
  maxTokens?: number;
}

export interface ChatRequest {
  messages: Message[];
  /** The reply starts with these words. */
  prefill?: string;
  interventions?: Intervention[];
  probes?: Probe[];
  sampling?: Sampling;
  /** How many alternatives each token reports, 0 to 20; default 0. */
  topLogprobs?: number;
  /** Local date and time that a chat template writes, "2026-11-30T06:12"; default: now. */
  date?: string;
  /** Changes of the interventions while the reply is written: from the token with this index on (0 is the first sampled one), these hold. */
  schedule?: { token: number; interventions: Intervention[] }[];
}

export interface ChatToken {
  id: number;
  text: string;
  /** Natural log of the probability at temperature 1, before top-p. */
  logprob: number;
  /** The most likely tokens at this place, most likely first, if they were asked for. */
  alternatives?: Alternative[];
}

export interface Alternative {
  id: number;
  text: string;
  /** The name of a token that is no text, or that ends a reply: "<|im_end|>". */
  mark?: string;
  /** The reply would have ended there. */
  endsReply?: true;
  logprob: number;
}

export interface Reading {
  probe: string;
  layer: number;
  phase: 'prompt' | 'response';
  /** <h, v>, one a token. */
  values: number[];
}

export interface ChatResult {
  text: string;
  tokens: ChatToken[];
  readings: Reading[];
  stopReason: 'stop' | 'length' | 'aborted';
  timings: { promptTokens: number; prefillMs: number; responseTokens: number; decodeMs: number };
  /** The seed that was used. */
  seed: number;
}

/** What arrives with each token while a reply streams. */
export interface TokenEvent {
  index: number;
  token: ChatToken;
  /** The reply so far. */
  text: string;
  /**
   * Readings that became known with this token: those at the position before it (the input that produced it).
   * A token's own reading arrives with the next event, or with the result. For index 0 they are the prompt's, all tokens.
   */
  readings: Reading[];
}

export interface ForwardRequest {
  tokenIds: number[];
  interventions?: Intervention[];
  /** Layers whose residual is returned. */
  residuals?: number[];
}

export interface ForwardResult {
  /** (tokens, dVocab) */
  logits: Float32Array;
  /** layer -> (tokens, dModel), after that layer's interventions. */
  residuals: Record<number, Float32Array>;
}

/** Where means for extraction are taken: the words of the last user message (no marks), the reply, or the last prompt token. */
export type CollectSite = 'message' | 'response' | 'last';

/** Sums of h over a site's tokens at every layer, accumulated on the GPU. */
export interface Collected {
  site: CollectSite;
  /** (nLayers, dModel) */
  sum: Float32Array;
  count: number;
}

export interface ResolvedChatRequest {
  messages: Message[];
  prefill?: string;
  interventions: ResolvedIntervention[];
  probes: ResolvedProbe[];
  sampling: Required<Sampling>;
  topLogprobs?: number;
  date?: string;
  schedule: { token: number; interventions: ResolvedIntervention[] }[];
}

export interface ChatOptions {
  signal?: AbortSignal;
  onToken?: (event: TokenEvent) => void;
  collect?: CollectSite[];
}

export interface Engine {
  readonly info: ModelInfo;
  /** Writes the assistant's next turn. One at a time. */
  chat(request: ResolvedChatRequest, options?: ChatOptions): Promise<ChatResult & { collected: Collected[] }>;
  /** Runs the tokens once from position 0. */
  forward(
    request: { tokenIds: number[]; interventions: ResolvedIntervention[]; residuals: number[] },
    options?: { signal?: AbortSignal },
  ): Promise<ForwardResult>;
  /** Replaces the interventions of the reply being written, from the next token on. Returns that token's index; null if none is being written. */
  steer(interventions: ResolvedIntervention[]): number | null;
  /** Frees every GPU buffer. Resolves when nothing is left. */
  destroy(): void | Promise<void>;
}
