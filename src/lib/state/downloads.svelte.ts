/** Models that come from elsewhere: asked about before, cancelled, repaired, deleted. */
import type { DownloadSummary, ModelSource, ModelSummary } from '../engine/engine';
import type { LoadProgress } from '../worker/protocol';
import type { Silence } from '../downloads/download';
import { modelKey } from '../conversation/conversation';
import { CustomModels } from './custom-models';
import { foreignHosts } from './foreign-hosts';
import type { Mirror } from './mirror.svelte';
import type { Session } from './session.svelte';
import { siteUrl } from './site';

/** A model that somebody else named by its address: its servers, none of which was asked for anything yet. */
export interface ForeignModel {
  hosts: string[];
  address: string;
}

export class Downloads {
  readonly #session: Session;
  readonly #mirror: Mirror;
  /** The download that waits for the visitor's answer. */
  asking = $state.raw<DownloadSummary | null>(null);
  /** The model from elsewhere that waits for the visitor's answer. */
  foreign = $state.raw<ForeignModel | null>(null);
  /** The model whose manifest is being read. */
  planning = $state.raw<string | ModelSource | null>(null);
  /** Of the server that is asked for the manifest. */
  silence = $state.raw<Silence | null>(null);
  repairing = $state.raw<{ id: string; progress: LoadProgress | null } | null>(null);
  /** What the last repair found, by model. */
  repaired = $state.raw<{ id: string; wrong: string[] } | null>(null);
  /** Models given by their addresses that are stored here. */
  custom = $state.raw<{ source: ModelSource; summary: ModelSummary }[]>([]);
  readonly #customModels = new CustomModels();
  #answer: ((isAccepted: boolean) => void) | null = null;
  /** Asked so far. */
  #questions = 0;
  #abort: AbortController | null = null;
  #planAbort: AbortController | null = null;
  /** Keys of the models that the visitor chose or agreed to. */
  #agreed: string[] = [];

  constructor(session: Session, mirror: Mirror) {
    this.#session = session;
    this.#mirror = mirror;
  }

  /**
   * Whether the model may be loaded: nothing has to be fetched from elsewhere, or the visitor agreed to it.
   * @param isChosen the visitor chose it or typed its address just now; else it came by a link, and its servers hear nothing before he agrees
   */
  async confirm(model: string | ModelSource, isChosen = false): Promise<boolean> {
    this.answer(false);
    this.cancelPlan();
    const question = ++this.#questions;
    // Another model may be asked for meanwhile.
    const isCurrent = () => question === this.#questions;
    if (!isChosen && !(await this.#mayAsk(model, isCurrent))) return false;
    this.#agreed = [...this.#agreed, modelKey(model)];
    const plan = await this.#plan(model);
    if (plan === 'cancelled' || !isCurrent()) return false;
    if (!plan) return true;
    this.asking = plan;
    const isAccepted = await this.#untilAnswered();
    if (isAccepted && typeof model !== 'string') this.#customModels.add(model, plan);
    return isAccepted;
  }

  /** Stops asking how large a model is. */
  cancelPlan(): void {
    this.#planAbort?.abort();
  }

  /** Lists `custom` anew. */
  async listCustom(): Promise<void> {
    const known = await Promise.all(
      this.#customModels.list().map(async ({ source, label, bytes }) => {
        // One whose addresses this version refuses does not keep the others from being listed.
        const download = await this.#session.manage('modelState', { model: source }).catch(() => 'none' as const);
        return { source, summary: { id: source.url, label, engine: source.engine, bytes, download } };
      }),
    );
    this.custom = known.filter(({ summary }) => summary.download !== 'none');
  }

  answer(isAccepted: boolean): void {
    const isDownload = this.asking !== null;
    this.asking = null;
    this.foreign = null;
    this.#answer?.(isAccepted);
    this.#answer = null;
    // Without it the browser may drop gigabytes when its disk runs short. Some browsers ask the visitor; a refusal changes nothing else.
    if (isAccepted && isDownload) void navigator.storage?.persist?.().catch(() => false);
  }

  /** Checks every file of a stored model and fetches again what is wrong. */
  async repair(model: string | ModelSource): Promise<void> {
    const id = typeof model === 'string' ? model : model.url;
    const { signal } = (this.#abort = new AbortController());
    this.repairing = { id, progress: null };
    this.repaired = null;
    try {
      const onEvent = (progress: LoadProgress) => (this.repairing = { id, progress });
      const request = { model, ...this.#from() };
      const { wrong } = await this.#session.manage('repairModel', request, { signal, onEvent });
      this.repaired = { id, wrong };
    } finally {
      this.repairing = null;
      await this.#list();
    }
  }

  cancelRepair(): void {
    this.#abort?.abort();
  }

  async delete(model: string | ModelSource): Promise<void> {
    this.repaired = null;
    await this.#session.manage('deleteModel', { model });
    await this.#list();
  }

  #untilAnswered(): Promise<boolean> {
    return new Promise((resolve) => (this.#answer = resolve));
  }

  /** Whether the servers of a model that a link names may be asked for it. */
  async #mayAsk(model: string | ModelSource, isCurrent: () => boolean): Promise<boolean> {
    if (typeof model === 'string' || this.#session.isLoaded(model) || this.#agreed.includes(modelKey(model)))
      return true;
    const hosts = foreignHosts(model, this.#mirror.url, siteUrl());
    if (hosts.length === 0) return true;
    const isStored = (await this.#session.manage('modelState', { model })) === 'complete';
    if (!isCurrent()) return false;
    if (isStored) return true;
    this.foreign = { hosts, address: model.url };
    return this.#untilAnswered();
  }

  async #plan(model: string | ModelSource): Promise<DownloadSummary | null | 'cancelled'> {
    const abort = (this.#planAbort = new AbortController());
    const { signal } = abort;
    this.planning = model;
    try {
      const onEvent = (silence: Silence | null) => (this.silence = silence);
      const plan = await this.#session.manage('planModel', { model, ...this.#from() }, { signal, onEvent });
      return signal.aborted ? 'cancelled' : plan;
    } catch (cause) {
      if (signal.aborted) return 'cancelled';
      throw cause;
    } finally {
      if (this.#planAbort === abort) {
        this.planning = null;
        this.silence = null;
      }
    }
  }

  async #list(): Promise<void> {
    await Promise.all([this.#session.listModels(), this.listCustom()]);
  }

  #from(): { mirror?: string } {
    return this.#mirror.url ? { mirror: this.#mirror.url } : {};
  }
}
