/** `config.json` of a Hugging Face folder, read into what the forward pass needs; what it lacks is refused by name. */
import * as v from 'valibot';
import { PersonascopeError } from '../errors';

export type RopeScaling =
  | { type: 'linear'; factor: number }
  | {
      type: 'llama3';
      factor: number;
      lowFreqFactor: number;
      highFreqFactor: number;
      /** Tokens. */
      originalContextLength: number;
    };

export interface LlamaConfig {
  architecture: 'llama' | 'qwen2' | 'qwen3';
  dModel: number;
  nLayers: number;
  nHeads: number;
  /** Divides nHeads; smaller than nHeads in grouped-query attention. */
  nKeyValueHeads: number;
  /** Even; not always dModel / nHeads. */
  dHead: number;
  dMlp: number;
  dVocab: number;
  /** Tokens: `max_position_embeddings`, or the window of sliding attention if that is shorter. */
  contextLength: number;
  ropeTheta: number;
  rmsNormEps: number;
  /** The unembedding is the embedding, and `lm_head.weight` is not read. */
  tieWordEmbeddings: boolean;
  /** q, k and v projections have a bias. */
  qkvBias: boolean;
  /** The attention's output projection has a bias. */
  outputBias: boolean;
  /** gate, up and down projections have a bias. */
  mlpBias: boolean;
  /** RMS norm over dHead on each query and key, before RoPE. */
  qkNorm: boolean;
  ropeScaling: RopeScaling | null;
  bosTokenId: number | null;
  eosTokenIds: number[];
}

const integer = (low: number, high: number) => v.pipe(v.number(), v.integer(), v.minValue(low), v.maxValue(high));
const positive = v.pipe(v.number(), v.finite(), v.gtValue(0));
const tokenId = integer(0, 2 ** 24);
const flag = v.nullish(v.boolean(), false);

const ropeEntries = {
  rope_type: v.nullish(v.string()),
  type: v.nullish(v.string()),
  rope_theta: v.nullish(positive),
  partial_rotary_factor: v.nullish(v.number()),
};
const ropeSchema = v.looseObject({
  ...ropeEntries,
  /** Where layers differ in their attention, transformers 5 has an entry for each kind. */
  full_attention: v.nullish(v.looseObject(ropeEntries)),
});
type Rope = v.InferOutput<typeof ropeSchema>;

const llama3Schema = v.looseObject({
  factor: positive,
  low_freq_factor: positive,
  high_freq_factor: positive,
  original_max_position_embeddings: integer(1, 2 ** 24),
});

const configSchema = v.looseObject({
  hidden_size: integer(1, 65_536),
  num_hidden_layers: integer(1, 512),
  num_attention_heads: integer(1, 1024),
  num_key_value_heads: v.nullish(integer(1, 1024)),
  head_dim: v.nullish(integer(2, 1024)),
  intermediate_size: integer(1, 2 ** 20),
  vocab_size: integer(1, 2 ** 22),
  max_position_embeddings: integer(1, 2 ** 24),
  rms_norm_eps: v.nullish(positive, 1e-6),
  rope_theta: v.nullish(positive),
  rope_scaling: v.nullish(ropeSchema),
  /** Where transformers 5 keeps rope_theta and rope_scaling. */
  rope_parameters: v.nullish(ropeSchema),
  tie_word_embeddings: flag,
  attention_bias: flag,
  mlp_bias: flag,
  bos_token_id: v.nullish(tokenId),
  eos_token_id: v.nullish(v.union([tokenId, v.array(tokenId)])),
});

/** Read before anything else, so that another model family is refused as such and not for a field it spells otherwise. */
const kindSchema = v.looseObject({
  architectures: v.pipe(v.array(v.string()), v.minLength(1)),
  hidden_act: v.nullish(v.string(), 'silu'),
  use_sliding_window: flag,
  layer_types: v.nullish(v.array(v.string())),
  partial_rotary_factor: v.nullish(v.number()),
});

const generationSchema = v.looseObject({ eos_token_id: configSchema.entries.eos_token_id });

/** Dimensions of a head that `attention.wgsl` has room for. */
const MAX_HEAD = 256;

const architectures: Record<string, LlamaConfig['architecture']> = {
  LlamaForCausalLM: 'llama',
  MistralForCausalLM: 'llama',
  Qwen2ForCausalLM: 'qwen2',
  Qwen3ForCausalLM: 'qwen3',
};

/**
 * Checks a model's `config.json`, and takes further end-of-text ids from its `generation_config.json`.
 * @throws PersonascopeError `BadModel` for a missing or impossible field, `NotSupported` for a model the forward pass can't run; both name the field.
 */
export function parseConfig(json: unknown, generationConfig?: unknown): LlamaConfig {
  const kind = check(kindSchema, json, 'config.json');
  const architecture = refuseUnsupported(kind, json as Record<string, unknown>);
  const raw = check(configSchema, json, 'config.json');
  const generation = generationConfig === undefined ? {} : check(generationSchema, generationConfig, GENERATION);

  const nHeads = raw.num_attention_heads;
  const nKeyValueHeads = raw.num_key_value_heads ?? nHeads;
  if (nHeads % nKeyValueHeads !== 0) {
    throw bad('num_key_value_heads', `${nKeyValueHeads} does not divide num_attention_heads ${nHeads}`);
  }
  const dHead = raw.head_dim ?? raw.hidden_size / nHeads;
  const headField = isMissing(raw.head_dim) ? 'num_attention_heads' : 'head_dim';
  if (dHead % 2 !== 0) throw bad(headField, `a head of ${dHead} dimensions can't be rotated in pairs`);
  if (dHead > MAX_HEAD) throw unsupported(headField, `a head of ${dHead} dimensions is more than ${MAX_HEAD}`);
  const widths = {
    hidden_size: raw.hidden_size,
    intermediate_size: raw.intermediate_size,
    [headField]: nHeads * dHead,
  };
  for (const [field, width] of Object.entries(widths)) {
    if (width % 4 !== 0) throw unsupported(field, `a matrix of ${width} columns can't be read four at a time`);
  }
  const window = findWindow(kind, json as Record<string, unknown>);
  const rope = readRope(raw);
  const attentionBias = architecture === 'qwen2' ? false : raw.attention_bias;
  return {
    architecture,
    dModel: raw.hidden_size,
    nLayers: raw.num_hidden_layers,
    nHeads,
    nKeyValueHeads,
    dHead,
    dMlp: raw.intermediate_size,
    dVocab: raw.vocab_size,
    contextLength: Math.min(raw.max_position_embeddings, window ?? Infinity),
    ropeTheta: rope.theta,
    rmsNormEps: raw.rms_norm_eps,
    tieWordEmbeddings: raw.tie_word_embeddings,
    qkvBias: architecture === 'qwen2' || attentionBias,
    outputBias: attentionBias,
    mlpBias: architecture === 'llama' && raw.mlp_bias,
    qkNorm: architecture === 'qwen3',
    ropeScaling: rope.scaling,
    bosTokenId: raw.bos_token_id ?? null,
    eosTokenIds: [...new Set([raw.eos_token_id ?? [], generation.eos_token_id ?? []].flat())],
  };
}

/**
 * RoPE's angle per position for each pair of a head's dimensions.
 * @returns (dHead / 2), radians a token, rope scaling applied: `linear` divides by the factor; `llama3` divides long wavelengths only,
 * as `_compute_llama3_parameters` in transformers' `modeling_rope_utils.py`.
 */
export function inverseFrequencies(config: LlamaConfig): Float64Array {
  const { dHead, ropeTheta, ropeScaling } = config;
  const plain = Float64Array.from({ length: dHead / 2 }, (_, i) => ropeTheta ** (-(2 * i) / dHead));
  if (ropeScaling === null) return plain;
  if (ropeScaling.type === 'linear') return plain.map((frequency) => frequency / ropeScaling.factor);

  const { factor, lowFreqFactor, highFreqFactor, originalContextLength } = ropeScaling;
  return plain.map((frequency) => {
    const turns = (originalContextLength * frequency) / (2 * Math.PI);
    if (turns > highFreqFactor) return frequency;
    if (turns < lowFreqFactor) return frequency / factor;
    const smooth = (turns - lowFreqFactor) / (highFreqFactor - lowFreqFactor);
    return ((1 - smooth) * frequency) / factor + smooth * frequency;
  });
}

const GENERATION = 'generation_config.json';
const SLIDING = 'sliding_attention';

function isMissing<T>(value: T | null | undefined): value is null | undefined {
  return value === null || value === undefined;
}

function refuseUnsupported(
  kind: v.InferOutput<typeof kindSchema>,
  json: Record<string, unknown>,
): LlamaConfig['architecture'] {
  const name = kind.architectures[0]!;
  const architecture = Object.hasOwn(architectures, name) ? architectures[name] : undefined;
  if (!architecture) throw unsupported('architectures', `${name} is none of ${Object.keys(architectures).join(', ')}`);
  if (!isMissing(json.quantization_config)) {
    throw unsupported('quantization_config', 'quantised weights are not read, only F32, F16 and BF16');
  }
  if (!['silu', 'swish'].includes(kind.hidden_act)) throw unsupported('hidden_act', `${kind.hidden_act} is not silu`);
  if ((kind.partial_rotary_factor ?? 1) !== 1) {
    throw unsupported('partial_rotary_factor', 'only whole heads are rotated');
  }
  const otherLayer = kind.layer_types?.find((type) => type !== 'full_attention' && type !== SLIDING);
  if (otherLayer !== undefined) throw unsupported('layer_types', `${otherLayer} is not full_attention`);
  return architecture;
}

/**
 * Tokens that sliding attention looks back over; null where every layer sees the whole context. Up to that many tokens
 * both are the same, so the context is held to the window.
 */
function findWindow(kind: v.InferOutput<typeof kindSchema>, json: Record<string, unknown>): number | null {
  const isMistral = kind.architectures[0] === 'MistralForCausalLM';
  const slides = kind.layer_types?.includes(SLIDING) ?? (isMistral || kind.use_sliding_window);
  // The default of Mistral and Qwen, when the field is absent, is a window of 4096; null means none.
  const window = json.sliding_window === undefined ? 4096 : json.sliding_window;
  return slides && window !== null ? check(integer(1, 2 ** 24), window, 'config.json', 'sliding_window') : null;
}

/** RoPE's base and scaling, from wherever the file has them; in two places they must be the same. */
function readRope(raw: v.InferOutput<typeof configSchema>): { theta: number; scaling: RopeScaling | null } {
  const places: [field: string, rope: Rope | null | undefined][] = [
    ['rope_parameters', raw.rope_parameters],
    ['rope_parameters.full_attention', raw.rope_parameters?.full_attention],
    ['rope_scaling', raw.rope_scaling],
  ];
  const thetas: Stated<number>[] = [];
  const scalings: Stated<RopeScaling | null>[] = [];
  if (!isMissing(raw.rope_theta)) thetas.push({ field: 'rope_theta', value: raw.rope_theta });
  for (const [field, rope] of places) {
    if (!rope) continue;
    if ((rope.partial_rotary_factor ?? 1) !== 1) {
      throw unsupported(`${field}.partial_rotary_factor`, 'only whole heads are rotated');
    }
    if (!isMissing(rope.rope_theta)) thetas.push({ field: `${field}.rope_theta`, value: rope.rope_theta });
    if (!isMissing(rope.rope_type ?? rope.type)) scalings.push({ field, value: parseRopeScaling(rope, field) });
  }
  return { theta: agreed(thetas) ?? 10_000, scaling: agreed(scalings) ?? null };
}

interface Stated<T> {
  field: string;
  value: T;
}

function agreed<T>(stated: Stated<T>[]): T | undefined {
  const [first, ...others] = stated;
  const other = others.find(({ value }) => JSON.stringify(value) !== JSON.stringify(first!.value));
  if (other)
    throw bad(
      other.field,
      `${JSON.stringify(other.value)} contradicts ${first!.field}: ${JSON.stringify(first!.value)}`,
    );
  return first?.value;
}

function parseRopeScaling(rope: Rope, field: string): RopeScaling | null {
  const type = rope.rope_type ?? rope.type;
  if (type === 'default') return null;
  if (type === 'linear') {
    return { type, factor: check(v.looseObject({ factor: positive }), rope, 'config.json', field).factor };
  }
  if (type !== 'llama3') throw unsupported(`${field}.rope_type`, `${type} is none of default, linear, llama3`);
  const raw = check(llama3Schema, rope, 'config.json', field);
  if (raw.high_freq_factor <= raw.low_freq_factor) {
    throw bad(`${field}.high_freq_factor`, `${raw.high_freq_factor} must exceed low_freq_factor`);
  }
  return {
    type,
    factor: raw.factor,
    lowFreqFactor: raw.low_freq_factor,
    highFreqFactor: raw.high_freq_factor,
    originalContextLength: raw.original_max_position_embeddings,
  };
}

function check<T extends v.GenericSchema>(schema: T, json: unknown, file: string, under?: string): v.InferOutput<T> {
  const result = v.safeParse(schema, json, { abortEarly: true });
  if (result.success) return result.output;
  const issue = result.issues[0];
  const field = [under, v.getDotPath(issue)].filter(Boolean).join('.');
  throw bad(field || 'the whole', issue.message, file);
}

function bad(field: string, reason: string, file = 'config.json'): PersonascopeError {
  return new PersonascopeError('BadModel', `${file}: ${field}: ${reason}.`, 'Choose another model, or mend the file.');
}

function unsupported(field: string, reason: string): PersonascopeError {
  const nextStep = 'Choose a Llama, Qwen2 or Qwen3 model that is not quantised.';
  return new PersonascopeError('NotSupported', `config.json: ${field}: ${reason}.`, nextStep);
}
