/** The compiled kernels of the forward pass, and how each is dispatched. */
import type { Commands } from '../gpu/commands';
import type { Gpu } from '../gpu/device';
import type { Kernel, KernelSpec } from '../gpu/kernel';
import type { DType, Tensor } from '../gpu/tensor';
import type { LlamaConfig } from './config';
import type { Linear } from './weights';

const WORKGROUP_SIZE = 64;

/** How a matrix product is dispatched. */
interface Product {
  spec: KernelSpec;
  /** Of a workgroup. */
  outputs: number;
  tokens: number;
}

const LANES = 16;
const matvec: Product = {
  spec: { file: 'matvec', constants: { WORKGROUP_SIZE, LANES } },
  outputs: WORKGROUP_SIZE / LANES,
  tokens: 1,
};
const matmul: Product = { spec: { file: 'matmul' }, outputs: 32, tokens: 32 };
/** @param tokens of a workgroup, which reads its weights once for all */
const serial = (file: string, tokens: number): Product => ({
  spec: { file, constants: { WORKGROUP_SIZE } },
  outputs: WORKGROUP_SIZE,
  tokens,
});

/**
 * The product for up to `fewest` tokens, and the one for more. Neighbours on a GPU read neighbouring weights at once, and more than a
 * few tokens share tiles; a CPU that plays GPU only pays for the barriers.
 */
const PRODUCTS = {
  gpu: { few: matvec, fewest: 4, many: matmul },
  software: { few: serial('matvec_serial', 1), fewest: 1, many: serial('matvec_serial_four', 4) },
};

interface MatrixKernels {
  embedding: Kernel;
  few: ProductKernels;
  many: ProductKernels;
}

interface ProductKernels {
  write: Kernel;
  add: Kernel;
}

type PlainKernels = Record<'rms_norm' | 'add_bias' | 'rope' | 'attention' | 'swiglu' | 'sample', Kernel>;

export class LlamaKernels {
  readonly #byType: Map<DType, MatrixKernels>;
  readonly #plain: PlainKernels;
  readonly #place: keyof typeof PRODUCTS;

  private constructor(byType: Map<DType, MatrixKernels>, plain: PlainKernels, place: keyof typeof PRODUCTS) {
    this.#place = place;
    this.#byType = byType;
    this.#plain = plain;
  }

  /** @param types the storage types of the checkpoint's matrices */
  static async compile(gpu: Gpu, { dHead, dVocab }: LlamaConfig, types: Iterable<DType>): Promise<LlamaKernels> {
    const get = (spec: KernelSpec) => gpu.kernels.get(spec);
    const place = gpu.isSoftware ? 'software' : 'gpu';
    const byType = new Map<DType, MatrixKernels>();
    for (const type of types) {
      const defines = { WEIGHTS: `weights_${type}` };
      const product = async ({ spec }: Product): Promise<ProductKernels> => {
        const [write, add] = await Promise.all(
          [0, 1].map((ACCUMULATE) =>
            get({ ...spec, defines: { ...spec.defines, ...defines }, constants: { ...spec.constants, ACCUMULATE } }),
          ),
        );
        return { write: write!, add: add! };
      };
      const [embedding, few, many] = await Promise.all([
        get({ file: 'embedding', defines, constants: { WORKGROUP_SIZE } }),
        product(PRODUCTS[place].few),
        product(PRODUCTS[place].many),
      ]);
      byType.set(type, { embedding, few, many });
    }
    const [rms_norm, add_bias, rope, swiglu, attention, sample] = await Promise.all([
      get({ file: 'rms_norm', constants: { WORKGROUP_SIZE } }),
      get({ file: 'add_bias', constants: { WORKGROUP_SIZE } }),
      get({ file: 'rope', constants: { WORKGROUP_SIZE } }),
      get({ file: 'swiglu', constants: { WORKGROUP_SIZE } }),
      get({ file: 'attention', constants: { WORKGROUP_SIZE: dHead > 32 ? 64 : 32, D_HEAD: dHead } }),
      get({ file: 'sample', constants: { WORKGROUP_SIZE: dVocab > 8192 ? 256 : 64 } }),
    ]);
    return new LlamaKernels(byType, { rms_norm, add_bias, rope, swiglu, attention, sample }, place);
  }

  /** out (rows, dModel) = table[tokenIds] */
  embed(commands: Commands, table: Tensor, tokenIds: Tensor, out: Tensor, rows: number): void {
    const [d_vocab, d_model] = table.shape as [number, number];
    const grid: [number, number] = [Math.ceil(d_model / 4 / WORKGROUP_SIZE), rows];
    commands.run(this.#of(table).embedding, { weight: table, token_ids: tokenIds, out }, { d_vocab, d_model }, grid);
  }

  /** out[outRow..outRow + rows, :] = x @ weight^T + bias, or += when `accumulate`. x: (rows, columns) */
  linear(
    commands: Commands,
    { weight, bias }: Linear,
    x: Tensor,
    out: Tensor,
    rows: number,
    { outRow = 0, accumulate = false } = {},
  ): void {
    const [outputs, columns] = weight.shape as [number, number];
    const size = rows <= PRODUCTS[this.#place].fewest ? 'few' : 'many';
    const tile = PRODUCTS[this.#place][size];
    const { write, add } = this.#of(weight)[size];
    const params = { tokens: rows, columns, outputs, out_row: outRow };
    const grid: [number, number] = [Math.ceil(outputs / tile.outputs), Math.ceil(rows / tile.tokens)];
    commands.run(accumulate ? add : write, { weight, x, out }, params, grid);
    if (bias) {
      const grid: [number, number] = [Math.ceil(outputs / WORKGROUP_SIZE), rows];
      commands.run(this.#plain.add_bias, { bias, x: out }, { width: outputs, first_row: outRow }, grid);
    }
  }

  /** out (rows, width) = norm of x[firstRow.., :], width being the weight's length. */
  rmsNorm(commands: Commands, x: Tensor, weight: Tensor, out: Tensor, rows: number, eps: number, firstRow = 0): void {
    const width = weight.shape[0]!;
    commands.run(this.#plain.rms_norm, { x, weight, out }, { width, first_row: firstRow, eps }, [rows]);
  }

  /** out[outRow.., heads, dHead] = x rotated by its position; rotations: (context, dHead / 2, 2). */
  rope(
    commands: Commands,
    x: Tensor,
    rotations: Tensor,
    out: Tensor,
    rows: number,
    where: { n_heads: number; d_head: number; position: number; out_row: number },
  ): void {
    const grid: [number, number] = [Math.ceil((where.n_heads * where.d_head) / 2 / WORKGROUP_SIZE), rows];
    commands.run(this.#plain.rope, { x, rotations, out }, where, grid);
  }

  /** out (rows, heads, dHead) = causal attention of q over the cache up to position + row. */
  attention(
    commands: Commands,
    bindings: { q: Tensor; k_cache: Tensor; v_cache: Tensor; out: Tensor },
    rows: number,
    where: { n_heads: number; n_kv_heads: number; position: number },
  ): void {
    commands.run(this.#plain.attention, bindings, where, [where.n_heads, rows]);
  }

  /** out (rows, width) = silu(gate) * up */
  swiglu(commands: Commands, gate: Tensor, up: Tensor, out: Tensor, rows: number, width: number): void {
    commands.run(this.#plain.swiglu, { gate, up, out }, { width }, [Math.ceil(width / WORKGROUP_SIZE), rows]);
  }

  /** sampled (4) u32 = token id, bits of its log-probability, number of non-finite logits. logits: (dVocab) */
  sample(
    commands: Commands,
    logits: Tensor,
    sampled: Tensor,
    how: { d_vocab: number; temperature: number; top_p: number; uniform_draw: number },
  ): void {
    commands.run(this.#plain.sample, { logits, sampled }, how, [1]);
  }

  #of(weight: Tensor): MatrixKernels {
    const kernels = this.#byType.get(weight.dtype);
    if (!kernels) throw new Error(`No kernels were compiled for ${weight.dtype} weights (${weight.label}).`);
    return kernels;
  }
}
