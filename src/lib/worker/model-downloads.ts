/** Models of WebLLM: which build runs here, where it comes from, how much of it is stored. */
import { PersonascopeError } from '../errors';
import { requireBuffers } from '../gpu/buffer-limits';
import { requestAdapter } from '../gpu/device';
import { provideCaches } from '../storage/caches';
import { freeBytes } from '../storage/room';
import { parseUntrusted } from '../formats/untrusted-json';
import {
  catalogue,
  chooseBuild,
  findModel,
  runtimes,
  type CatalogueBuild,
  type CatalogueModel,
} from '../downloads/mlc-catalogue';
import { needsF16 } from '../webllm/chat-config';
import type { DownloadOptions } from '../downloads/download';
import { largestWebLlmBuffer, requireDeviceLimits } from '../webllm/device-limits';
import { textLimits } from '../downloads/manifest';
import { ModelStore, type DownloadState, type WebLlmSource } from '../downloads/store';
import type { CatalogueDetails, DownloadSummary, ModelSource, ModelSummary } from '../engine/engine';

export interface ModelDownload {
  id: string;
  label: string;
  source: WebLlmSource;
  /** Null for a model given by its addresses. */
  details: CatalogueDetails | null;
  /** Where its files are kept. @param mirror a server to fetch them from, see `downloads/mirror.ts` */
  store(mirror?: string, onSilence?: DownloadOptions['onSilence']): ModelStore;
}

/** The catalogue, with what of it is stored. */
export async function listCatalogue(): Promise<ModelSummary[]> {
  await provideCaches();
  const hasF16 = await hasShaderF16();
  return Promise.all(
    catalogue.map(async (model): Promise<ModelSummary> => {
      const build = chooseBuild(model, hasF16) ?? model.builds[0]!;
      const { id, label } = model;
      const download = await stateOf(new ModelStore(sourceOf(model, build)));
      const details = describeBuild(model, build, hasF16);
      return { id, label, engine: 'web-llm', bytes: build.downloadBytes, download, details };
    }),
  );
}

/**
 * Null for a model that is not WebLLM's.
 * @throws PersonascopeError `NotSupported` if the GPU lacks what every build of it needs, `BadRequest` for an unknown runtime
 */
export async function findDownload(model: string | ModelSource): Promise<ModelDownload | null> {
  if (typeof model === 'string') return findInCatalogue(model);
  if (model?.engine !== 'web-llm') return null;
  const { url, lib, runtime = runtimes.at(-1)! } = model;
  if (typeof url !== 'string' || typeof lib !== 'string') {
    throw new PersonascopeError('BadRequest', 'model: url and lib must be addresses.', 'Give both as text.');
  }
  const known = runtimes.find((version) => version === runtime);
  if (!known) {
    const nextStep = `Give one of ${runtimes.join(', ')}.`;
    throw new PersonascopeError('BadRequest', `model.runtime: WebLLM "${runtime}" is not on this page.`, nextStep);
  }
  const label =
    url
      .replace(/\/(resolve\/[^/]+\/?)?$/, '')
      .split('/')
      .pop() || url;
  return open({ id: url, label, source: { url, lib, runtime: known }, details: null });
}

/**
 * Refuses, before anything large is fetched, a model that this GPU can't run.
 * @throws PersonascopeError `NotSupported`, `WebGpuUnavailable`, and what reading its config and manifest throws
 */
export async function requireFeatures({ label }: ModelDownload, store: ModelStore, signal: AbortSignal): Promise<void> {
  const { features, limits } = await requestAdapter();
  const config = parseJson(await store.readConfig(signal));
  if (needsF16(config) && !features.has('shader-f16')) {
    const message = `${label}: this build computes in f16, and this GPU does not offer shader-f16.`;
    throw new PersonascopeError('NotSupported', message, 'Choose its f32 build (q4f32 or q0f32).');
  }
  requireDeviceLimits(limits);
  requireBuffers(await store.readNeeds(signal), largestWebLlmBuffer(limits));
}

/** What loading would fetch; null if nothing. */
export async function planDownload(
  model: string | ModelSource,
  mirror: string | undefined,
  signal: AbortSignal,
  onSilence?: DownloadOptions['onSilence'],
): Promise<DownloadSummary | null> {
  const download = await findDownload(model);
  if (!download) return null;
  const store = download.store(mirror, onSilence);
  await requireFeatures(download, store, signal);
  if ((await store.state()) === 'complete') return null;
  const { totalBytes, presentBytes, host, hosts } = await store.plan(signal);
  const { id, label, details, source } = download;
  return {
    ...{ id, label, details, totalBytes, presentBytes, host, hosts },
    freeBytes: await freeBytes(),
    isMirror: host !== new URL(source.url).host,
  };
}

function parseJson(text: string): unknown {
  const refuse = (reason: string, options?: ErrorOptions) =>
    new PersonascopeError('BadModel', `mlc-chat-config.json ${reason}.`, 'Choose another model.', options);
  return parseUntrusted(text, { maxCharacters: textLimits.config, refuse });
}

async function findInCatalogue(id: string): Promise<ModelDownload | null> {
  const found = findModel(id);
  if (!found) return null;
  const { model } = found;
  const hasF16 = await hasShaderF16();
  const build = found.build ?? chooseBuild(model, hasF16) ?? model.builds[0]!;
  const details = describeBuild(model, build, hasF16);
  if (details.unavailable) {
    const nextStep = 'Choose a model that has an f32 build.';
    throw new PersonascopeError('NotSupported', `${model.label}: ${details.unavailable}.`, nextStep);
  }
  return open({ id: model.id, label: model.label, source: sourceOf(model, build), details });
}

/** One whose files cannot be looked at is listed all the same; whoever asks for it is told why. */
async function stateOf(store: ModelStore): Promise<DownloadState> {
  try {
    return await store.state();
  } catch {
    return 'none';
  }
}

async function open(download: Omit<ModelDownload, 'store'>): Promise<ModelDownload> {
  await provideCaches();
  const store: ModelDownload['store'] = (mirror, onSilence) =>
    new ModelStore(download.source, { ...(mirror && { mirror }), ...(onSilence && { onSilence }) });
  return { ...download, store };
}

function sourceOf({ runtime }: CatalogueModel, { url, lib }: CatalogueBuild): WebLlmSource {
  return { url, lib, runtime };
}

function describeBuild(model: CatalogueModel, build: CatalogueBuild, hasF16: boolean): CatalogueDetails {
  const { family, nParameters, contextLength, isLowResource, runtime } = model;
  const { gpuBytes, precision, isVerified } = build;
  const lacksF16 = precision === 'f16' && !hasF16;
  return {
    ...{ family, nParameters, gpuBytes, contextLength, precision, isVerified, isLowResource, runtime },
    ...(lacksF16 && { unavailable: 'needs shader-f16, which this GPU does not offer' }),
  };
}

/** @throws PersonascopeError `WebGpuUnavailable` where the browser does not answer; without a GPU the catalogue is listed all the same */
async function hasShaderF16(): Promise<boolean> {
  try {
    return (await requestAdapter()).features.has('shader-f16');
  } catch (error) {
    if (error instanceof PersonascopeError && error.obstacle !== 'silent') return false;
    throw error;
  }
}
