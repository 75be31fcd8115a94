/** From what was asked for to an engine that can answer, with what is known of its personas. */
import type { ChatTokenizer } from '../chat/tokenizer';
import { PersonascopeError, toErrorData, type ErrorData } from '../errors';
import { largestBuffer } from '../gpu/buffer-limits';
import { describeAdapter, requestAdapter, type Gpu } from '../gpu/device';
import type { PersonaSpace } from '../personas/persona-space';
import type { NamedTensors } from '../personas/persona-tensors';
import { VectorBook } from '../personas/vector-book';
import type { DownloadOptions } from '../downloads/download';
import { folderAddress, folderLabel } from '../downloads/folder';
import { mirrorUrl } from '../downloads/mirror';
import { LlamaEngine } from '../llama/engine';
import { openModelFolder } from '../llama/source';
import { manifestDigest, openWebLlm } from '../webllm/source';
import type { WebLlmEngine } from '../webllm/engine';
import { embeddedModels, embeddedModelUrl } from '../downloads/embedded-models';
import type { Engine, ModelSource } from '../engine/engine';
import type { ModelDownload } from './model-downloads';
import { downloadPersonaSpace } from './persona-download';
import type { PersonaFiles } from '../personas/persona-files';
import type { LoadProgress } from './protocol';

export type ReportProgress = (phase: LoadProgress['phase'], loadedBytes?: number, totalBytes?: number) => void;

/** How a load asks for files, and when it is to stop. */
export type Network = Pick<DownloadOptions, 'onSilence'> & { signal: AbortSignal };

export interface Opened<E extends Engine = Engine> {
  engine: E;
  book: VectorBook;
  tokenizer: ChatTokenizer;
  space: PersonaSpace | null;
  /** The space's; empty without one. */
  tensors: NamedTensors;
  /** The space came with the model. */
  shipsSpace: boolean;
  /** Why it could not be learned whether the model comes with one. */
  personaTrouble: ErrorData | null;
  /** The model's folder. */
  url: string;
  /** What its weights are known by; worked out once. */
  digest: () => Promise<string>;
}

interface WgslDescription {
  id: string;
  label: string;
  url: string;
}

export async function openWgsl(
  gpu: Gpu,
  { url, id, label }: WgslDescription,
  options: Network,
  progress: ReportProgress,
): Promise<Opened> {
  const { signal } = options;
  progress('config');
  const onProgress = (loaded: number, total: number) => progress('weights', loaded, total);
  const files = await openModelFolder(url, {
    ...options,
    onProgress,
    maxBufferBytes: largestBuffer(gpu.device.limits),
  });
  const digest = once(() => files.digest());
  const found = await findPersonas(() => downloadPersonaSpace(url, digest, options));
  const { personas } = found;
  progress('compile', files.totalBytes, files.totalBytes);
  const book = createBook(files.config, personas);
  const targetLayer = personas?.space.targetLayer;
  const engine = await LlamaEngine.open({ gpu, files, id, label, targetLayer, signal });
  const { tokenizer } = files;
  return { engine, book, tokenizer, ...spaceOf(found), url, digest };
}

/** All its files are there. */
export async function openWebLlmModel(
  { id, label, source, details, store }: ModelDownload,
  mirror: string | undefined,
  options: Network,
  progress: ReportProgress,
): Promise<Opened<WebLlmEngine>> {
  const { signal, onSilence } = options;
  const { name, isSoftware } = await describeAdapter(await requestAdapter());
  const local = { ...source, url: store().folder };
  progress('config');
  const { engine, tokenizer } = await openWebLlm({
    ...{ id, label, source: local, mirror, signal, onSilence },
    ...{ gpuName: name, isSoftwareGpu: isSoftware },
    ...(details ? { nParameters: details.nParameters, contextLength: details.contextLength } : {}),
    onStep: progress,
  });
  try {
    const isReadable = engine.info.taps === 'verified';
    const digest = once(() => manifestDigest(local));
    const found = await findPersonas(async () =>
      isReadable ? downloadPersonaSpace(mirrorUrl(local.url, mirror).href, digest, { ...options, attempts: 1 }) : null,
    );
    const { personas } = found;
    if (personas) engine.info.targetLayer = personas.space.targetLayer;
    const book = createBook(engine.info, personas);
    return { engine, book, tokenizer, ...spaceOf(found), url: source.url, digest };
  } catch (error) {
    await engine.destroy();
    throw error;
  }
}

interface Found {
  personas: PersonaFiles | null;
  personaTrouble: ErrorData | null;
}

/** A model opens without its persona space where only that can't be fetched, and says so. */
async function findPersonas(download: () => Promise<PersonaFiles | null>): Promise<Found> {
  try {
    return { personas: await download(), personaTrouble: null };
  } catch (error) {
    if (!(error instanceof PersonascopeError) || error.name !== 'DownloadFailed') throw error;
    const data = toErrorData(error);
    const message = `The model's persona vectors could not be fetched; it answers without them. ${data.message}`;
    return { personas: null, personaTrouble: { ...data, message } };
  }
}

type SpaceFields = Pick<Opened, 'space' | 'tensors' | 'shipsSpace' | 'personaTrouble'>;

function spaceOf({ personas, personaTrouble }: Found): SpaceFields {
  const { space = null, tensors = new Map() } = personas ?? {};
  return { space, tensors, shipsSpace: personas !== null, personaTrouble };
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
export function describeFolder(model: string | ModelSource, baseUrl: string): WgslDescription {
  if (typeof model === 'string') {
    const known = embeddedModels.find(({ id }) => id === model);
    if (known) return { id: known.id, label: known.label, url: embeddedModelUrl(known.id, baseUrl) };
    const nextStep = 'Give one of those that models() lists, or a source.';
    throw new PersonascopeError('BadRequest', `model: "${model}" is not known.`, nextStep);
  }
  if (model?.engine !== 'wgsl' || typeof model.url !== 'string') {
    const forms = "{ engine: 'wgsl', url } with the address of a folder, or { engine: 'web-llm', url, lib }";
    throw new PersonascopeError('BadRequest', `model: must be a known id, ${forms}.`);
  }
  // Relative to the page, not to the worker that fetches it.
  const folder = folderAddress(model.url, baseUrl);
  return { id: model.url, label: folderLabel(folder), url: folder.href };
}
