/** Models that are downloaded: asked about before, cancelled, repaired, deleted. */
import type { DownloadSummary, ModelSource, ModelSummary } from '../engine/engine';
import type { LoadProgress } from '../engine/protocol';
import { CustomModels } from './custom-models';
import type { Mirror } from './mirror.svelte';
import type { Session } from './session.svelte';

export class Downloads {
  readonly #session: Session;
  readonly #mirror: Mirror;
  /** The download that waits for the visitor's answer. */
  asking = $state.raw<DownloadSummary | null>(null);
  /** The model whose manifest is being read. */
  planning = $state.raw<string | ModelSource | null>(null);
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

  constructor(session: Session, mirror: Mirror) {
    this.#session = session;
    this.#mirror = mirror;
  }

  /** Whether the model may be loaded: nothing has to be downloaded, or the visitor agreed to it. */
  async confirm(model: string | ModelSource): Promise<boolean> {
    this.answer(false);
    const question = ++this.#questions;
    this.planning = model;
    let plan: DownloadSummary | null;
    try {
      plan = await this.#session.manage('planModel', { model, ...this.#from() });
    } finally {
      if (question === this.#questions) this.planning = null;
    }
    // Another model was asked for meanwhile.
    if (question !== this.#questions) return false;
    if (!plan) return true;
    this.asking = plan;
    const isAccepted = await new Promise<boolean>((resolve) => (this.#answer = resolve));
    if (isAccepted && typeof model !== 'string') this.#customModels.add(model, plan);
    return isAccepted;
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
    this.asking = null;
    this.#answer?.(isAccepted);
    this.#answer = null;
    // Without it the browser may drop gigabytes when its disk runs short. Some browsers ask the visitor; a refusal changes nothing else.
    if (isAccepted) void navigator.storage?.persist?.().catch(() => false);
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

  async #list(): Promise<void> {
    await Promise.all([this.#session.listModels(), this.listCustom()]);
  }

  #from(): { mirror?: string } {
    return this.#mirror.url ? { mirror: this.#mirror.url } : {};
  }
}
