import { describe, expect, it } from 'vitest';
import { inverseFrequencies, parseConfig } from '../../../src/lib/llama/config';
import { expectedTensors } from '../../../src/lib/llama/tensors';
import { tinyConfig } from './tiny-model';

const qwen2 = { ...tinyConfig, architectures: ['Qwen2ForCausalLM'], use_sliding_window: false, sliding_window: 32_768 };
const llama3Rope = {
  rope_type: 'llama3',
  factor: 32,
  low_freq_factor: 1,
  high_freq_factor: 4,
  original_max_position_embeddings: 8192,
};

describe('parseConfig', () => {
  it('reads every field', () => {
    expect(parseConfig({ ...tinyConfig, rope_theta: 5e5 }, { eos_token_id: [5, 4] })).toEqual({
      architecture: 'llama',
      dModel: 8,
      nLayers: 2,
      nHeads: 2,
      nKeyValueHeads: 1,
      dHead: 4,
      dMlp: 12,
      dVocab: 280,
      contextLength: 64,
      ropeTheta: 5e5,
      rmsNormEps: 1e-5,
      tieWordEmbeddings: true,
      qkvBias: false,
      outputBias: false,
      mlpBias: false,
      qkNorm: false,
      ropeScaling: null,
      bosTokenId: 1,
      eosTokenIds: [5, 4],
    });
  });

  it('falls back where Hugging Face does', () => {
    const { architectures, hidden_size, num_hidden_layers, num_attention_heads, intermediate_size } = tinyConfig;
    const required = { architectures, hidden_size, num_hidden_layers, num_attention_heads, intermediate_size };
    const config = parseConfig({ ...required, vocab_size: 280, max_position_embeddings: 64 });
    expect(config).toMatchObject({ nKeyValueHeads: 2, dHead: 4, ropeTheta: 10_000, rmsNormEps: 1e-6 });
    expect(config).toMatchObject({ tieWordEmbeddings: false, bosTokenId: null, eosTokenIds: [] });
  });

  it('knows the families apart', () => {
    expect(parseConfig(qwen2)).toMatchObject({
      architecture: 'qwen2',
      qkvBias: true,
      outputBias: false,
      qkNorm: false,
    });
    const qwen3 = { ...tinyConfig, architectures: ['Qwen3ForCausalLM'] };
    expect(parseConfig(qwen3)).toMatchObject({ architecture: 'qwen3', qkvBias: false, qkNorm: true });
    expect(parseConfig({ ...qwen3, attention_bias: true })).toMatchObject({ qkvBias: true, outputBias: true });
    const biased = { ...tinyConfig, attention_bias: true, mlp_bias: true };
    expect(parseConfig(biased)).toMatchObject({ qkvBias: true, outputBias: true, mlpBias: true });
    const mistral = { ...tinyConfig, architectures: ['MistralForCausalLM'] };
    expect(parseConfig({ ...mistral, sliding_window: null }).architecture).toBe('llama');
    expect(parseConfig({ ...mistral, sliding_window: 64 }).architecture).toBe('llama');
  });

  it.each([
    ['MistralForCausalLM', { sliding_window: 4096 }, 4096],
    ['MistralForCausalLM', {}, 4096],
    ['MistralForCausalLM', { sliding_window: null }, 32_768],
    ['MistralForCausalLM', { sliding_window: 131_072 }, 32_768],
    ['Qwen2ForCausalLM', { sliding_window: 1024, use_sliding_window: true }, 1024],
    ['Qwen2ForCausalLM', { sliding_window: 1024, use_sliding_window: false }, 32_768],
    ['Qwen2ForCausalLM', { sliding_window: null, use_sliding_window: true }, 32_768],
    ['Qwen3ForCausalLM', { sliding_window: 1024, layer_types: ['full_attention', 'sliding_attention'] }, 1024],
    ['Qwen3ForCausalLM', { sliding_window: 1024, layer_types: ['full_attention', 'full_attention'] }, 32_768],
    ['LlamaForCausalLM', { sliding_window: 1024 }, 32_768],
  ])('holds the context of %s with %j to its window', (architecture, change, contextLength) => {
    const json = { ...tinyConfig, architectures: [architecture], max_position_embeddings: 32_768, ...change };
    expect(parseConfig(json).contextLength).toBe(contextLength);
  });

  it('takes swish for the silu it is, and lists of end tokens', () => {
    const config = parseConfig({ ...tinyConfig, hidden_act: 'swish', eos_token_id: [5, 4] }, { eos_token_id: [4, 3] });
    expect(config.eosTokenIds).toEqual([5, 4, 3]);
  });

  it.each([
    [{ rope_parameters: { rope_theta: 7, rope_type: 'linear', factor: 2 } }, 7, 2],
    [{ rope_parameters: { rope_theta: 7 }, rope_scaling: { type: 'linear', factor: 2 } }, 7, 2],
    [{ rope_theta: 7, rope_parameters: { rope_theta: 7, rope_type: 'default' } }, 7, undefined],
    [{ rope_scaling: { rope_theta: 7, rope_type: 'linear', factor: 3 } }, 7, 3],
    [{ rope_parameters: { full_attention: { rope_theta: 7, rope_type: 'linear', factor: 2 } } }, 7, 2],
    [{ rope_theta: 7, rope_parameters: null, rope_scaling: null }, 7, undefined],
  ])('reads RoPE from %j', (change, theta, factor) => {
    const { rope_theta: _, ...rest } = tinyConfig;
    const config = parseConfig({ ...rest, ...change });
    expect(config.ropeTheta).toBe(theta);
    expect(config.ropeScaling).toEqual(factor === undefined ? null : { type: 'linear', factor });
  });

  it.each([
    [{ head_dim: 512 }, 'config.json: head_dim: a head of 512 dimensions is more than 256.'],
    [{ hidden_size: 10 }, "config.json: hidden_size: a matrix of 10 columns can't be read four at a time."],
    [{ intermediate_size: 14 }, 'config.json: intermediate_size: a matrix of 14 columns'],
    [{ num_attention_heads: 3, head_dim: 2 }, 'config.json: head_dim: a matrix of 6 columns'],
    [{ architectures: ['GPT2LMHeadModel'] }, 'architectures: GPT2LMHeadModel is none of LlamaForCausalLM,'],
    [{ architectures: ['toString'] }, 'architectures: toString is none of'],
    [{ quantization_config: { bits: 4 } }, 'quantization_config: quantised weights'],
    [{ rope_scaling: { type: 'yarn', factor: 4 } }, 'rope_scaling.rope_type: yarn is none of default, linear, llama3.'],
    [{ rope_scaling: { rope_type: 'dynamic' } }, 'rope_scaling.rope_type: dynamic'],
    [{ hidden_act: 'gelu' }, 'hidden_act: gelu is not silu.'],
    [{ partial_rotary_factor: 0.5 }, 'partial_rotary_factor: only whole heads'],
    [{ rope_parameters: { partial_rotary_factor: 0.5 } }, 'rope_parameters.partial_rotary_factor: only whole heads'],
    [{ rope_scaling: { partial_rotary_factor: 0.5 } }, 'rope_scaling.partial_rotary_factor: only whole heads'],
    [{ layer_types: ['full_attention', 'chunked_attention'] }, 'layer_types: chunked_attention is not'],
  ])('refuses %j as not supported', (change, message) => {
    const parse = () => parseConfig({ ...tinyConfig, ...change });
    expect(parse).toThrow(expect.objectContaining({ name: 'NotSupported', message: expect.stringContaining(message) }));
  });

  it.each([
    [{ hidden_size: undefined }, 'config.json: hidden_size: '],
    [{ hidden_size: '8' }, 'config.json: hidden_size: '],
    [{ num_hidden_layers: 0 }, 'config.json: num_hidden_layers: '],
    [{ num_hidden_layers: 1e9 }, 'config.json: num_hidden_layers: '],
    [{ vocab_size: 1.5 }, 'config.json: vocab_size: '],
    [{ num_key_value_heads: 3 }, 'config.json: num_key_value_heads: 3 does not divide num_attention_heads 2.'],
    [{ head_dim: 3 }, "config.json: head_dim: a head of 3 dimensions can't be rotated in pairs."],
    [
      { head_dim: null, num_attention_heads: 8, num_key_value_heads: 8 },
      'config.json: num_attention_heads: a head of 1 dim',
    ],
    [{ rms_norm_eps: 0 }, 'config.json: rms_norm_eps: '],
    [{ rope_theta: null, rope_scaling: 'linear' }, 'config.json: rope_scaling: '],
    [{ rope_scaling: { type: 'linear' } }, 'config.json: rope_scaling.factor: '],
    [{ rope_scaling: { ...llama3Rope, factor: -1 } }, 'config.json: rope_scaling.factor: '],
    [
      { rope_scaling: { ...llama3Rope, high_freq_factor: 1 } },
      'config.json: rope_scaling.high_freq_factor: 1 must exceed',
    ],
    [{ eos_token_id: ['</s>'] }, 'config.json: eos_token_id'],
    [{ architectures: ['MistralForCausalLM'], sliding_window: 0 }, 'config.json: sliding_window: '],
    [
      { rope_parameters: { rope_theta: 7 } },
      'config.json: rope_parameters.rope_theta: 7 contradicts rope_theta: 10000.',
    ],
    [
      { rope_parameters: { rope_type: 'linear', factor: 2 }, rope_scaling: { type: 'linear', factor: 4 } },
      'config.json: rope_scaling: {"type":"linear","factor":4} contradicts rope_parameters: {"type":"linear","factor":2}.',
    ],
    [
      { rope_parameters: { rope_type: 'default' }, rope_scaling: { type: 'linear', factor: 4 } },
      'config.json: rope_scaling: {"type":"linear","factor":4} contradicts rope_parameters: null.',
    ],
    [{ architectures: [] }, 'config.json: architectures: '],
  ])('refuses %j as broken', (change, message) => {
    const parse = () => parseConfig({ ...tinyConfig, ...change });
    expect(parse).toThrow(expect.objectContaining({ name: 'BadModel', message: expect.stringContaining(message) }));
  });

  it.each([null, 3, 'text', [], {}])('refuses %j in place of a config', (json) => {
    expect(() => parseConfig(json)).toThrow(expect.objectContaining({ name: 'BadModel' }));
    expect(() => parseConfig(tinyConfig, { eos_token_id: {} })).toThrow('generation_config.json: eos_token_id');
  });
});

describe('inverseFrequencies', () => {
  it('are powers of theta', () => {
    const config = parseConfig({ ...tinyConfig, head_dim: 8, rope_theta: 10_000 });
    expect([...inverseFrequencies(config)]).toEqual([1, 10_000 ** -0.25, 10_000 ** -0.5, 10_000 ** -0.75]);
  });

  it('are divided by a linear factor', () => {
    const config = parseConfig({ ...tinyConfig, rope_scaling: { type: 'linear', factor: 4 } });
    expect([...inverseFrequencies(config)]).toEqual([0.25, 0.0025]);
  });

  it('are those of Llama 3.2 with its scaling', () => {
    const config = parseConfig({ ...tinyConfig, head_dim: 64, rope_theta: 500_000, rope_scaling: llama3Rope });
    const scaled = inverseFrequencies(config);
    const plain = inverseFrequencies({ ...config, ropeScaling: null });
    const wavelengths = plain.map((frequency) => (2 * Math.PI) / frequency);
    let between = 0;
    for (let i = 0; i < 32; i++) {
      const ratio = scaled[i]! / plain[i]!;
      if (wavelengths[i]! < 8192 / 4) expect(ratio).toBe(1);
      else if (wavelengths[i]! > 8192) expect(ratio).toBeCloseTo(1 / 32, 15);
      else {
        between++;
        const smooth = (8192 / wavelengths[i]! - 1) / 3;
        expect(ratio).toBeCloseTo((1 - smooth) / 32 + smooth, 12);
      }
    }
    expect(between).toBe(3);
  });
});

describe('expectedTensors', () => {
  it('has the shapes of the config', () => {
    const expected = expectedTensors(parseConfig(tinyConfig));
    expect(expected.size).toBe(2 + 2 * 9);
    expect(expected.get('model.layers.1.self_attn.q_proj.weight')).toEqual([8, 8]);
    expect(expected.get('model.layers.1.self_attn.k_proj.weight')).toEqual([4, 8]);
    expect(expected.get('model.layers.0.mlp.down_proj.weight')).toEqual([8, 12]);
    expect(expected.has('lm_head.weight')).toBe(false);
  });

  it('has biases, norms and the unembedding where the family has them', () => {
    const untied = expectedTensors(parseConfig({ ...qwen2, tie_word_embeddings: false }));
    expect(untied.get('lm_head.weight')).toEqual([280, 8]);
    expect(untied.get('model.layers.0.self_attn.v_proj.bias')).toEqual([4]);
    expect(untied.has('model.layers.0.self_attn.o_proj.bias')).toBe(false);
    const normed = expectedTensors(parseConfig({ ...tinyConfig, architectures: ['Qwen3ForCausalLM'] }));
    expect(normed.get('model.layers.0.self_attn.k_norm.weight')).toEqual([4]);
    const biased = expectedTensors(parseConfig({ ...tinyConfig, attention_bias: true, mlp_bias: true }));
    expect(biased.get('model.layers.0.self_attn.o_proj.bias')).toEqual([8]);
    expect(biased.get('model.layers.0.mlp.up_proj.bias')).toEqual([12]);
  });
});
