/** A model for WebLLM from its folder and its library: what we read of them, and the engine on top. */
import * as v from 'valibot';
import { ChatTokenizer } from '../chat/tokenizer';
import { PersonascopeError } from '../errors';
import { sha256 } from '../formats/sha256';
import { parseUntrusted } from '../formats/untrusted-json';
import { downloadBytes, downloadText, type DownloadOptions } from '../downloads/download';
import { mirrorUrl } from '../downloads/mirror';
import { parseChatConfig, toJinja } from './chat-config';
import { WebLlmEngine, type OpenOptions as EngineOptions } from './engine';
import { textLimits } from '../downloads/manifest';
import type { OpenStep } from './runtime';
import { manifestName, type WebLlmSource } from '../downloads/store';

type Network = Pick<DownloadOptions, 'signal' | 'onSilence'>;

export interface OpenOptions extends Network, Pick<EngineOptions, 'id' | 'label' | 'gpuName' | 'isSoftwareGpu'> {
  /** Its folder ends in a slash. */
  source: WebLlmSource;
  /** A server that has the files, see `downloads/mirror.ts`. */
  mirror?: string | undefined;
  /** As the catalogue has it; default: what the folder says. */
  nParameters?: number;
  /** At most so many tokens. */
  contextLength?: number;
  /** Bytes so far of all bytes of that step. */
  onStep?: (step: OpenStep, loadedBytes: number, totalBytes: number) => void;
}

/** Bytes of a file that is read whole: a library, a tokenizer, a list of weight files. */
const MAX_BYTES = 2 ** 28;
/** Tokens: a longer cache takes memory that weights need. */
const MAX_CONTEXT = 4096;

const manifestSchema = v.looseObject({
  metadata: v.optional(v.looseObject({ ParamBytes: v.optional(v.number()), BitsPerParam: v.optional(v.number()) })),
});

/** @throws PersonascopeError `BadModel`, `DownloadFailed`, and what opening the engine throws */
export async function openWebLlm({
  source,
  mirror,
  contextLength = MAX_CONTEXT,
  onStep,
  ...options
}: OpenOptions): Promise<{ engine: WebLlmEngine; tokenizer: ChatTokenizer }> {
  const { url, lib, runtime } = source;
  const file = (name: string) => new URL(name, url).href;
  const { signal, onSilence } = options;
  const network = { ...(signal && { signal }), ...(onSilence && { onSilence }) };
  const config = parseChatConfig(await readJson(file('mlc-chat-config.json'), textLimits.config, network));
  const tokenizerJson = await readJson(file('tokenizer.json'), textLimits.tokenizer, network);
  const tokenizerConfig = (await readOptional(file('tokenizer_config.json'), mirror, network)) ?? {};
  const tokens = addedTokens(tokenizerJson);
  const tokenizer = new ChatTokenizer({
    tokenizer: tokenizerJson,
    tokenizerConfig,
    chatTemplate: toJinja(config.conversation, (id) => tokens.get(id)),
    eosTokenIds: config.conversation.stop_token_ids!,
  });
  const manifest = await readJson(file(manifestName(runtime)), textLimits.manifest, network);
  const { metadata } = v.is(manifestSchema, manifest) ? manifest : {};
  const { ParamBytes = 0, BitsPerParam = 0 } = metadata ?? {};
  const engine = await WebLlmEngine.open({
    ...options,
    ...{ url, lib, runtime, config, tokenizer },
    contextLength: config.slidingWindow > 0 ? -1 : Math.min(config.contextLength, contextLength, MAX_CONTEXT),
    nParameters: options.nParameters ?? (BitsPerParam > 0 ? Math.round((ParamBytes * 8) / BitsPerParam) : 0),
    onStep: (step, fraction) => onStep?.(step, fraction * ParamBytes, step === 'weights' ? ParamBytes : 0),
    libraryDigest: await digestOf(lib, network),
  });
  return { engine, tokenizer };
}

/** SHA-256 of the list of weight files, which has their digests: what a persona space names its model by. */
export function manifestDigest({ url, runtime }: WebLlmSource, options: Network = {}): Promise<string> {
  return digestOf(new URL(manifestName(runtime), url).href, options);
}

/** id -> text of the tokens that stand beside the vocabulary. */
function addedTokens(tokenizerJson: unknown): Map<number, string> {
  const schema = v.looseObject({
    added_tokens: v.optional(v.array(v.looseObject({ id: v.number(), content: v.string() })), []),
  });
  const parsed = v.safeParse(schema, tokenizerJson);
  return new Map(parsed.success ? parsed.output.added_tokens.map(({ id, content }) => [id, content]) : []);
}

/** From where downloads are kept, else from the network. */
async function read(url: string, limit: number, options: Network): Promise<Uint8Array<ArrayBuffer>> {
  const kept = await caches.match(url);
  return kept ? new Uint8Array(await kept.arrayBuffer()) : downloadBytes(new URL(url), limit, options);
}

async function readJson(url: string, limit: number, options: Network): Promise<unknown> {
  return parseJson(new TextDecoder().decode(await read(url, limit, options)), nameOf(url), limit);
}

/** Kept with the model's other files, so that it is the same without a network. @returns null where there is none */
async function readOptional(url: string, mirror: string | undefined, options: Network): Promise<unknown> {
  const kept = await caches.match(url);
  if (kept) return parseJson(await kept.text(), nameOf(url), textLimits.config);
  try {
    const once = { ...options, attempts: 1, isOptional: true } as const;
    const text = await downloadText(mirrorUrl(url, mirror), textLimits.config, once);
    if (text === null) return null;
    const json = parseJson(text, nameOf(url), textLimits.config);
    await (await caches.open('webllm/model')).put(url, new Response(text));
    return json;
  } catch {
    options.signal?.throwIfAborted();
    return null;
  }
}

/** @throws PersonascopeError `BadModel` for what is too long, nested too deep or no JSON */
function parseJson(text: string, name: string, limit: number): unknown {
  const refuse = (reason: string, options?: ErrorOptions) =>
    new PersonascopeError('BadModel', `${name} ${reason}.`, 'Choose another model.', options);
  return parseUntrusted(text, { maxCharacters: limit, refuse });
}

function nameOf(url: string): string {
  return url.slice(url.lastIndexOf('/') + 1);
}

async function digestOf(url: string, options: Network): Promise<string> {
  return sha256(await read(url, MAX_BYTES, options));
}
