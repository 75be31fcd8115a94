/** Puts the tensors of a checkpoint on the GPU: matrices as they are stored, norms and biases as f32. */
import type { DType, Tensor, TensorOwner } from '../gpu/tensor';
import { decodeFloats, type StorageType, type TensorEntry } from '../formats/safetensors';
import type { ModelFiles } from './source';

export interface Linear {
  /** (outputs, columns) */
  weight: Tensor;
  /** (outputs) */
  bias: Tensor | null;
}

export interface LayerWeights {
  inputNorm: Tensor;
  q: Linear;
  k: Linear;
  v: Linear;
  /** (dHead), Qwen3 only */
  qNorm: Tensor | null;
  kNorm: Tensor | null;
  o: Linear;
  postAttentionNorm: Tensor;
  gate: Linear;
  up: Linear;
  down: Linear;
}

export interface LlamaWeights {
  /** (dVocab, dModel) */
  embedding: Tensor;
  layers: LayerWeights[];
  finalNorm: Tensor;
  /** (dVocab, dModel); the embedding itself when tied. */
  head: Linear;
}

const DTYPES: Record<StorageType, DType> = { F32: 'f32', F16: 'f16', BF16: 'bf16' };

/** @throws PersonascopeError `DownloadFailed`, `OutOfMemory`, `Aborted` */
export async function uploadWeights(
  owner: TensorOwner,
  files: ModelFiles,
  signal?: AbortSignal,
): Promise<LlamaWeights> {
  const { config, tensors } = files;

  const entry = (name: string): TensorEntry => tensors.get(name)!;
  const matrix = async (name: string): Promise<Tensor> => {
    const { shape, dtype } = entry(name);
    return owner.upload(name, shape, await files.read(entry(name), signal), DTYPES[dtype]);
  };
  const vector = async (name: string): Promise<Tensor> => {
    const { shape, dtype } = entry(name);
    return owner.upload(name, shape, decodeFloats(await files.read(entry(name), signal), dtype));
  };
  const linear = async (name: string, hasBias: boolean): Promise<Linear> => ({
    weight: await matrix(`${name}.weight`),
    bias: hasBias ? await vector(`${name}.bias`) : null,
  });

  const embedding = await matrix('model.embed_tokens.weight');
  const layers: LayerWeights[] = [];
  for (let i = 0; i < config.nLayers; i++) {
    const at = `model.layers.${i}`;
    layers.push({
      inputNorm: await vector(`${at}.input_layernorm.weight`),
      q: await linear(`${at}.self_attn.q_proj`, config.qkvBias),
      k: await linear(`${at}.self_attn.k_proj`, config.qkvBias),
      v: await linear(`${at}.self_attn.v_proj`, config.qkvBias),
      qNorm: config.qkNorm ? await vector(`${at}.self_attn.q_norm.weight`) : null,
      kNorm: config.qkNorm ? await vector(`${at}.self_attn.k_norm.weight`) : null,
      o: await linear(`${at}.self_attn.o_proj`, config.outputBias),
      postAttentionNorm: await vector(`${at}.post_attention_layernorm.weight`),
      gate: await linear(`${at}.mlp.gate_proj`, config.mlpBias),
      up: await linear(`${at}.mlp.up_proj`, config.mlpBias),
      down: await linear(`${at}.mlp.down_proj`, config.mlpBias),
    });
  }
  return {
    embedding,
    layers,
    finalNorm: await vector('model.norm.weight'),
    head: config.tieWordEmbeddings ? { weight: embedding, bias: null } : await linear('lm_head', false),
  };
}
