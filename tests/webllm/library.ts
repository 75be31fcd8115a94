/** What a model library (the `.wasm` that MLC compiles for one architecture) says of itself: JSON inside the file. */
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';

export interface LibraryParameter {
  name: string;
  /** (out, in) for matrices. A string is a size the library leaves open: `vocab_size`. */
  shape: (number | string)[];
  dtype: 'float32' | 'float16' | 'uint32';
}

/** With its open sizes settled. */
export type SizedParameter = Omit<LibraryParameter, 'shape'> & { shape: number[] };

export interface Library {
  /** Of the file, without its folder. */
  file: string;
  path: string;
  modelType: string;
  /** MLC's short code: q0f32, q4f32_1, … */
  quantization: string;
  contextWindow: number;
  prefillChunk: number;
  nLayers: number;
  nHeads: number;
  nKeyValueHeads: number;
  dHead: number;
  parameters: LibraryParameter[];
}

/** The JSON starts so in every library of 2024 and 2025. */
const START = Buffer.from('{"model_type"');

/** @throws Error that names the file, where it is no model library */
export function readLibrary(path: string): Library {
  const bytes = readFileSync(path);
  const begin = bytes.indexOf(START);
  if (begin < 0) throw new Error(`${path} holds no parameter list: is it a model library of MLC?`);
  const json = JSON.parse(bytes.toString('latin1', begin, endOfObject(bytes, begin)));
  return {
    file: basename(path),
    path,
    modelType: json.model_type,
    quantization: json.quantization,
    contextWindow: json.context_window_size,
    prefillChunk: json.prefill_chunk_size,
    nLayers: json.kv_cache.num_hidden_layers,
    nHeads: json.kv_cache.num_attention_heads,
    nKeyValueHeads: json.kv_cache.num_key_value_heads,
    dHead: json.kv_cache.head_dim,
    parameters: json.params.map(({ name, shape, dtype }: LibraryParameter) => ({ name, shape, dtype })),
  };
}

/** Where the object that starts at `begin` ends: code follows it with nothing between. */
function endOfObject(bytes: Buffer, begin: number): number {
  let depth = 0;
  let isInString = false;
  for (let i = begin; i < bytes.length; i++) {
    const byte = bytes[i];
    if (isInString) {
      if (byte === 0x5c) i++;
      else if (byte === 0x22) isInString = false;
    } else if (byte === 0x22) isInString = true;
    else if (byte === 0x7b) depth++;
    else if (byte === 0x7d && --depth === 0) return i + 1;
  }
  throw new Error('The parameter list of the library does not end.');
}
