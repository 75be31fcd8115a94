/** Small random checkpoints in Hugging Face layout, served from memory: the same files a folder on the web would have. */
import { parseConfig, type LlamaConfig } from '../../src/lib/llama/config';
import { encodeSafetensors } from '../../src/lib/formats/safetensors';
import { openModelFolder, type ModelFiles } from '../../src/lib/llama/source';
import { expectedTensors } from '../../src/lib/llama/tensors';
import { LlamaEngine } from '../../src/lib/llama/engine';
import type { Gpu } from '../../src/lib/gpu/device';
import type { ReferenceWeights } from './reference';

export interface TinyModel {
  config: LlamaConfig;
  weights: ReferenceWeights;
  files: ModelFiles;
  open(gpu: Gpu): Promise<LlamaEngine>;
}

const base = {
  architectures: ['LlamaForCausalLM'],
  model_type: 'llama',
  hidden_act: 'silu',
  hidden_size: 24,
  num_hidden_layers: 3,
  num_attention_heads: 6,
  num_key_value_heads: 2,
  head_dim: 6,
  intermediate_size: 44,
  vocab_size: 67,
  max_position_embeddings: 300,
  rope_theta: 1000,
  rms_norm_eps: 1e-5,
  tie_word_embeddings: true,
  bos_token_id: 64,
  eos_token_id: 66,
};

/** One model a feature: grouped heads, untied heads, biases, query/key norms, llama3 RoPE scaling. */
export const families: Record<string, Record<string, unknown>> = {
  'llama, tied, grouped heads': {},
  'llama, untied, one key head': { tie_word_embeddings: false, num_key_value_heads: 1, head_dim: 4 },
  'llama, llama3 rope scaling': {
    rope_scaling: {
      rope_type: 'llama3',
      factor: 8,
      low_freq_factor: 1,
      high_freq_factor: 4,
      original_max_position_embeddings: 64,
    },
  },
  'qwen2, q/k/v biases': {
    architectures: ['Qwen2ForCausalLM'],
    model_type: 'qwen2',
    head_dim: undefined,
    num_attention_heads: 4,
  },
  'qwen3, query and key norms': {
    architectures: ['Qwen3ForCausalLM'],
    model_type: 'qwen3',
    head_dim: 8,
    num_key_value_heads: 3,
  },
};

/** @param overrides fields of config.json @param scale standard deviation of matrices, relative to 1 / sqrt(columns) */
export async function tinyModel(
  overrides: Record<string, unknown> = {},
  { seed = 1, scale = 1 } = {},
): Promise<TinyModel> {
  const json = { ...base, ...overrides };
  const config = parseConfig(json);
  const random = gaussian(seed);
  const tensors = [...expectedTensors(config)].map(([name, shape]) => {
    const size = shape.reduce((a, b) => a * b, 1);
    const isNorm = shape.length === 1 && name.includes('norm');
    const deviation = shape.length === 1 ? 0.3 : (scale * 1) / Math.sqrt(shape[1]!);
    return { name, shape, data: Float32Array.from({ length: size }, () => (isNorm ? 1 : 0) + deviation * random()) };
  });
  const served: Record<string, BodyInit> = {
    'config.json': JSON.stringify(json),
    'tokenizer.json': JSON.stringify(tokenizer()),
    'tokenizer_config.json': JSON.stringify(tokenizerConfig),
    'model.safetensors': encodeSafetensors(tensors) as Uint8Array<ArrayBuffer>,
  };
  const files = await openModelFolder('https://models.test/tiny', { fetch: serve(served) });
  return {
    config,
    weights: new Map(tensors.map(({ name, data }) => [name, data])),
    files,
    open: (gpu) => LlamaEngine.open({ gpu, files, id: 'tiny', label: 'Tiny' }),
  };
}

function serve(files: Record<string, BodyInit>): typeof fetch {
  return async (input) => {
    const name = new URL(String(input instanceof Request ? input.url : input)).pathname.split('/').pop()!;
    const body = files[name];
    return body === undefined ? new Response('not found', { status: 404 }) : new Response(body);
  };
}

/** Letters and a few marks, one token each. */
function tokenizer() {
  const letters = [...'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.', 'Ġ'];
  const specials = ['<|bos|>', '<|user|>', '<|end|>'];
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: specials.map((content, i) => ({
      id: letters.length + i,
      content,
      single_word: false,
      lstrip: false,
      rstrip: false,
      normalized: false,
      special: true,
    })),
    normalizer: null,
    pre_tokenizer: { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true },
    post_processor: null,
    decoder: { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true, use_regex: true },
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: false,
      vocab: Object.fromEntries(letters.map((letter, i) => [letter, i])),
      merges: [],
    },
  };
}

const tokenizerConfig = {
  tokenizer_class: 'PreTrainedTokenizerFast',
  bos_token: '<|bos|>',
  eos_token: '<|end|>',
  chat_template:
    "{{ bos_token }}{% for m in messages %}{{ '<|user|>' if m.role != 'assistant' else '' }}{{ m.content }}{% if m.role == 'assistant' %}<|end|>{% endif %}{% endfor %}{% if add_generation_prompt %}<|user|>{% endif %}",
};

/** Standard normal numbers (Box-Muller), the same for the same seed. */
function gaussian(seed: number): () => number {
  let state = seed;
  const uniform = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state + 1) / 2 ** 32;
  };
  return () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
}
