/** A complete model folder of a few kB, and an in-memory server for it. */
import { encodeSafetensors } from '../../../src/lib/formats/safetensors';
import { parseConfig } from '../../../src/lib/llama/config';
import { expectedTensors } from '../../../src/lib/llama/tensors';
import { organism } from '../chat/tiny-tokenizer';

export const tinyConfig = {
  architectures: ['LlamaForCausalLM'],
  hidden_size: 8,
  num_hidden_layers: 2,
  num_attention_heads: 2,
  num_key_value_heads: 1,
  head_dim: 4,
  intermediate_size: 12,
  vocab_size: 280,
  max_position_embeddings: 64,
  rms_norm_eps: 1e-5,
  rope_theta: 10_000,
  hidden_act: 'silu',
  tie_word_embeddings: true,
  bos_token_id: 1,
  eos_token_id: 5,
};

/** Tensors of the tiny config, filled with numbers that tell them apart. */
export function tinyTensors(config: object = tinyConfig) {
  return [...expectedTensors(parseConfig(config))].map(([name, shape], tensor) => {
    const length = shape.reduce((a, b) => a * b, 1);
    return { name, shape, data: Float32Array.from({ length }, (_, i) => tensor + i / 1024) };
  });
}

export type Files = Record<string, string | Uint8Array<ArrayBuffer> | Response>;

export function tinyFiles(): Files {
  return {
    'config.json': JSON.stringify(tinyConfig),
    'tokenizer.json': JSON.stringify(organism.tokenizer),
    'tokenizer_config.json': JSON.stringify(organism.tokenizerConfig),
    'model.safetensors': encodeSafetensors(tinyTensors()),
  };
}

/** Serves a folder's files at https://models.test/tiny/, and keeps the names it was asked for. */
export function serve(files: Files, folder = 'https://models.test/tiny/') {
  const asked: string[] = [];
  const get = async (url: string | URL | Request): Promise<Response> => {
    const name = String(url).replace(folder, '');
    asked.push(name);
    const file = files[name];
    if (file instanceof Response) return file.clone();
    if (file === undefined) return new Response('no', { status: 404 });
    const length = typeof file === 'string' ? new TextEncoder().encode(file).length : file.length;
    return new Response(file, { headers: { 'content-length': String(length) } });
  };
  return { asked, fetch: get as typeof fetch, url: folder };
}
