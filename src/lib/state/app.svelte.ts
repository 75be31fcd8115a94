/** Everything the page holds, wired together. */
import { createContext } from 'svelte';
import { resolve } from '$app/paths';
import { modelKey } from '../share/conversation';
import { inlineOwnVectors } from '../share/own-vectors';
import { encodePermalink } from '../share/permalink';
import { ConversationStorage } from '../share/storage';
import { PersonascopeError } from '../errors';
import type { ModelInfo, ModelSource } from '../engine/engine';
import type { Intervention } from '../interp/intervention';
import { asError } from './as-error';
import { ConversationState } from './conversation.svelte';
import { Dials } from './dials.svelte';
import { Downloads } from './downloads.svelte';
import { LinkState } from './link.svelte';
import { Mirror } from './mirror.svelte';
import { Science } from './science.svelte';
import { Session } from './session.svelte';
import { Theme } from './theme.svelte';
import { View } from './view.svelte';
import { Workbench } from './workbench.svelte';

export class App {
  readonly theme = new Theme();
  readonly view = new View();
  readonly mirror = new Mirror();
  readonly session = new Session(this.mirror);
  readonly downloads = new Downloads(this.session, this.mirror);
  readonly dials = new Dials(this.session);
  readonly conversation = new ConversationState(this.session, this.dials);
  readonly link = new LinkState(this.session, (model) => this.downloads.confirm(model));
  readonly workbench = new Workbench(this.session);
  readonly science = new Science(this.session);
  /** Something went wrong that stops nothing: storage, the clipboard, a damaged record. */
  notice = $state.raw<PersonascopeError | null>(null);
  /** The model whose load failed or was cancelled: the notice is about it. */
  failed = $state.raw<string | ModelSource | null>(null);
  readonly #storage = new ConversationStorage();

  constructor() {
    this.conversation.onChanged = () => {
      if (location.hash) this.#clearAddress();
      void this.#save();
    };
  }

  /** Opens the link if the address holds one, brings back the last conversation, and loads its model. */
  async start(hash: string): Promise<void> {
    this.#readMirror();
    const [, wanted] = await Promise.all([this.link.read(hash), this.#restore(), this.session.start()]);
    const first = this.session.models[0]?.id;
    // Nothing to load, or something else was asked for meanwhile.
    if (!first || this.session.wanted !== null) return;
    try {
      await this.session.load(wanted !== null && (await this.#isHere(wanted)) ? wanted : first);
      await this.#adopt();
    } catch (cause) {
      if (asError(cause) !== this.session.error) this.notice = asError(cause);
    }
  }

  /** Loads a model that the visitor chose; asks before anything is downloaded. */
  async request(model: string | ModelSource): Promise<void> {
    this.dismiss();
    try {
      if (await this.downloads.confirm(model, true)) await this.load(model);
    } catch (cause) {
      this.notice = asError(cause);
      this.failed = model;
    }
  }

  dismiss(): void {
    this.notice = null;
    this.failed = null;
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

  /** Turns the dials to where the conversation left them, if it is with the loaded model. What is not known here is left out, and said. */
  async #adopt(): Promise<void> {
    const last = this.conversation.turns.findLast(({ reply }) => reply)?.reply;
    const isHere = last && this.session.isLoaded(last.model);
    const left = isHere ? (last.schedule.at(-1)?.interventions ?? last.interventions) : [];
    const names = (await this.session.vectors()).map(({ name }) => name);
    const isKnown = ({ vector }: Intervention) => typeof vector !== 'string' || names.includes(vector);
    const unknown = left.find((intervention) => !isKnown(intervention));
    this.dials.adopt(left.filter(isKnown));
    if (!unknown) return;
    this.notice = new PersonascopeError(
      'BadRequest',
      `This conversation was steered with “${unknown.vector as string}”, which is not known here; it goes on without it.`,
      'Import its file in the workshop to steer with it again.',
    );
  }

  /** The page's conversation as an address. */
  async permalink(): Promise<string> {
    const conversation = this.conversation.export(this.#model());
    const shared = inlineOwnVectors(conversation, modelKey(this.#model()), this.session.ownVectors);
    // Numbers of a large model fill a link; then it names the vector, and whoever opens it is told.
    const fragment = await encodePermalink(shared).catch(() => encodePermalink(conversation));
    return `${location.origin}${resolve('/')}${location.search}#${fragment}`;
  }

  /** The linked conversation becomes the visitor's own. */
  async openLinked(): Promise<void> {
    const linked = this.link.conversation;
    if (!linked) return;
    if (this.link.needsModel) {
      if (!(await this.downloads.confirm(linked.model))) return;
      await this.session.load(linked.model);
    }
    this.conversation.restore(linked);
    await this.#adopt();
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

  /** Whether it can be loaded without a download that nobody asked for now. */
  async #isHere(model: string | ModelSource): Promise<boolean> {
    if (typeof model !== 'string') {
      return ['embedded', 'complete'].includes(await this.session.manage('modelState', { model }));
    }
    const known = this.session.models.find(({ id }) => id === model);
    return known !== undefined && ['embedded', 'complete'].includes(known.download);
  }

  #readMirror(): void {
    try {
      this.mirror.read();
    } catch (cause) {
      this.notice = asError(cause);
    }
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
      if (damaged) this.notice = damaged.error;
      return conversation?.model ?? null;
    } catch (cause) {
      this.notice = asError(cause);
      return null;
    }
  }
}

export const [getApp, setApp] = createContext<App>();
