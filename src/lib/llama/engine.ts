/** The wgsl engine: our own forward pass of a Llama-family checkpoint, with taps at the output of every block. */
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
import type { Gpu } from '../gpu/device';
import { ReadbackRing } from '../gpu/readback';
import { TensorOwner, type DType, type Tensor } from '../gpu/tensor';
import type { ResolvedIntervention } from '../engine/intervention';
import { mostLikely, type Draw } from '../engine/sampling';
import { Accumulator } from '../taps/accumulator';
import { compileTaps, spanOf, TapProgram, type TapKernels } from '../taps/tap-program';
import { MAX_CONTEXT, MAX_ROWS } from './buffers';
import type { LlamaConfig } from './config';
import { LlamaForward } from './forward';
import { LlamaKernels } from './kernels';
import { Exclusive } from '../chat/exclusive';
import { checkLength, encodePrompt, rangeOf } from '../chat/prompt';
import { Reply, type Sampled } from '../chat/reply';
import type { ModelFiles } from './source';
import type { ChatTokenizer } from '../chat/tokenizer';
import { uploadWeights } from './weights';

export interface OpenOptions {
  gpu: Gpu;
  files: ModelFiles;
  id: string;
  label: string;
  /** Default: the middle block. */
  targetLayer?: number;
  signal?: AbortSignal;
}

export class LlamaEngine implements Engine {
  readonly info: ModelInfo;
  readonly #gpu: Gpu;
  readonly #config: LlamaConfig;
  readonly #tokenizer: ChatTokenizer;
  readonly #owner: TensorOwner;
  readonly #kernels: LlamaKernels;
  readonly #taps: TapKernels;
  readonly #forward: LlamaForward;
  readonly #commands: Commands;
  readonly #readback: ReadbackRing;
  /** (4) u32: token id, bits of its log-probability, non-finite logits, unused */
  readonly #sampled: Tensor;
  #reply: Reply | null = null;
  readonly #exclusive = new Exclusive();

  private constructor(
    options: OpenOptions,
    owner: TensorOwner,
    weights: Awaited<ReturnType<typeof uploadWeights>>,
    kernels: LlamaKernels,
    taps: TapKernels,
  ) {
    const { gpu, files, id, label, targetLayer } = options;
    const { config } = files;
    const contextLength = Math.min(config.contextLength, MAX_CONTEXT);
    this.#gpu = gpu;
    this.#config = config;
    this.#tokenizer = files.tokenizer;
    this.#owner = owner;
    this.#kernels = kernels;
    this.#taps = taps;
    this.#forward = new LlamaForward(gpu, config, weights, kernels, Math.min(MAX_ROWS, contextLength), contextLength);
    this.#commands = new Commands(gpu);
    this.#readback = new ReadbackRing(gpu);
    this.#sampled = owner.create('sampled', [4], 'u32');
    this.info = {
      id,
      engine: 'wgsl',
      nLayers: config.nLayers,
      dModel: config.dModel,
      dVocab: config.dVocab,
      contextLength,
      taps: 'verified',
      targetLayer: targetLayer ?? Math.floor(config.nLayers / 2),
      label,
      nParameters: [...files.tensors.values()].reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0),
      gpuBytes: owner.bytes + this.#forward.bytes,
      gpu: gpu.name,
    };
  }

  /** Uploads the weights and compiles what they need. @throws PersonascopeError; nothing stays on the GPU then. */
  static async open(options: OpenOptions): Promise<LlamaEngine> {
    const { gpu, files, signal } = options;
    const owner = new TensorOwner(gpu);
    let opened: LlamaEngine | null = null;
    try {
      return await gpu.withinMemory(async () => {
        const weights = await uploadWeights(owner, files, signal);
        const types = new Set<DType>([weights.embedding.dtype, weights.head.weight.dtype]);
        for (const { q, k, v, o, gate, up, down } of weights.layers) {
          for (const { weight } of [q, k, v, o, gate, up, down]) types.add(weight.dtype);
        }
        const [kernels, taps] = await Promise.all([
          LlamaKernels.compile(gpu, files.config, types),
          compileTaps(gpu, 'f32'),
        ]);
        return (opened = new LlamaEngine(options, owner, weights, kernels, taps));
      });
    } catch (error) {
      await (opened as LlamaEngine | null)?.destroy();
      owner.destroy();
      throw error;
    }
  }

  async chat(
    request: ResolvedChatRequest,
    options: ChatOptions = {},
  ): Promise<ChatResult & { collected: Collected[] }> {
    const tokenizer = this.#tokenizer;
    const { contextLength } = this.info;
    const prompt = encodePrompt(tokenizer, request, contextLength);
    return this.#exclusively(async () => {
      const { nLayers, dModel } = this.#config;
      const taps = new TapProgram(
        this.#gpu,
        this.#taps,
        dModel,
        Math.min(MAX_ROWS, this.info.contextLength),
        request.probes,
      );
      const accumulators = (options.collect ?? []).map((site) => ({
        site,
        accumulator: new Accumulator(this.#gpu, this.#taps, nLayers, dModel, rangeOf(site, prompt, contextLength)),
      }));
      try {
        const reply = (this.#reply = new Reply(
          { request, tokenizer, prompt, contextLength },
          taps,
          (tokenIds, position, draw) =>
            this.#pass(
              tokenIds,
              position,
              prompt.length,
              taps,
              accumulators,
              draw && { ...draw, alternatives: request.topLogprobs ?? 0 },
            ),
        ));
        const result = await reply.write(Math.min(MAX_ROWS, this.info.contextLength), options);
        return { ...result, collected: await this.#readSums(accumulators) };
      } finally {
        this.#reply = null;
        taps.destroy();
        for (const { accumulator } of accumulators) accumulator.destroy();
      }
    });
  }

  async forward(
    {
      tokenIds,
      interventions,
      residuals,
    }: { tokenIds: number[]; interventions: ResolvedIntervention[]; residuals: number[] },
    { signal }: { signal?: AbortSignal } = {},
  ): Promise<ForwardResult> {
    const { dModel, dVocab, nLayers } = this.#config;
    if (tokenIds.length === 0) throw new PersonascopeError('BadRequest', 'There are no tokens to run.');
    checkLength(tokenIds.length, this.info.contextLength);
    tokenIds.forEach((id, i) => {
      if (!Number.isInteger(id) || id < 0 || id >= dVocab) {
        throw new PersonascopeError(
          'BadRequest',
          `tokenIds[${i}] is ${id}; it must be an integer from 0 to ${dVocab - 1}.`,
        );
      }
    });
    residuals.forEach((layer, i) => {
      if (!Number.isInteger(layer) || layer < 0 || layer >= nLayers) {
        throw new PersonascopeError(
          'BadRequest',
          `residuals[${i}] is ${layer}; it must be a layer from 0 to ${nLayers - 1}.`,
        );
      }
    });
    return this.#exclusively(async () => {
      const rowsAPass = Math.min(MAX_ROWS, this.info.contextLength);
      const owner = new TensorOwner(this.#gpu);
      const taps = new TapProgram(this.#gpu, this.#taps, dModel, rowsAPass, []);
      try {
        taps.setInterventions(interventions);
        const logits = owner.create('logits of all rows', [rowsAPass, dVocab]);
        const captured = new Map(
          residuals.map((layer) => [layer, owner.create(`captured ${layer}`, [rowsAPass, dModel])]),
        );
        const result: ForwardResult = { logits: new Float32Array(tokenIds.length * dVocab), residuals: {} };
        for (const layer of residuals) result.residuals[layer] = new Float32Array(tokenIds.length * dModel);
        for (let position = 0; position < tokenIds.length; position += rowsAPass) {
          signal?.throwIfAborted();
          const chunk = tokenIds.slice(position, position + rowsAPass);
          const rows = chunk.length;
          this.#forward.encodeBlocks(this.#commands, chunk, position, (layer, h) => {
            taps.encode(this.#commands, layer, { h }, spanOf(rows, position, tokenIds.length));
            const copy = captured.get(layer);
            if (copy) this.#commands.copy(h, copy.buffer, rows * dModel * 4);
          });
          this.#forward.encodeLogits(this.#commands, 0, rows, logits);
          const [chunkLogits, ...chunkResiduals] = await this.#readback.submitAndRead(this.#commands, [
            { tensor: logits, bytes: rows * dVocab * 4 },
            ...[...captured.values()].map((tensor) => ({ tensor, bytes: rows * dModel * 4 })),
          ]);
          result.logits.set(new Float32Array(chunkLogits!), position * dVocab);
          [...captured.keys()].forEach((layer, i) => {
            result.residuals[layer]!.set(new Float32Array(chunkResiduals[i]!), position * dModel);
          });
        }
        return result;
      } finally {
        taps.destroy();
        owner.destroy();
      }
    });
  }

  steer(interventions: ResolvedIntervention[]): number | null {
    return this.#reply?.steer(interventions) ?? null;
  }

  destroy(): void {
    this.#forward.destroy();
    this.#commands.destroy();
    this.#readback.destroy();
    this.#owner.destroy();
  }

  /** One pass over these tokens; with `draw`, also samples the next one. Readings come back with the sampled token, in one mapping. */
  async #pass(
    tokenIds: number[],
    position: number,
    promptLength: number,
    taps: TapProgram,
    accumulators: { accumulator: Accumulator }[],
    draw: (Draw & { alternatives: number }) | null,
  ): Promise<{ sampled: Sampled | null; readings: Float32Array[] }> {
    const rows = tokenIds.length;
    const span = spanOf(rows, position, promptLength);
    const commands = this.#commands;
    for (const { accumulator } of accumulators) accumulator.begin(position, rows);
    this.#forward.encodeBlocks(commands, tokenIds, position, (layer, h) => {
      taps.encode(commands, layer, { h }, span);
      for (const { accumulator } of accumulators) accumulator.encode(commands, layer, { h }, position, rows);
    });
    if (draw) {
      this.#forward.encodeLogits(commands, rows - 1, 1, this.#forward.logits);
      this.#kernels.sample(commands, this.#forward.logits, this.#sampled, {
        d_vocab: this.#config.dVocab,
        temperature: draw.temperature,
        top_p: draw.topP,
        uniform_draw: draw.uniform,
      });
    }
    const wantsLogits = (draw?.alternatives ?? 0) > 0;
    const [sampled, readings, logits] = await this.#readback.submitAndRead(commands, [
      { tensor: this.#sampled, bytes: 16 },
      { tensor: taps.readings, bytes: taps.slots.length * rows * 4 },
      { tensor: this.#forward.logits, bytes: wantsLogits ? this.#config.dVocab * 4 : 0 },
    ]);
    return {
      sampled:
        draw &&
        readSampled(sampled!, wantsLogits ? mostLikely(new Float32Array(logits!), draw.alternatives) : undefined),
      readings: taps.slots.map((_, i) => new Float32Array(readings!, i * rows * 4, rows)),
    };
  }

  async #readSums(accumulators: { site: CollectSite; accumulator: Accumulator }[]): Promise<Collected[]> {
    const bytes = this.#config.nLayers * this.#config.dModel * 4;
    const spans = accumulators.map(({ accumulator }) => ({ tensor: accumulator.sums, bytes }));
    const sums = await this.#readback.submitAndRead(this.#commands, spans);
    return accumulators.map(({ site, accumulator }, i) => ({
      site,
      sum: new Float32Array(sums[i]!),
      count: accumulator.count,
    }));
  }

  async #exclusively<T>(body: () => Promise<T>): Promise<T> {
    return this.#exclusive.run(async () => {
      try {
        return await body();
      } finally {
        this.#commands.discard();
      }
    });
  }
}

function readSampled(bits: ArrayBuffer, alternatives: Sampled['alternatives']): Sampled {
  const view = new DataView(bits);
  const sampled = {
    id: view.getUint32(0, true),
    logprob: view.getFloat32(4, true),
    nonFinite: view.getUint32(8, true),
  };
  return alternatives ? { ...sampled, alternatives } : sampled;
}
