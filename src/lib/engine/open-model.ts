/** From what was asked for to an engine that can answer, with what is known of its personas. */
import type { ChatTokenizer } from '../chat/tokenizer';
import { PersonascopeError } from '../errors';
import { describeAdapter, requestAdapter, type Gpu } from '../gpu/device';
import type { PersonaSpace } from '../interp/persona-space';
import { VectorBook } from '../interp/vector-book';
import { LlamaEngine } from '../llama/engine';
import { openModelFolder } from '../llama/source';
import { manifestDigest, openWebLlm, type WebLlmSource } from '../webllm/source';
import { runtimes } from '../webllm/runtime';
import type { WebLlmEngine } from '../webllm/engine';
import { embeddedModels, embeddedModelUrl } from './catalogue';
import type { Engine, ModelSource } from './engine';
import { downloadPersonaSpace } from './persona-download';
import type { PersonaFiles } from './persona-files';
import type { LoadProgress } from './protocol';

export type ReportProgress = (phase: LoadProgress['phase'], loadedBytes?: number, totalBytes?: number) => void;

export interface Opened<E extends Engine = Engine> {
  engine: E;
  book: VectorBook;
  tokenizer: ChatTokenizer;
  space: PersonaSpace | null;
  /** The space came with the model. */
  shipsSpace: boolean;
  /** The model's folder. */
  url: string;
  /** What its weights are known by; worked out once. */
  digest: () => Promise<string>;
}

interface WgslDescription {
  engine: 'wgsl';
  id: string;
  label: string;
  url: string;
}

export interface WebLlmDescription {
  engine: 'web-llm';
  id: string;
  label: string;
  source: WebLlmSource;
}

export async function openWgsl(
  gpu: Gpu,
  { url, id, label }: WgslDescription,
  signal: AbortSignal,
  progress: ReportProgress,
): Promise<Opened> {
  progress('config');
  const onProgress = (loaded: number, total: number) => progress('weights', loaded, total);
  const files = await openModelFolder(url, { signal, onProgress });
  const digest = once(() => files.digest());
  const personas = await downloadPersonaSpace(url, digest, signal);
  progress('compile', files.totalBytes, files.totalBytes);
  const book = createBook(files.config, personas);
  const space = personas?.space ?? null;
  const engine = await LlamaEngine.open({ gpu, files, id, label, targetLayer: space?.targetLayer, signal });
  return { engine, book, tokenizer: files.tokenizer, space, shipsSpace: space !== null, url, digest };
}

export async function openWebLlmModel(
  { id, label, source }: WebLlmDescription,
  signal: AbortSignal,
  progress: ReportProgress,
): Promise<Opened<WebLlmEngine>> {
  const { name, isSoftware } = describeAdapter(await requestAdapter());
  progress('config');
  const { engine, tokenizer } = await openWebLlm({
    ...{ id, label, source, signal },
    ...{ gpuName: name, isSoftwareGpu: isSoftware },
    onStep: (phase, fraction) => progress(phase, fraction, 1),
  });
  try {
    const isReadable = engine.info.taps === 'verified';
    const digest = once(() => manifestDigest(source));
    const personas = isReadable ? await downloadPersonaSpace(source.url, digest, signal) : null;
    const space = personas?.space ?? null;
    if (space) engine.info.targetLayer = space.targetLayer;
    const book = createBook(engine.info, personas);
    return { engine, book, tokenizer, space, shipsSpace: space !== null, url: source.url, digest };
  } catch (error) {
    await engine.destroy();
    throw error;
  }
}

export function createBook(
  { nLayers, dModel }: { nLayers: number; dModel: number },
  personas: PersonaFiles | null,
): VectorBook {
  return new VectorBook({ nLayers, dModel, space: personas?.space ?? null, tensors: personas?.tensors ?? new Map() });
}

/** Asked again only if it failed. */
function once(work: () => Promise<string>): () => Promise<string> {
  let known: Promise<string> | null = null;
  return () => {
    known ??= work().catch((cause) => {
      known = null;
      throw cause;
    });
    return known;
  };
}

/** @throws PersonascopeError `BadRequest` naming the field */
export function describeSource(model: string | ModelSource, baseUrl: string): WgslDescription | WebLlmDescription {
  if (typeof model === 'string') {
    const known = embeddedModels.find(({ id }) => id === model);
    if (known) return { engine: 'wgsl', id: known.id, label: known.label, url: embeddedModelUrl(known.id, baseUrl) };
    const ids = embeddedModels.map(({ id }) => id).join(', ');
    throw bad(`model: "${model}" is not known; known are ${ids}.`, 'Give one of these, or a source.');
  }
  if (model?.engine === 'web-llm') return describeWebLlm(model, baseUrl);
  if (model?.engine !== 'wgsl' || typeof model.url !== 'string') {
    throw bad(
      "model: must be a known id, { engine: 'wgsl', url } with the address of a folder, or { engine: 'web-llm', url, lib }.",
    );
  }
  return { engine: 'wgsl', id: model.url, label: lastPart(model.url), url: model.url };
}

function describeWebLlm(
  { url, lib, runtime = runtimes.at(-1)! }: Extract<ModelSource, { engine: 'web-llm' }>,
  baseUrl: string,
): WebLlmDescription {
  const version = runtimes.find((known) => known === runtime);
  if (!version) throw bad(`model.runtime: "${runtime}" is not here; known are ${runtimes.join(', ')}.`);
  const folder = resolve(url, 'url', baseUrl);
  if (!folder.endsWith('/')) throw bad('model.url: must be a folder, with a slash at its end.');
  const source = { url: folder, lib: resolve(lib, 'lib', baseUrl), runtime: version };
  return { engine: 'web-llm', id: folder, label: lastPart(folder.replace(/resolve\/[^/]+\/$/, '')), source };
}

function resolve(url: unknown, field: string, baseUrl: string): string {
  if (typeof url === 'string' && URL.canParse(url, baseUrl)) {
    const address = new URL(url, baseUrl);
    if (['http:', 'https:'].includes(address.protocol)) return address.href;
  }
  throw bad(`model.${field}: must be a http or https address.`);
}

function lastPart(url: string): string {
  return url.replace(/\/+$/, '').split('/').pop() || url;
}

function bad(message: string, nextStep = ''): PersonascopeError {
  return new PersonascopeError('BadRequest', message, nextStep);
}
