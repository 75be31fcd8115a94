/** The web-llm engine: a stock model library run by WebLLM, read and steered through the device it runs on. */
import type { MLCEngine } from '@mlc-ai/web-llm';
import { anySignal } from '../browser';
import { Exclusive } from '../chat/exclusive';
import { encodePrompt, rangeOf } from '../chat/prompt';
import { Reply, type Sampled } from '../chat/reply';
import { ChatTokenizer } from '../chat/tokenizer';
import type {
  ChatOptions,
  ChatResult,
  Collected,
  CollectSite,
  Engine,
  ForwardResult,
  ModelInfo,
  ResolvedChatRequest,
} from '../engine/engine';
import { PersonascopeError } from '../errors';
import { Commands } from '../gpu/commands';
import { Gpu } from '../gpu/device';
import { ReadbackRing } from '../gpu/readback';
import type { BufferRef } from '../gpu/tensor';
import type { ResolvedIntervention } from '../engine/intervention';
import { mostLikely, type Draw } from '../engine/sampling';
import { Accumulator } from '../taps/accumulator';
import { compileTaps, TapProgram, type TapKernels } from '../taps/tap-program';
import type { ChatConfig } from './chat-config';
import type { Interposer } from './interposer';
import { KeyValueCache } from './key-value-cache';
import { LogitTap } from './logit-tap';
import { openRuntime, type OpenStep, type RuntimeModel } from './runtime';
import { checkTaps } from './self-check';
import { TapStream } from './tap-stream';
import { readVerified, writeVerified } from './verified';

/** Tokens of a prefill pass: fewer than any library takes at once, so that one call of WebLLM's is one pass. */
const MAX_ROWS = 256;

export interface OpenOptions extends RuntimeModel {
  label: string;
  config: ChatConfig;
  tokenizer: ChatTokenizer;
  /** What the GPU is called. */
  gpuName: string;
  isSoftwareGpu: boolean;
  nParameters: number;
  /** SHA-256 of the library, under which what the self-check found is kept; null: check every time. */
  libraryDigest: string | null;
  signal?: AbortSignal;
  onStep?: (step: OpenStep, fraction: number) => void;
}

/** WebLLM with the model in it, and what is ours on its device. */
interface Machine {
  webllm: MLCEngine;
  interposer: Interposer;
  gpu: Gpu;
  logits: LogitTap;
  /** Copies f32 numbers back. */
  read(tensor: BufferRef, bytes: number): Promise<Float32Array<ArrayBuffer>>;
  /** Rejects with `DeviceLost` when the device goes, whoever destroyed it. */
  lost: Promise<never>;
  release(): Promise<void>;
}

interface Taps {
  stream: TapStream;
  kernels: TapKernels;
}

export class WebLlmEngine implements Engine {
  readonly info: ModelInfo;
  readonly #id: string;
  readonly #machine: Machine;
  readonly #tokenizer: ChatTokenizer;
  /** Null: chat only. */
  readonly #taps: Taps | null;
  readonly #cache = new KeyValueCache();
  readonly #maxRows: number;
  readonly #exclusive = new Exclusive();
  /** Ends the reply that is being written when the model goes. */
  readonly #stop = new AbortController();
  #reply: Reply | null = null;

  private constructor(options: OpenOptions, machine: Machine, taps: Taps | null, tapsReason: string | null) {
    const { config, label, id, tokenizer, gpuName, nParameters } = options;
    this.#maxRows = Math.min(MAX_ROWS, config.prefillChunk);
    this.#id = id;
    this.#machine = machine;
    this.#tokenizer = tokenizer;
    this.#taps = taps;
    const nLayers = config.shape?.nLayers ?? 0;
    this.info = {
      ...{ id, label, nLayers, nParameters, engine: 'web-llm', gpu: gpuName },
      dModel: config.shape?.dModel ?? 0,
      dVocab: config.dVocab,
      contextLength: options.contextLength > 0 ? options.contextLength : config.slidingWindow,
      taps: taps ? 'verified' : 'unavailable',
      ...(tapsReason === null ? {} : { tapsReason }),
      targetLayer: Math.floor(nLayers / 2),
      gpuBytes: machine.interposer.bytes + machine.gpu.liveBytes,
    };
  }

  /** The device that WebLLM opened. */
  get device(): GPUDevice {
    return this.#machine.interposer.device;
  }

  /** Resolves with the reason once nothing is to be had from that device any more. */
  get gone(): Promise<string> {
    return this.#machine.gpu.gone;
  }

  /** @throws PersonascopeError; nothing stays on the GPU then */
  static async open(options: OpenOptions): Promise<WebLlmEngine> {
    const machine = await startMachine(options);
    try {
      const { taps, reason } = await openTaps(options, machine);
      return new WebLlmEngine(options, machine, taps, reason);
    } catch (error) {
      await machine.release().catch(() => undefined);
      throw error;
    }
  }

  async chat(
    request: ResolvedChatRequest,
    options: ChatOptions = {},
  ): Promise<ChatResult & { collected: Collected[] }> {
    const sites = options.collect ?? [];
    if (!this.#taps) this.#refuseTaps(request, sites);
    const tokenizer = this.#tokenizer;
    const { nLayers, dModel, contextLength } = this.info;
    const prompt = encodePrompt(tokenizer, request, contextLength);
    return this.#exclusive.run(async () => {
      const { gpu } = this.#machine;
      const kernels = this.#taps?.kernels ?? (await compileTaps(gpu, 'f32'));
      const program = new TapProgram(gpu, kernels, Math.max(1, dModel), this.#maxRows, request.probes);
      const accumulators = sites.map(
        (site) => new Accumulator(gpu, kernels, nLayers, dModel, rangeOf(site, prompt, contextLength)),
      );
      try {
        const cached = await this.#startCache(prompt.ids, request, accumulators.length > 0);
        const reply = (this.#reply = new Reply(
          { request, tokenizer, prompt, contextLength, ...(cached ? { cached } : {}) },
          program,
          (ids, position, draw) =>
            this.#pass(
              ids,
              { program, accumulators, position, rows: ids.length, promptLength: prompt.length },
              draw,
              request,
            ),
        ));
        const signal = options.signal ? anySignal([options.signal, this.#stop.signal]) : this.#stop.signal;
        const result = await reply.write(this.#maxRows, { ...options, signal });
        if (reply.hasChanged) this.#cache.forget();
        return { ...result, collected: await this.#readSums(sites, accumulators) };
      } catch (error) {
        this.#cache.forget();
        throw error;
      } finally {
        this.#reply = null;
        program.destroy();
        for (const accumulator of accumulators) accumulator.destroy();
      }
    });
  }

  forward(): Promise<ForwardResult> {
    const message = 'forward: a web-llm model gives its logits for the last token only.';
    return Promise.reject(new PersonascopeError('NotSupported', message, 'Use chat with probes, or a wgsl model.'));
  }

  steer(interventions: ResolvedIntervention[]): number | null {
    if (!this.#taps) return null;
    return this.#reply?.steer(interventions) ?? null;
  }

  async destroy(): Promise<void> {
    this.#stop.abort();
    await this.#exclusive.idle();
    this.#taps?.stream.destroy();
    await this.#machine.release();
  }

  /** Tokens of the prompt's beginning that need not be read again, or null after the cache was cleared. */
  async #startCache(promptIds: number[], request: ResolvedChatRequest, mustReadAll: boolean) {
    const cached = mustReadAll ? null : this.#cache.reuse(promptIds, request);
    if (cached) return cached;
    await this.#machine.webllm.resetChat(false, this.#id);
    this.#cache.start(request);
    return null;
  }

  async #pass(
    ids: number[],
    tapped: Parameters<TapStream['run']>[0],
    draw: Draw | null,
    request: ResolvedChatRequest,
  ): Promise<{ sampled: Sampled | null; readings: Float32Array[] }> {
    const { program, rows } = tapped;
    const { webllm, gpu, logits, lost, read } = this.#machine;
    logits.draw = draw;
    const forward = async () => {
      const isPrefill = tapped.position < tapped.promptLength;
      await gpu.waitFor(Promise.race([webllm.forwardTokensAndSample(ids, isPrefill, this.#id), lost]));
    };
    let bits: ArrayBuffer | null = new ArrayBuffer(0);
    if (this.#taps) bits = await this.#taps.stream.run(tapped, forward);
    else await forward();
    bits ??= (await read(program.readings, program.slots.length * rows * 4)).buffer;
    const readings = program.slots.map((_, slot) => new Float32Array(bits, slot * rows * 4, rows));
    this.#cache.append(ids, readings);
    const { drawn } = logits;
    if (!draw || !drawn) return { sampled: null, readings };
    const wanted = request.topLogprobs ?? 0;
    return { sampled: wanted > 0 ? { ...drawn, alternatives: mostLikely(logits.logits, wanted) } : drawn, readings };
  }

  async #readSums(sites: readonly CollectSite[], accumulators: readonly Accumulator[]): Promise<Collected[]> {
    const bytes = this.info.nLayers * this.info.dModel * 4;
    const collected: Collected[] = [];
    for (const [i, { sums, count }] of accumulators.entries()) {
      collected.push({ site: sites[i]!, sum: await this.#machine.read(sums, bytes), count });
    }
    return collected;
  }

  #refuseTaps({ interventions, probes, schedule }: ResolvedChatRequest, sites: readonly CollectSite[]): void {
    if (interventions.length + probes.length + schedule.length + sites.length === 0) return;
    const message = `This model can be talked to, but not read or steered: ${this.info.tapsReason}.`;
    throw new PersonascopeError('NotSupported', message, 'Choose a model whose taps are verified.');
  }
}

async function startMachine(options: OpenOptions): Promise<Machine> {
  const logits = new LogitTap(options.tokenizer.size);
  const { engine: webllm, interposer } = await openRuntime(options, logits, options);
  const gpu = new Gpu(interposer.bare, options.gpuName, options.isSoftwareGpu);
  const readback = new ReadbackRing(gpu);
  const commands = new Commands(gpu);
  return {
    ...{ webllm, interposer, gpu, logits },
    lost: rejectWhenLost(gpu),
    read: async (tensor, bytes) => {
      const [bits] = await readback.submitAndRead(commands, [{ tensor, bytes }]);
      return new Float32Array(bits!);
    },
    release: async () => {
      commands.destroy();
      readback.destroy();
      for (const held of [...gpu.live]) held.destroy();
      try {
        await webllm.unload();
      } finally {
        interposer.remove();
      }
    },
  };
}

/** Checks the library, or remembers what was found before. */
async function openTaps(
  { config, libraryDigest, id, signal, onStep }: OpenOptions,
  { webllm, interposer, gpu, logits, read, lost }: Machine,
): Promise<{ taps: Taps | null; reason: string | null }> {
  const { shape } = config;
  if (!shape) return { taps: null, reason: 'its config does not say how many layers it has and how wide they are' };
  const stream = new TapStream(interposer, gpu, shape);
  const known = libraryDigest === null ? null : await readVerified(libraryDigest, shape);
  if (known) return { taps: { stream, kernels: await compileTaps(gpu, known) }, reason: null };
  onStep?.('taps', 0);
  const forward = async (tokens: number) => {
    signal?.throwIfAborted();
    await webllm.resetChat(false, id);
    logits.draw = null;
    const ids = Array.from({ length: tokens }, (_, i) => i + 1);
    await gpu.waitFor(Promise.race([webllm.forwardTokensAndSample(ids, true, id), lost]));
    return logits.logits;
  };
  const reason = await checkTaps({ gpu, stream, shape, forward, read });
  if (reason === null) {
    if (libraryDigest !== null) await writeVerified(libraryDigest, shape, stream.type!);
    return { taps: { stream, kernels: await compileTaps(gpu, stream.type!) }, reason };
  }
  stream.destroy();
  return { taps: null, reason };
}

function rejectWhenLost({ gone }: Gpu): Promise<never> {
  const lost = gone.then((reason) => {
    throw new PersonascopeError(
      'DeviceLost',
      `The GPU was lost: ${reason.replace(/\.$/, '')}.`,
      'Load the model again; your conversation is kept.',
    );
  });
  lost.catch(() => undefined);
  return lost;
}
