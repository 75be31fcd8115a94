/** What this browser keeps of the page: what it refuses to, what it holds already, and the end of that. */
import { deleteStored, listStored, type StoredKind } from '../storage/inventory';
import { downloads } from '../storage/stored';
import { storageTrouble, type StorageTrouble } from '../storage/trouble';
import { describeTroubles } from './describe-trouble';
import type { Session } from './session.svelte';
import { siteUrl } from './site';

export class Keeping {
  readonly #session: Session;
  #troubles = $state.raw<StorageTrouble[]>([]);
  #dismissed = $state<string | null>(null);
  readonly #words = $derived(describeTroubles(this.#troubles));
  /** To be said; null if there is nothing, or the visitor has read it. */
  readonly notice = $derived(this.#words === this.#dismissed ? null : this.#words);
  /** Downloaded models are there at the next visit. */
  readonly lastsDownloads = $derived(
    !this.#troubles.some(({ kind, what }) => kind === 'refused' && what === downloads),
  );
  isOpen = $state(false);
  /** Null: being counted. */
  stored = $state.raw<StoredKind[] | null>(null);
  isDeleting = $state(false);
  /** Names of what could not be deleted. */
  failed = $state.raw<string[]>([]);

  constructor(session: Session) {
    this.#session = session;
    storageTrouble.subscribe((trouble) => (this.#troubles = [...this.#troubles, trouble]));
  }

  dismiss(): void {
    this.#dismissed = this.#words;
  }

  /** Shows what the site stores. */
  async open(): Promise<void> {
    this.isOpen = true;
    this.stored = null;
    this.failed = [];
    this.stored = await listStored(siteUrl());
  }

  /** Deletes all of it and loads the page anew. */
  async deleteAll(): Promise<void> {
    this.isDeleting = true;
    this.#session.end();
    this.failed = await deleteStored(siteUrl());
    this.isDeleting = false;
    if (this.failed.length === 0) location.reload();
  }
}
