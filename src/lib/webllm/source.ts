/** A model for WebLLM from its folder and its library: what we read of them, and the engine on top. */
import * as v from 'valibot';
import { ChatTokenizer } from '../chat/tokenizer';
import { PersonascopeError } from '../errors';
import { sha256 } from '../interp/sha256';
import { parseUntrusted } from '../interp/untrusted-json';
import { readLimited } from '../net/download';
import { mirrorUrl } from '../net/mirror';
import { parseChatConfig, toJinja } from './chat-config';
import { WebLlmEngine, type OpenOptions as EngineOptions } from './engine';
import { textLimits } from './manifest';
import type { OpenStep } from './runtime';
import { manifestName, type WebLlmSource } from './store';

export interface OpenOptions extends Pick<EngineOptions, 'id' | 'label' | 'gpuName' | 'isSoftwareGpu' | 'signal'> {
  /** Its folder ends in a slash. */
  source: WebLlmSource;
  /** A server that has the files, see `net/mirror.ts`. */
  mirror?: string | undefined;
  /** As the catalogue has it; default: what the folder says. */
  nParameters?: number;
  /** At most so many tokens. */
  contextLength?: number;
  /** Bytes so far of all bytes of that step. */
  onStep?: (step: OpenStep, loadedBytes: number, totalBytes: number) => void;
}

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
  const { signal } = options;
  const config = parseChatConfig(await readJson(file('mlc-chat-config.json'), textLimits.config, signal));
  const tokenizerJson = await readJson(file('tokenizer.json'), textLimits.tokenizer, signal);
  const tokenizerConfig = (await readOptional(file('tokenizer_config.json'), mirror, signal)) ?? {};
  const tokens = addedTokens(tokenizerJson);
  const tokenizer = new ChatTokenizer({
    tokenizer: tokenizerJson,
    tokenizerConfig,
    chatTemplate: toJinja(config.conversation, (id) => tokens.get(id)),
    eosTokenIds: config.conversation.stop_token_ids!,
  });
  const manifest = await readJson(file(manifestName(runtime)), textLimits.manifest, signal);
  const { metadata } = v.is(manifestSchema, manifest) ? manifest : {};
  const { ParamBytes = 0, BitsPerParam = 0 } = metadata ?? {};
  const engine = await WebLlmEngine.open({
    ...options,
    ...{ url, lib, runtime, config, tokenizer },
    contextLength: config.slidingWindow > 0 ? -1 : Math.min(config.contextLength, contextLength, MAX_CONTEXT),
    nParameters: options.nParameters ?? (BitsPerParam > 0 ? Math.round((ParamBytes * 8) / BitsPerParam) : 0),
    onStep: (step, fraction) => onStep?.(step, fraction * ParamBytes, step === 'weights' ? ParamBytes : 0),
    libraryDigest: await digestOf(lib, signal),
  });
  return { engine, tokenizer };
}

/** SHA-256 of the list of weight files, which has their digests: what a persona space names its model by. */
export function manifestDigest({ url, runtime }: WebLlmSource, signal?: AbortSignal): Promise<string> {
  return digestOf(new URL(manifestName(runtime), url).href, signal);
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
async function read(url: string, signal?: AbortSignal): Promise<Response> {
  const kept = await caches.match(url);
  if (kept) return kept;
  const name = nameOf(url);
  let response: Response;
  try {
    response = await fetch(url, { signal: signal ?? null });
  } catch (cause) {
    throw notFetched(name, cause, signal);
  }
  if (response.ok) return response;
  const nextStep = "Check the address of the model's folder.";
  throw new PersonascopeError('DownloadFailed', `${name}: the server answered ${response.status}.`, nextStep);
}

async function readJson(url: string, limit: number, signal?: AbortSignal): Promise<unknown> {
  return parseJson(await read(url, signal), nameOf(url), limit, signal);
}

/** Kept with the model's other files, so that it is the same without a network. @returns null where there is none */
async function readOptional(url: string, mirror: string | undefined, signal?: AbortSignal): Promise<unknown> {
  const kept = await caches.match(url);
  if (kept) return parseJson(kept, nameOf(url), textLimits.config, signal);
  try {
    const response = await fetch(mirrorUrl(url, mirror), { signal: signal ?? null });
    if (!response.ok || response.headers.get('content-type')?.startsWith('text/html')) return null;
    const copy = response.clone();
    const json = await parseJson(response, nameOf(url), textLimits.config, signal);
    await (await caches.open('webllm/model')).put(url, copy);
    return json;
  } catch {
    signal?.throwIfAborted();
    return null;
  }
}

/** @throws PersonascopeError `BadModel` for what is too long, nested too deep or no JSON; `DownloadFailed`, `Aborted` */
async function parseJson(response: Response, name: string, limit: number, signal?: AbortSignal): Promise<unknown> {
  const refuse = (reason: string, options?: ErrorOptions) =>
    new PersonascopeError('BadModel', `${name} ${reason}.`, 'Choose another model.', options);
  let text: string;
  try {
    text = await (await readLimited(response, name, limit)).text();
  } catch (cause) {
    throw cause instanceof PersonascopeError ? cause : notFetched(name, cause, signal);
  }
  return parseUntrusted(text, { maxCharacters: limit, refuse });
}

function notFetched(name: string, cause: unknown, signal?: AbortSignal): PersonascopeError {
  if (signal?.aborted) return new PersonascopeError('Aborted', 'Loading was cancelled.', '', { cause });
  const nextStep = 'Check the connection and try again.';
  return new PersonascopeError('DownloadFailed', `${name} could not be fetched.`, nextStep, { cause });
}

function nameOf(url: string): string {
  return url.slice(url.lastIndexOf('/') + 1);
}

async function digestOf(url: string, signal?: AbortSignal): Promise<string> {
  return sha256(await (await read(url, signal)).arrayBuffer());
}
