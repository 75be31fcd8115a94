/** A model in Hugging Face layout, from any URL that allows it. Whatever can be refused is refused before weights are fetched. */
import * as v from 'valibot';
import { PersonascopeError } from '../errors';
import { parseConfig, type LlamaConfig } from './config';
import { requireBuffers } from '../gpu/buffer-limits';
import { leastBuffers, weightBuffers } from './buffers';
import type { HeaderEntry, TensorEntry } from '../formats/safetensors';
import { sha256 } from '../formats/sha256';
import { badModel, downloadJson, downloadText, type DownloadOptions } from '../downloads/download';
import { resolveFolder } from '../downloads/folder';
import { downloadShard, type Shard } from './shard';
import { checkTensors, expectedTensors, spellings } from './tensors';
import { selectTemplate } from '../chat/chat-template';
import { ChatTokenizer } from '../chat/tokenizer';

export interface ModelFiles {
  config: LlamaConfig;
  tokenizer: ChatTokenizer;
  /** Every tensor the forward pass reads, and no other. */
  tensors: Map<string, TensorEntry>;
  /** Of all weight files. */
  totalBytes: number;
  /** Bytes of one tensor, as stored; a view into the downloaded file. */
  read(entry: TensorEntry, signal?: AbortSignal): Promise<Uint8Array<ArrayBuffer>>;
  /** SHA-256 of `model.safetensors`, hexadecimal. Of several files: of the lines `sha256sum` prints for them, in the index's order. */
  digest(): Promise<string>;
}

export interface OpenOptions extends DownloadOptions {
  /** Bytes of weights. The total may still grow while the later of several files are unknown. */
  onProgress?: (loaded: number, total: number) => void;
  /** Bytes of the largest buffer that the GPU gives; default: not checked. */
  maxBufferBytes?: number;
}

/** Bytes. */
const limits = { config: 2 ** 20, template: 2 ** 20, tokenizerConfig: 2 ** 22, index: 2 ** 24, tokenizer: 2 ** 26 };

const indexSchema = v.looseObject({
  metadata: v.nullish(v.looseObject({ total_size: v.nullish(v.pipe(v.number(), v.integer(), v.minValue(0))) })),
  weight_map: v.record(v.string(), v.string()),
});

/**
 * Reads a model folder: its config first, then its tokenizer, then its weights.
 * @param url see `folderAddress`
 * @throws PersonascopeError `NotSupported` (also for what is larger than the GPU's buffers), `BadModel`, `DownloadFailed`, `Aborted`, `OutOfMemory`, or `BadRequest` for an unusable address
 */
export async function openModelFolder(url: string, options: OpenOptions = {}): Promise<ModelFiles> {
  const fileUrl = resolveFolder(url);
  const optional = { ...options, isOptional: true } as const;
  const configJson = await downloadJson(fileUrl('config.json'), limits.config, options);
  parseConfig(configJson);

  const [generation, tokenizerJson, tokenizerConfig, templateFile] = await Promise.all([
    downloadJson(fileUrl('generation_config.json'), limits.config, optional),
    downloadJson(fileUrl('tokenizer.json'), limits.tokenizer, options),
    downloadJson(fileUrl('tokenizer_config.json'), limits.tokenizerConfig, options),
    downloadText(fileUrl('chat_template.jinja'), limits.template, optional),
  ]);
  const config = parseConfig(configJson, generation);
  requireBuffers(leastBuffers(config), options.maxBufferBytes ?? Infinity);
  const tokenizer = openTokenizer(tokenizerJson, tokenizerConfig, config, templateFile ?? undefined);

  const single = await downloadShard(fileUrl('model.safetensors'), {
    ...options,
    check: (tensors) => checkShard(tensors, config, options),
  });
  const shards = single ? new Map([['model.safetensors', single]]) : await downloadShards(fileUrl, config, options);
  return {
    config,
    tokenizer,
    tensors: new Map([...shards.values()].flatMap(({ tensors }) => [...tensors])),
    totalBytes: sum([...shards.values()].map(({ bytes }) => bytes.length)),
    read: async (entry, signal) => {
      if (signal?.aborted) throw new PersonascopeError('Aborted', `Reading ${entry.name} was cancelled.`);
      return shards.get(entry.file)!.bytes.subarray(entry.begin, entry.end);
    },
    digest: () => digestShards(shards),
  };
}

/** @throws PersonascopeError `NotSupported` for a model without a chat template: nothing could be said to it */
function openTokenizer(
  tokenizer: unknown,
  tokenizerConfig: unknown,
  config: LlamaConfig,
  chatTemplate: string | undefined,
): ChatTokenizer {
  if (typeof tokenizerConfig !== 'object' || tokenizerConfig === null) {
    throw badModel('tokenizer_config.json', 'is not an object');
  }
  if (selectTemplate(tokenizerConfig, chatTemplate) === null) {
    const message = 'The folder has no chat template: no chat_template.jinja, and none in tokenizer_config.json.';
    throw new PersonascopeError('NotSupported', message, 'Choose a model that was trained to chat.');
  }
  const opened = new ChatTokenizer({ tokenizer, tokenizerConfig, chatTemplate, eosTokenIds: config.eosTokenIds });
  if (opened.size > config.dVocab) {
    const reason = `has ids up to ${opened.size - 1}, beyond vocab_size ${config.dVocab} of config.json`;
    throw badModel('tokenizer.json', reason);
  }
  return opened;
}

/** @param only what of it this file must hold. Default: all */
function checkShard(
  found: ReadonlyMap<string, HeaderEntry>,
  config: LlamaConfig,
  { maxBufferBytes = Infinity }: OpenOptions,
  only?: ReadonlySet<string>,
): Map<string, TensorEntry> {
  const tensors = checkTensors(found, config, only);
  requireBuffers(weightBuffers(tensors.values()), maxBufferBytes);
  return tensors;
}

async function downloadShards(
  fileUrl: (name: string) => URL,
  config: LlamaConfig,
  options: OpenOptions,
): Promise<Map<string, Shard>> {
  const index = 'model.safetensors.index.json';
  const json = await downloadJson(fileUrl(index), limits.index, { ...options, isOptional: true });
  if (json === undefined) throw badModel('The folder', `has neither model.safetensors nor ${index}`);
  const parsed = v.safeParse(indexSchema, json);
  if (!parsed.success) throw badModel(index, `${v.getDotPath(parsed.issues[0]) ?? ''}: ${parsed.issues[0].message}`);
  const names = groupByFile(parsed.output.weight_map, config, index);

  const shards = new Map<string, Shard>();
  const declared = parsed.output.metadata?.total_size ?? 0;
  for (const [file, wanted] of names) {
    const before = sum([...shards.values()].map(({ bytes }) => bytes.length));
    const shard = await downloadShard(fileUrl(file), {
      ...options,
      check: (tensors) => checkShard(tensors, config, options, wanted),
      onProgress: (loaded, total) => options.onProgress?.(before + loaded, Math.max(declared, before + total)),
    });
    if (!shard) throw badModel(file, `is named in ${index}, and the folder does not have it`);
    shards.set(file, shard);
  }
  return shards;
}

/** Which tensors each file must hold, of those the forward pass reads. */
function groupByFile(weightMap: Record<string, string>, config: LlamaConfig, index: string): Map<string, Set<string>> {
  const names = new Map<string, Set<string>>();
  for (const name of expectedTensors(config).keys()) {
    const spelling = spellings(name).find((spelling) => Object.hasOwn(weightMap, spelling));
    if (spelling === undefined) throw badModel(index, `does not say where ${name} is`);
    const file = weightMap[spelling]!;
    // A name, not a path: files outside the folder are none of the model's.
    if (!/^[\w-][\w.-]{0,200}$/.test(file)) throw badModel(index, `weight_map.${name} is not a file name`);
    names.set(file, (names.get(file) ?? new Set()).add(name));
  }
  return new Map([...names].sort(([a], [b]) => (a < b ? -1 : 1)));
}

async function digestShards(shards: ReadonlyMap<string, Shard>): Promise<string> {
  const digests: string[] = [];
  for (const { bytes } of shards.values()) digests.push(await sha256(bytes));
  if (digests.length === 1) return digests[0]!;
  const lines = [...shards.keys()].map((file, i) => `${digests[i]}  ${file}\n`);
  return sha256(new TextEncoder().encode(lines.join('')));
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
