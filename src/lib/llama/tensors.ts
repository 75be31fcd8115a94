/** The tensors a config calls for, by their Hugging Face names. */
import { PersonascopeError } from '../errors';
import { isStorageType, type HeaderEntry, type TensorEntry } from '../formats/safetensors';
import type { LlamaConfig } from './config';

/**
 * Names and shapes of every tensor the forward pass reads. Matrices are (out, in), as torch.nn.Linear keeps them.
 * `lm_head.weight` only where the embeddings are untied.
 */
export function expectedTensors(config: LlamaConfig): Map<string, number[]> {
  const { dModel, dMlp, dHead, dVocab } = config;
  const queries = config.nHeads * dHead;
  const keys = config.nKeyValueHeads * dHead;
  const expected = new Map<string, number[]>([['model.embed_tokens.weight', [dVocab, dModel]]]);
  const linear = (name: string, out: number, into: number, hasBias: boolean) => {
    expected.set(`${name}.weight`, [out, into]);
    if (hasBias) expected.set(`${name}.bias`, [out]);
  };
  for (let i = 0; i < config.nLayers; i++) {
    const block = `model.layers.${i}`;
    expected.set(`${block}.input_layernorm.weight`, [dModel]);
    linear(`${block}.self_attn.q_proj`, queries, dModel, config.qkvBias);
    linear(`${block}.self_attn.k_proj`, keys, dModel, config.qkvBias);
    linear(`${block}.self_attn.v_proj`, keys, dModel, config.qkvBias);
    linear(`${block}.self_attn.o_proj`, dModel, queries, config.outputBias);
    if (config.qkNorm) {
      expected.set(`${block}.self_attn.q_norm.weight`, [dHead]);
      expected.set(`${block}.self_attn.k_norm.weight`, [dHead]);
    }
    expected.set(`${block}.post_attention_layernorm.weight`, [dModel]);
    linear(`${block}.mlp.gate_proj`, dMlp, dModel, config.mlpBias);
    linear(`${block}.mlp.up_proj`, dMlp, dModel, config.mlpBias);
    linear(`${block}.mlp.down_proj`, dModel, dMlp, config.mlpBias);
  }
  expected.set('model.norm.weight', [dModel]);
  if (!config.tieWordEmbeddings) expected.set('lm_head.weight', [dVocab, dModel]);
  return expected;
}

/** How a file may spell a tensor's name: weights saved from the model without its head lack the prefix. */
export function spellings(name: string): string[] {
  return name.startsWith('model.') ? [name, name.slice('model.'.length)] : [name];
}

/**
 * Checks that every tensor the config calls for is there, in its shape and in a dtype that can be read.
 * @param only check no more than these names: the ones a shard should hold. Default: all.
 * @returns those tensors by the names in `expectedTensors`; others in the file (rotary tables of old exports, say) are left out
 * @throws PersonascopeError `BadModel` naming the tensor
 */
export function checkTensors(
  tensors: ReadonlyMap<string, HeaderEntry>,
  config: LlamaConfig,
  only?: ReadonlySet<string>,
): Map<string, TensorEntry> {
  const checked = new Map<string, TensorEntry>();
  for (const [name, shape] of expectedTensors(config)) {
    if (only && !only.has(name)) continue;
    const entry = spellings(name)
      .map((spelling) => tensors.get(spelling))
      .find((found) => found !== undefined);
    if (!entry) throw bad(name, 'is missing');
    if (entry.shape.join() !== shape.join()) {
      throw bad(name, `has shape [${entry.shape}] in ${entry.file}, config.json calls for [${shape}]`);
    }
    const { dtype } = entry;
    if (!isStorageType(dtype)) throw bad(name, `has dtype ${dtype} in ${entry.file}; F32, F16 and BF16 can be read`);
    checked.set(name, { ...entry, name, dtype });
  }
  return checked;
}

function bad(name: string, reason: string): PersonascopeError {
  const nextStep = 'The weights do not belong to this config.json: choose another model.';
  return new PersonascopeError('BadModel', `Tensor ${name} ${reason}.`, nextStep);
}
