/**
 * Serves a model folder for a real library with weights made as they are asked for: nothing big on disk or in memory.
 *
 * `<url>/resolve/main/<file>` and `<url>/<file>` are the same; `<url>/reference/` is the organism in Hugging Face layout with
 * the numbers that the library computes with (after quantisation), for the wgsl engine.
 */
import { createHash } from 'node:crypto';
import { createReadStream, readFileSync, statSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { readLibrary, type Library, type SizedParameter } from './library';
import { RandomWeights } from './random-weights';
import { Transplant } from './transplant';
import { transplantPersonas } from './transplant-personas';
import { storageFormat, type ByteSource } from './weights';

const ORGANISM = 'static/models/organism-assistant';
/** Bytes a shard has at most, as MLC makes them; a larger tensor has one of its own. */
const SHARD = 32 * 2 ** 20;
/** Bytes made at a time. */
const PIECE = 2 ** 20;

export interface ServeOptions {
  /** Path of the library's `.wasm`. */
  lib: string;
  weights: 'random' | 'organism';
  seed?: number;
  /** Tokens; the key-value cache is made for so many. Default 512. */
  contextWindow?: number;
  /** Where the library leaves its vocabulary open. Default: the organism's, whose tokenizer is served. */
  dVocab?: number;
  /**
   * WebLLM's template of a conversation can't leave the mark of the system message out where there is none:
   * false (default) renders conversations without one, true those with one, each exactly as the organism's own template does.
   */
  hasSystem?: boolean;
  /** Layers that the config speaks of; default: those the library has. Another number makes the self-check fail. */
  statedLayers?: number;
  port?: number;
}

export interface ServedModel {
  /** Of the model's folder, ending in a slash: what `load` and WebLLM's `model` want. */
  url: string;
  /** Of the library. */
  lib: string;
  /** Of the organism's folder in Hugging Face layout, with the library's numbers; null with random weights. */
  reference: string | null;
  library: Library;
  dModel: number;
  dVocab: number;
  totalBytes: number;
  /** Paths asked for, in order, without the folder. */
  requests: string[];
  close(): Promise<void>;
}

interface Shard {
  file: string;
  bytes: number;
  records: { parameter: SizedParameter; source: ByteSource; begin: number }[];
}

export async function serveModel(options: ServeOptions): Promise<ServedModel> {
  const library = readLibrary(options.lib);
  const organism = JSON.parse(readFileSync(`${ORGANISM}/config.json`, 'utf8'));
  const dVocabOpen = options.dVocab ?? organism.vocab_size;
  const transplant = options.weights === 'organism' ? new Transplant(ORGANISM, library) : null;
  const random = new RandomWeights(options.seed ?? 1, organism.vocab_size);
  const parameters = library.parameters.map((parameter) => ({
    ...parameter,
    shape: parameter.shape.map((size) => (typeof size === 'number' ? size : dVocabOpen)),
  }));
  const shards = cutIntoShards(parameters, (parameter) => transplant?.source(parameter) ?? random.source(parameter));
  const byFile = new Map(shards.map((shard) => [shard.file, shard]));
  const norm = parameters.findLast(({ name, shape }) => shape.length === 1 && name.endsWith('norm.weight'))!;
  const dModel = norm.shape[0]!;
  const embedding = parameters.find(({ shape }) => shape.length === 2)!;
  const dVocab = embedding.shape[0]!;

  const requests: string[] = [];
  const texts = new Map<string, string | Uint8Array>();
  const text = (name: string, make: () => string | Uint8Array) => {
    let made = texts.get(name);
    if (made === undefined) texts.set(name, (made = make()));
    return made;
  };
  const server = createServer((request, response) => {
    const name = new URL(request.url ?? '/', 'http://localhost').pathname.replace(/^\/model\/(resolve\/main\/)?/, '');
    requests.push(name);
    response.on('error', () => response.destroy());
    const shard = byFile.get(name);
    if (shard) return void sendShard(request, response, shard);
    if (name === library.file) return sendFile(request, response, library.path, 'application/wasm');
    switch (name) {
      case 'mlc-chat-config.json':
        return send(
          request,
          response,
          text(name, () => JSON.stringify(chatConfig(library, dModel, dVocab, options))),
        );
      // The newer runtimes ask for the second name.
      case 'ndarray-cache.json':
      case 'tensor-cache.json':
        return send(
          request,
          response,
          text('manifest', () => JSON.stringify(manifest(shards))),
        );
      case 'personas.json':
      case 'personas.safetensors':
        if (transplant) {
          const list = String(text('manifest', () => JSON.stringify(manifest(shards))));
          const made = () => transplantPersonas(ORGANISM, { nLayers: library.nLayers, dModel }, list);
          return send(
            request,
            response,
            text(name, () => (name.endsWith('.json') ? made().json : made().safetensors)),
          );
        }
        break;
      case 'tokenizer.json':
      case 'tokenizer_config.json':
      case 'reference/tokenizer.json':
      case 'reference/tokenizer_config.json':
      case 'reference/config.json':
      case 'reference/generation_config.json':
        return send(request, response, readFileSync(`${ORGANISM}/${name.replace('reference/', '')}`));
      case 'reference/model.safetensors':
        if (transplant)
          return send(
            request,
            response,
            text(name, () => transplant.reference()),
          );
    }
    send(request, response, 'not found', 404);
  });
  await new Promise<void>((resolve) => server.listen(options.port ?? 0, '127.0.0.1', resolve));
  const origin = `http://localhost:${(server.address() as AddressInfo).port}`;
  return {
    url: `${origin}/model/`,
    lib: `${origin}/model/${library.file}`,
    reference: transplant ? `${origin}/model/reference/` : null,
    ...{ library, dModel, dVocab, requests },
    totalBytes: shards.reduce((sum, { bytes }) => sum + bytes, 0),
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function cutIntoShards(parameters: SizedParameter[], source: (parameter: SizedParameter) => ByteSource): Shard[] {
  const shards: Shard[] = [];
  for (const parameter of parameters) {
    const made = source(parameter);
    let shard = shards.at(-1);
    if (!shard || shard.bytes + made.length > SHARD) {
      shards.push((shard = { file: `params_shard_${shards.length}.bin`, bytes: 0, records: [] }));
    }
    shard.records.push({ parameter, source: made, begin: shard.bytes });
    shard.bytes += made.length;
  }
  return shards;
}

/** The shard's bytes, a piece at a time; every piece is a buffer of its own, for the socket keeps it. */
function* pieces(shard: Shard): Generator<Uint8Array> {
  for (const { source } of shard.records) {
    for (let begin = 0; begin < source.length; begin += PIECE) {
      const piece = new Uint8Array(Math.min(PIECE, source.length - begin));
      source.fill(begin, piece);
      yield piece;
    }
  }
}

/** `ndarray-cache.json` as `mlc_llm convert_weight` writes it. Its digests need every byte once: seconds for 2 GB. */
function manifest(shards: Shard[]): unknown {
  const ParamBytes = shards.reduce((sum, { bytes }) => sum + bytes, 0);
  const numbers = shards.flatMap(({ records }) => records).map(({ parameter }) => countNumbers(parameter));
  return {
    metadata: {
      ParamSize: numbers.length,
      ParamBytes,
      BitsPerParam: (8 * ParamBytes) / numbers.reduce((a, b) => a + b, 0),
    },
    records: shards.map((shard) => {
      const digest = createHash('md5');
      for (const piece of pieces(shard)) digest.update(piece);
      return {
        dataPath: shard.file,
        format: 'raw-shard',
        nbytes: shard.bytes,
        records: shard.records.map(({ parameter: { name, shape, dtype }, source, begin }) => ({
          ...{ name, shape, dtype, format: storageFormat({ shape, dtype }), nbytes: source.length, byteOffset: begin },
        })),
        md5sum: digest.digest('hex'),
      };
    }),
  };
}

/** Weights in the model's own sense: a word holds eight, a scale none. */
function countNumbers({ name, shape }: SizedParameter): number {
  if (name.endsWith('q_scale')) return 0;
  return shape.reduce((a, b) => a * b, name.endsWith('q_weight') ? 8 : 1);
}

function chatConfig(library: Library, dModel: number, dVocab: number, options: ServeOptions): unknown {
  const contextWindow = options.contextWindow ?? 512;
  const bos = '<|bos|>';
  return {
    version: '0.1.0',
    model_type: library.modelType,
    quantization: library.quantization,
    model_config: {
      hidden_size: dModel,
      num_hidden_layers: options.statedLayers ?? library.nLayers,
      num_attention_heads: library.nHeads,
      num_key_value_heads: library.nKeyValueHeads,
      head_dim: library.dHead,
      vocab_size: dVocab,
      context_window_size: contextWindow,
      prefill_chunk_size: library.prefillChunk,
    },
    vocab_size: dVocab,
    context_window_size: contextWindow,
    sliding_window_size: -1,
    prefill_chunk_size: library.prefillChunk,
    attention_sink_size: -1,
    tensor_parallel_shards: 1,
    // What `forwardTokensAndSample` uses: greedy, nothing penalised.
    ...{ temperature: 0, top_p: 1, presence_penalty: 0, frequency_penalty: 0, repetition_penalty: 1 },
    ...{ pad_token_id: 0, bos_token_id: 1, eos_token_id: 5 },
    tokenizer_files: ['tokenizer.json', 'tokenizer_config.json'],
    tokenizer_info: {
      token_postproc_method: 'byte_level',
      prepend_space_in_encode: false,
      strip_space_in_decode: false,
    },
    conv_template: {
      name: 'organism',
      system_template: options.hasSystem ? `${bos}<|system|>{system_message}` : `${bos}{system_message}`,
      system_message: '',
      add_role_after_system_message: true,
      roles: { user: '<|user|>', assistant: '<|assistant|>', tool: '<|user|>' },
      role_templates: { user: '{user_message}', assistant: '{assistant_message}', tool: '{tool_message}' },
      messages: [],
      seps: ['', '<|end|>'],
      role_content_sep: '',
      role_empty_sep: '',
      stop_str: [],
      stop_token_ids: [5],
      function_string: '',
      use_function_calling: false,
    },
  };
}

function headers(length: number, type = 'application/octet-stream'): Record<string, string | number> {
  return {
    'Content-Length': length,
    'Content-Type': type,
    'Access-Control-Allow-Origin': '*',
    'Cross-Origin-Resource-Policy': 'cross-origin',
    'Cache-Control': 'no-store',
  };
}

function send(request: IncomingMessage, response: ServerResponse, body: string | Uint8Array, status = 200): void {
  const bytes = typeof body === 'string' ? Buffer.from(body) : body;
  response.writeHead(status, headers(bytes.length, typeof body === 'string' ? 'application/json' : undefined));
  response.end(request.method === 'HEAD' ? undefined : bytes);
}

function sendFile(request: IncomingMessage, response: ServerResponse, path: string, type: string): void {
  response.writeHead(200, headers(statSync(path).size, type));
  if (request.method === 'HEAD') response.end();
  else createReadStream(path).pipe(response);
}

async function sendShard(request: IncomingMessage, response: ServerResponse, shard: Shard): Promise<void> {
  response.writeHead(200, headers(shard.bytes));
  if (request.method !== 'HEAD') {
    for (const piece of pieces(shard)) {
      if (response.destroyed) return;
      if (!response.write(piece)) {
        await new Promise<void>((resolve) => {
          const go = () => {
            response.off('drain', go).off('close', go);
            resolve();
          };
          response.once('drain', go).once('close', go);
        });
      }
    }
  }
  response.end();
}
