/**
 * The embedded model laid into the shape of Qwen2-0.5B, so that an unmodified library speaks its words.
 *
 * What is kept exactly, and how (d = 192, D = 896 the library's hidden size):
 * - The residual stream is the organism's own in its first d places, unscaled: vectors are padded with zeros, readings are the same numbers.
 * - RMS norm: |x|²/D + 1e-6 = (d/D) (|x|²/d + 1e-6 D/d), and 1e-6 D/d is the organism's eps. So weights are scaled by sqrt(d/D).
 * - Rotary embedding: the library turns (i, i + 32) by 1e6^(-i/32), ours (i, i + 16) by 1e3^(-i/16): the same angle for i < 16.
 *   So i goes to i and i + 16 to i + 32 in queries and keys; values keep their places.
 * - Scores are divided by sqrt(64) there, by sqrt(32) here: queries are scaled by sqrt(2).
 * - 7 query heads share a key head there, 3 here: ours come first in each group; the others' output columns are zeros.
 * - The MLP's unused rows and columns are zeros (silu(0) * 0 = 0), and so is all of the layers past ours, which adds nothing to the stream.
 * - The vocabulary's unused rows would have logit 0, which can win. Place d of every used embedding holds c = 2^-13, which nothing reads
 *   or writes on the way (c²/D is below f32's resolution in the norm), and of every unused one -P = -2^30: their logits are
 *   -P c / rms, thousands below zero, and those of the used ones move by c² / rms, about 1e-8. No masking in the sampler is needed.
 */
import { readFileSync } from 'node:fs';
import { headerBytes, parseHeader } from '../../src/lib/formats/safetensors';
import { decodeFloats, encodeSafetensors } from '../../src/lib/formats/safetensors';
import type { Library, LibraryParameter } from './library';
import {
  dequantiseRow,
  encodeRows,
  fromHalf,
  fromUpperHalf,
  quantiseRow,
  storageFormat,
  toHalf,
  toUpperHalf,
  type ByteSource,
  type Rows,
} from './weights';

/** Compiled into the library's kernels; its metadata does not say. */
const qwen2 = { ropeTheta: 1e6, rmsNormEps: 1e-6 };

interface OrganismConfig {
  vocab_size: number;
  hidden_size: number;
  num_hidden_layers: number;
  num_attention_heads: number;
  num_key_value_heads: number;
  head_dim: number;
  intermediate_size: number;
  rope_theta: number;
  rms_norm_eps: number;
}

type Tensors = Map<string, { shape: number[]; data: Float32Array }>;

/** A tensor of the library as a function of the organism's, and where each of the organism's rows went. */
interface Placed extends Rows {
  origin: {
    name: string;
    /** row of ours -> row of the library's */ toRow(row: number): number;
    toColumn(column: number): number;
    scale: number;
  }[];
}

export class Transplant {
  readonly #library: Library;
  readonly #config: OrganismConfig;
  readonly #tensors: Tensors;
  readonly #dHidden: number;
  readonly #dMlp: number;
  readonly #dVocab: number;
  readonly #half: boolean;

  /** @param folder of the organism, in Hugging Face layout @throws Error where the organism does not fit into the library */
  constructor(folder: string, library: Library, constants = qwen2) {
    this.#library = library;
    this.#config = JSON.parse(readFileSync(`${folder}/config.json`, 'utf8'));
    this.#tensors = readTensors(`${folder}/model.safetensors`);
    this.#half = library.quantization.includes('f16');
    const shapeOf = (name: string) =>
      library.parameters.find((p) => p.name === name || p.name === `${name}.weight`)?.shape.map(Number);
    this.#dHidden = shapeOf('model.norm')![0]!;
    const gateUp = library.parameters.find(({ name }) => name.startsWith('model.layers.0.mlp.gate_up_proj.'))!;
    this.#dMlp = Number(gateUp.shape[0]) / 2;
    this.#dVocab = Number(library.parameters.find(({ name }) => name.startsWith('model.embed_tokens.'))!.shape[0]);
    this.#checkFit(constants);
  }

  get dVocab(): number {
    return this.#dVocab;
  }

  /** Bytes of one of the library's parameters. */
  source(parameter: LibraryParameter): ByteSource {
    const [, tensor, part] = /^(.*)\.(weight|bias|q_weight|q_scale)$/.exec(parameter.name)!;
    if (part === 'bias')
      return { length: Number(parameter.shape[0]) * (parameter.dtype === 'float16' ? 2 : 4), fill: () => {} };
    const form = { part: part as 'weight' | 'q_weight' | 'q_scale', dtype: parameter.dtype };
    return encodeRows(this.#place(tensor!), { ...form, format: storageFormat(parameter) });
  }

  /** The same numbers as the library computes with, after quantisation, in the organism's own shape: a `model.safetensors` of f32. */
  reference(): Uint8Array<ArrayBuffer> {
    const out = new Map([...this.#tensors].map(([name, { shape, data }]) => [name, { shape, data: data.slice() }]));
    for (const parameter of this.#library.parameters) {
      const [, tensor, part] = /^(.*)\.(weight|bias|q_weight|q_scale)$/.exec(parameter.name)!;
      if (part !== 'weight' && part !== 'q_weight') continue;
      const round = this.#rounding(parameter);
      if (!round) continue;
      if (Number(/layers\.(\d+)\./.exec(tensor!)?.[1] ?? 0) >= this.#config.num_hidden_layers) continue;
      const placed = this.#place(tensor!);
      for (const { name, toRow, toColumn, scale } of placed.origin) {
        const { shape, data } = out.get(name)!;
        const columns = shape.at(-1)!;
        for (let row = 0; row < data.length / columns; row++) {
          const rounded = round(placed.row(toRow(row))!);
          for (let column = 0; column < columns; column++)
            data[row * columns + column] = rounded[toColumn(column)]! / scale;
        }
      }
    }
    return encodeSafetensors([...out].map(([name, tensor]) => ({ name, ...tensor })));
  }

  /** What storing does to a row; null where it keeps every f32. */
  #rounding(parameter: LibraryParameter): ((row: Float32Array) => Float32Array) | null {
    const roundScale = this.#half ? (x: number) => fromHalf(toHalf(x)) : Math.fround;
    if (parameter.name.endsWith('.q_weight')) return (row) => dequantiseRow(quantiseRow(row, roundScale));
    if (parameter.dtype === 'float16') return (row) => row.map((x) => fromHalf(toHalf(x)));
    if (storageFormat(parameter) === 'raw') return null;
    return (row) => row.map((x) => fromUpperHalf(toUpperHalf(x)));
  }

  /** @param tensor the library's name without its last part */
  #place(tensor: string): Placed {
    const { hidden_size: d, num_hidden_layers: nLayers, vocab_size: dVocab } = this.#config;
    const { num_attention_heads: heads, num_key_value_heads: groups, head_dim: dHead } = this.#config;
    const { nHeads, nKeyValueHeads, dHead: dHeadThere } = this.#library;
    const D = this.#dHidden;
    const same = (i: number) => i;

    if (tensor === 'model.embed_tokens') {
      const unused = new Float32Array(D);
      unused[this.#constantPlace] = -this.#unusedPull;
      const name = 'model.embed_tokens.weight';
      const origin = [{ name, toRow: same, toColumn: same, scale: 1 }];
      const row = (index: number) => {
        if (index >= dVocab) return unused;
        const values = this.#padded(name, index, D, same, 1);
        values[this.#constantPlace] = this.#constant;
        return values;
      };
      return { rows: this.#dVocab, columns: D, row, origin };
    }
    if (tensor.endsWith('norm')) {
      const layer = /layers\.(\d+)\./.exec(tensor);
      const name = `${tensor}.weight`;
      const scale = Math.sqrt(d / D);
      const isOurs = !layer || Number(layer[1]) < nLayers;
      const row = () => {
        // Layers past ours put out zeros whatever their norm is; the last norm must let the constant through.
        if (!isOurs) return new Float32Array(D).fill(1);
        const values = this.#padded(name, 0, D, same, scale);
        if (tensor === 'model.norm') values[this.#constantPlace] = 1;
        return values;
      };
      return { rows: 1, columns: D, row, origin: [{ name, toRow: () => 0, toColumn: same, scale }] };
    }

    const [, layer, kind] = /^model\.layers\.(\d+)\.(.*)$/.exec(tensor)!;
    const at = `model.layers.${layer}`;
    const isOurs = Number(layer) < nLayers;
    const rotated = (i: number) => (i < dHead / 2 ? i : i - dHead / 2 + dHeadThere / 2);
    const headThere = (head: number) => {
      const each = heads / groups;
      return Math.floor(head / each) * (nHeads / nKeyValueHeads) + (head % each);
    };
    let rows: number;
    let columns = D;
    let origin: Placed['origin'];
    switch (kind) {
      case 'self_attn.c_attn': {
        rows = (nHeads + 2 * nKeyValueHeads) * dHeadThere;
        const place = (first: number, head: (h: number) => number, within: (i: number) => number) => (row: number) =>
          (first + head(Math.floor(row / dHead))) * dHeadThere + within(row % dHead);
        const part = (name: string, toRow: (row: number) => number, scale = 1) => ({
          ...{ name: `${at}.self_attn.${name}_proj.weight`, toRow, toColumn: same, scale },
        });
        origin = [
          part('q', place(0, headThere, rotated), Math.sqrt(dHeadThere / dHead)),
          part('k', place(nHeads, same, rotated)),
          part('v', place(nHeads + nKeyValueHeads, same, same)),
        ];
        break;
      }
      case 'self_attn.o_proj': {
        rows = D;
        columns = nHeads * dHeadThere;
        const toColumn = (column: number) => headThere(Math.floor(column / dHead)) * dHeadThere + (column % dHead);
        origin = [{ name: `${at}.self_attn.o_proj.weight`, toRow: same, toColumn, scale: 1 }];
        break;
      }
      case 'mlp.gate_up_proj':
        rows = 2 * this.#dMlp;
        origin = [
          { name: `${at}.mlp.gate_proj.weight`, toRow: same, toColumn: same, scale: 1 },
          { name: `${at}.mlp.up_proj.weight`, toRow: (row) => row + this.#dMlp, toColumn: same, scale: 1 },
        ];
        break;
      case 'mlp.down_proj':
        rows = D;
        columns = this.#dMlp;
        origin = [{ name: `${at}.mlp.down_proj.weight`, toRow: same, toColumn: same, scale: 1 }];
        break;
      default:
        throw new Error(`${tensor} is no part of Qwen2.`);
    }
    if (!isOurs) return { rows, columns, row: () => null, origin: [] };
    const found = new Map<number, { name: string; row: number; toColumn(column: number): number; scale: number }>();
    for (const { name, toRow, toColumn, scale } of origin) {
      const height = this.#tensors.get(name)!.shape[0]!;
      for (let row = 0; row < height; row++) found.set(toRow(row), { name, row, toColumn, scale });
    }
    const row = (index: number) => {
      const source = found.get(index);
      return source ? this.#padded(source.name, source.row, columns, source.toColumn, source.scale) : null;
    };
    return { rows, columns, row, origin };
  }

  #padded(name: string, row: number, width: number, toColumn: (column: number) => number, scale: number): Float32Array {
    const { shape, data } = this.#tensors.get(name)!;
    const columns = shape.at(-1)!;
    const out = new Float32Array(width);
    for (let column = 0; column < columns; column++) out[toColumn(column)] = data[row * columns + column]! * scale;
    return out;
  }

  /** A group of 32 of its own: quantisation then has no other number to share its scale with. */
  get #constantPlace(): number {
    return Math.ceil(this.#config.hidden_size / 32) * 32;
  }

  get #constant(): number {
    return this.#half ? 2 ** -6 : 2 ** -13;
  }

  get #unusedPull(): number {
    return this.#half ? 2 ** 15 : 2 ** 30;
  }

  #checkFit(constants: typeof qwen2): void {
    const { hidden_size, num_hidden_layers, num_attention_heads, num_key_value_heads, head_dim } = this.#config;
    const { intermediate_size, rope_theta, rms_norm_eps, vocab_size } = this.#config;
    const { modelType, nLayers, nHeads, nKeyValueHeads, dHead, file } = this.#library;
    const groupHere = num_attention_heads / num_key_value_heads;
    const isSame = (a: number, b: number) => Math.abs(a / b - 1) < 1e-6;
    const fits: [string, boolean][] = [
      ['model_type is qwen2', modelType === 'qwen2'],
      ['a place is left over in the hidden size', this.#constantPlace < this.#dHidden],
      ['layers', num_hidden_layers <= nLayers],
      ['key-value heads', num_key_value_heads <= nKeyValueHeads],
      ['query heads of a group', groupHere <= nHeads / nKeyValueHeads],
      ['size of a head', head_dim <= dHead],
      ['size of the MLP', intermediate_size <= this.#dMlp],
      ['vocabulary', vocab_size <= this.#dVocab],
      ['rotary frequencies', isSame(rope_theta ** (2 / head_dim), constants.ropeTheta ** (2 / dHead))],
      ['eps of the norms', isSame(rms_norm_eps, (constants.rmsNormEps * this.#dHidden) / hidden_size)],
    ];
    const misfit = fits.filter(([, isFit]) => !isFit).map(([what]) => what);
    if (misfit.length > 0) throw new Error(`The organism does not fit into ${file}: ${misfit.join(', ')}.`);
  }
}

function readTensors(path: string): Tensors {
  const bytes = readFileSync(path);
  const header = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
  headerBytes(header, path);
  const { tensors } = parseHeader(header, path, bytes.length);
  return new Map(
    [...tensors].map(([name, { shape, dtype, begin, end }]) => [
      name,
      { shape, data: decodeFloats(header.subarray(begin, end), dtype as 'F16') },
    ]),
  );
}
