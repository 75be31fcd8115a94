/** The forward pass of the Llama family (Touvron et al. 2023), read top-down; shapes stand beside each buffer. */
import type { Commands } from '../gpu/commands';
import { TensorOwner, type Tensor } from '../gpu/tensor';
import type { Gpu } from '../gpu/device';
import { inverseFrequencies, type LlamaConfig } from './config';
import type { LlamaKernels } from './kernels';
import type { LlamaWeights } from './weights';

/** Called after each block with its output, the residual stream h (rows, dModel), before anything else reads it. */
export type LayerHook = (layer: number, h: Tensor) => void;

export class LlamaForward {
  /** The residual stream (maxRows, dModel). */
  readonly h: Tensor;
  /** Logits of the last row run through `encodeLogits`: (1, dVocab). */
  readonly logits: Tensor;
  readonly #config: LlamaConfig;
  readonly #weights: LlamaWeights;
  readonly #kernels: LlamaKernels;
  readonly #owner: TensorOwner;
  readonly #tokenIds: Tensor;
  readonly #rotations: Tensor;
  readonly #cache: { k: Tensor; v: Tensor }[];
  readonly #scratch: Record<
    'normed' | 'q' | 'k' | 'normedQ' | 'normedK' | 'rotated' | 'attended' | 'gate' | 'up' | 'activated',
    Tensor
  >;

  /** @param maxRows the most tokens a pass may have @param contextLength the most positions the cache holds */
  constructor(
    gpu: Gpu,
    config: LlamaConfig,
    weights: LlamaWeights,
    kernels: LlamaKernels,
    maxRows: number,
    contextLength: number,
  ) {
    this.#config = config;
    this.#weights = weights;
    this.#kernels = kernels;
    const owner = (this.#owner = new TensorOwner(gpu));
    const { dModel, dMlp, dHead, dVocab, nHeads, nKeyValueHeads, nLayers } = config;
    const keyWidth = nKeyValueHeads * dHead;
    this.#tokenIds = owner.create('token ids', [maxRows], 'u32');
    this.h = owner.create('residual stream', [maxRows, dModel]);
    this.logits = owner.create('logits', [1, dVocab]);
    this.#rotations = owner.upload('rotations', [contextLength, dHead / 2, 2], rotationTable(config, contextLength));
    this.#cache = Array.from({ length: nLayers }, (_, i) => ({
      k: owner.create(`keys of block ${i}`, [contextLength, keyWidth]),
      v: owner.create(`values of block ${i}`, [contextLength, keyWidth]),
    }));
    this.#scratch = {
      normed: owner.create('normed', [maxRows, dModel]),
      q: owner.create('queries', [maxRows, nHeads * dHead]),
      k: owner.create('keys', [maxRows, keyWidth]),
      normedQ: owner.create('normed queries', [config.qkNorm ? maxRows : 0, nHeads * dHead]),
      normedK: owner.create('normed keys', [config.qkNorm ? maxRows : 0, keyWidth]),
      rotated: owner.create('rotated queries', [maxRows, nHeads * dHead]),
      attended: owner.create('attended', [maxRows, nHeads * dHead]),
      gate: owner.create('gate', [maxRows, dMlp]),
      up: owner.create('up', [maxRows, dMlp]),
      activated: owner.create('activated', [maxRows, dMlp]),
    };
  }

  /**
   * Appends the blocks for these tokens, the first at `position`; positions before it must be in the cache.
   * Afterwards `h` holds the output of the last block, (tokens, dModel).
   */
  encodeBlocks(commands: Commands, tokenIds: number[], position: number, afterBlock: LayerHook): void {
    const { nLayers, nHeads, nKeyValueHeads, dHead, dMlp, rmsNormEps: eps } = this.#config;
    const kernels = this.#kernels;
    const { normed, q, k, normedQ, normedK, rotated, attended, gate, up, activated } = this.#scratch;
    const rows = tokenIds.length;
    this.#tokenIds.write(Uint32Array.from(tokenIds));
    kernels.embed(commands, this.#weights.embedding, this.#tokenIds, this.h, rows);
    for (let layer = 0; layer < nLayers; layer++) {
      const block = this.#weights.layers[layer]!;
      const cache = this.#cache[layer]!;

      kernels.rmsNorm(commands, this.h, block.inputNorm, normed, rows, eps);
      kernels.linear(commands, block.q, normed, q, rows);
      kernels.linear(commands, block.k, normed, k, rows);
      kernels.linear(commands, block.v, normed, cache.v, rows, { outRow: position });
      if (block.qNorm) kernels.rmsNorm(commands, q, block.qNorm, normedQ, rows * nHeads, eps);
      if (block.kNorm) kernels.rmsNorm(commands, k, block.kNorm, normedK, rows * nKeyValueHeads, eps);
      const queries = block.qNorm ? normedQ : q;
      const keys = block.kNorm ? normedK : k;
      kernels.rope(commands, queries, this.#rotations, rotated, rows, {
        n_heads: nHeads,
        d_head: dHead,
        position,
        out_row: 0,
      });
      kernels.rope(commands, keys, this.#rotations, cache.k, rows, {
        n_heads: nKeyValueHeads,
        d_head: dHead,
        position,
        out_row: position,
      });
      const where = { n_heads: nHeads, n_kv_heads: nKeyValueHeads, position };
      kernels.attention(commands, { q: rotated, k_cache: cache.k, v_cache: cache.v, out: attended }, rows, where);
      kernels.linear(commands, block.o, attended, this.h, rows, { accumulate: true });

      kernels.rmsNorm(commands, this.h, block.postAttentionNorm, normed, rows, eps);
      kernels.linear(commands, block.gate, normed, gate, rows);
      kernels.linear(commands, block.up, normed, up, rows);
      kernels.swiglu(commands, gate, up, activated, rows, dMlp);
      kernels.linear(commands, block.down, activated, this.h, rows, { accumulate: true });

      afterBlock(layer, this.h);
    }
  }

  /** Appends the final norm and the head for rows [firstRow, firstRow + rows) of `h`. @param out (rows, dVocab) */
  encodeLogits(commands: Commands, firstRow: number, rows: number, out: Tensor): void {
    const { normed } = this.#scratch;
    this.#kernels.rmsNorm(commands, this.h, this.#weights.finalNorm, normed, rows, this.#config.rmsNormEps, firstRow);
    this.#kernels.linear(commands, this.#weights.head, normed, out, rows);
  }

  /** Of GPU memory: cache and scratch. */
  get bytes(): number {
    return this.#owner.bytes;
  }

  destroy(): void {
    this.#owner.destroy();
  }
}

/** cos and sin of position * frequency, computed in f64: (contextLength, dHead / 2, 2). */
function rotationTable(config: LlamaConfig, contextLength: number): Float32Array {
  const frequencies = inverseFrequencies(config);
  const table = new Float32Array(contextLength * frequencies.length * 2);
  for (let position = 0, at = 0; position < contextLength; position++) {
    for (const frequency of frequencies) {
      table[at++] = Math.cos(position * frequency);
      table[at++] = Math.sin(position * frequency);
    }
  }
  return table;
}
