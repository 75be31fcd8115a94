/** Everything the page holds, wired together. */
import { createContext } from 'svelte';
import { encodePermalink } from '../share/permalink';
import { ConversationStorage } from '../share/storage';
import { PersonascopeError } from '../errors';
import type { ModelInfo, ModelSource } from '../engine/engine';
import { asError } from './as-error';
import { ConversationState } from './conversation.svelte';
import { Dials } from './dials.svelte';
import { LinkState } from './link.svelte';
import { Session } from './session.svelte';
import { Theme } from './theme.svelte';
import { View } from './view.svelte';
import { Workbench } from './workbench.svelte';

export class App {
  readonly theme = new Theme();
  readonly view = new View();
  readonly session = new Session();
  readonly dials = new Dials(
    () => this.session.space,
    () => this.session.personas,
  );
  readonly conversation = new ConversationState(this.session, this.dials);
  readonly link = new LinkState(this.session);
  readonly workbench = new Workbench(this.session);
  /** Something went wrong that stops nothing: storage, the clipboard, a damaged record. */
  notice = $state.raw<PersonascopeError | null>(null);
  readonly #storage = new ConversationStorage();

  constructor() {
    this.conversation.onChanged = () => {
      if (location.hash) this.#clearAddress();
      void this.#save();
    };
  }

  /** Opens the link if the address holds one, brings back the last conversation, and loads its model. */
  async start(hash: string): Promise<void> {
    const [, wanted] = await Promise.all([this.link.read(hash), this.#restore(), this.session.start()]);
    const first = this.session.models[0]?.id;
    // Nothing to load, or something else was asked for meanwhile.
    if (!first || this.session.wanted !== null) return;
    const known = typeof wanted === 'string' && !this.session.models.some(({ id }) => id === wanted) ? first : wanted;
    try {
      await this.session.load(known ?? first);
      const last = this.conversation.turns.findLast(({ reply }) => reply)?.reply;
      if (last) this.dials.adopt(last.schedule.at(-1)?.interventions ?? last.interventions);
    } catch (cause) {
      if (asError(cause) !== this.session.error) this.notice = asError(cause);
    }
  }

  /** Replaces the model; the conversation stays. */
  async load(model: string | ModelSource): Promise<ModelInfo> {
    this.conversation.stop();
    const info = await this.session.load(model);
    void this.#save();
    return info;
  }

  /** Asks again for a model that failed; the session shows it if it fails again. */
  async retry(): Promise<void> {
    try {
      await this.session.retry();
    } catch (cause) {
      if (cause !== this.session.error) throw cause;
    }
  }

  /** The page's conversation as an address. */
  async permalink(): Promise<string> {
    const fragment = await encodePermalink(this.conversation.export(this.#model()));
    return `${location.href.split('#')[0]}#${fragment}`;
  }

  /** The linked conversation becomes the visitor's own. */
  async openLinked(): Promise<void> {
    const linked = this.link.conversation;
    if (!linked) return;
    if (this.link.needsModel) await this.session.load(linked.model);
    this.conversation.restore(linked);
    const last = linked.turns.findLast(({ reply }) => reply)?.reply;
    this.dials.adopt(last?.schedule.at(-1)?.interventions ?? last?.interventions ?? []);
    this.leaveLink();
    await this.#save();
  }

  leaveLink(): void {
    this.link.close();
    this.#clearAddress();
  }

  /** Copies the page's conversation as a link; where copying is not allowed the address bar has it. */
  async share(): Promise<boolean> {
    try {
      const link = await this.permalink();
      try {
        await navigator.clipboard.writeText(link);
        return true;
      } catch {
        history.replaceState(history.state, '', link);
        const message = 'This browser did not allow copying the link.';
        this.notice = new PersonascopeError('NotSupported', message, 'It is in the address bar: copy it from there.');
      }
    } catch (cause) {
      this.notice = asError(cause);
    }
    return false;
  }

  /** No new entry in the history: going back leaves the page. */
  #clearAddress(): void {
    history.replaceState(history.state, '', location.pathname + location.search);
  }

  #model(): string | ModelSource {
    return this.session.wanted ?? this.session.info?.id ?? this.session.models[0]?.id ?? 'unknown';
  }

  async #save(): Promise<void> {
    try {
      await this.#storage.save(this.conversation.export(this.#model()));
    } catch (cause) {
      this.notice = asError(cause);
    }
  }

  async #restore(): Promise<string | ModelSource | null> {
    try {
      const { conversation, damaged } = await this.#storage.load();
      if (conversation) this.conversation.restore(conversation);
      this.notice = damaged?.error ?? null;
      return conversation?.model ?? null;
    } catch (cause) {
      this.notice = asError(cause);
      return null;
    }
  }
}

export const [getApp, setApp] = createContext<App>();
