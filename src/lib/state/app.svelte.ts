/** Everything the page holds, wired together. */
import { createContext, untrack } from 'svelte';
import { resolve } from '$app/paths';
import { modelKey } from '../conversation/conversation';
import { inlineOwnVectors, namedOwnVectors } from '../conversation/own-vectors';
import { encodePermalink } from '../conversation/permalink';
import { PersonascopeError } from '../errors';
import type { ModelInfo, ModelSource } from '../engine/engine';
import type { Intervention } from '../engine/intervention';
import { asError } from './as-error';
import { ConversationState, type ConversationMemento } from './conversation.svelte';
import { Dials, type DialsMemento } from './dials.svelte';
import { Downloads } from './downloads.svelte';
import { Draft } from './draft.svelte';
import { findVectors } from './find-vectors';
import { fileOf, Library, type Handle, type Page, type SaveTrouble } from './library.svelte';
import { Keeping } from './keeping.svelte';
import { readLastModel, type LastModel } from './last-model';
import { LinkState } from './link.svelte';
import { Mirror, type MirrorMemento } from './mirror.svelte';
import { Problem } from './problem.svelte';
import { saveFile } from './save-file';
import { Science } from './science.svelte';
import { Session } from './session.svelte';
import { linkTo, sharableParameters } from './share';
import { isSecondTab } from './tab-claim';
import { Theme } from './theme.svelte';
import { Updates } from './updates.svelte';
import { View } from './view.svelte';
import { Workbench } from './workbench.svelte';

/** Something that was done and can be taken back once. */
interface Undo {
  what: string;
  run: () => Promise<void> | void;
}

/** What an undo goes back to. */
interface Memento {
  conversation: ConversationMemento;
  library: Handle;
  dials: DialsMemento;
  mirror: MirrorMemento;
}

/** A reply that grows is kept this often, in milliseconds. */
const savePause = 1_500;

export class App {
  readonly theme = new Theme();
  readonly view = new View();
  readonly mirror = new Mirror();
  readonly session = new Session(this.mirror);
  readonly downloads = new Downloads(this.session, this.mirror);
  readonly dials = new Dials(this.session);
  readonly conversation = new ConversationState(this.session, this.dials);
  readonly draft = new Draft(this.conversation);
  readonly library = new Library();
  readonly link = new LinkState(this.session, {
    confirm: (model) => this.downloads.confirm(model),
    silence: () => this.#silence(),
  });
  readonly workbench = new Workbench(this.session);
  readonly science = new Science(this.session);
  readonly keeping = new Keeping(this.session);
  readonly problem = new Problem(this);
  readonly updates = new Updates(this.session);
  /** Something went wrong that stops nothing: storage, the clipboard, a damaged record. */
  notice = $state.raw<PersonascopeError | null>(null);
  /** The model whose load failed or was cancelled: the notice is about it. */
  failed = $state.raw<string | ModelSource | null>(null);
  undo = $state.raw<Undo | null>(null);
  /** Something to know; nothing went wrong. */
  remark = $state<string | null>(null);
  /** The model of the last visit, if it was another than the one that comes with the page. */
  offered = $state.raw<LastModel | null>(null);
  /** Dials as an example set them: as long as they stand so, they go with its chat. */
  #example = '';
  /** The address's fragment as it was read last. */
  #fragment = '';
  /** It is not known yet whether there is a conversation to bring back. */
  #isRestoring = true;
  #saveTimer: ReturnType<typeof setTimeout> | null = null;
  readonly #page: Page = {
    leave: () => this.#leaveChat(),
    show: (conversation) => {
      this.conversation.restore(conversation);
      this.conversation.awaitsDials = true;
      return this.conversation.export(this.#model());
    },
  };

  constructor() {
    this.conversation.awaitsDials = true;
    this.session.onReady = () => {
      if (this.conversation.awaitsDials) void this.#attempt(() => this.#adopt());
    };
    this.conversation.onChanged = () => void this.#save();
    this.conversation.onGrown = () => (this.#saveTimer ??= setTimeout(() => void this.#save(), savePause));
    // What the next reply is written under is kept too.
    $effect.root(() => {
      $effect(() => {
        void JSON.stringify([this.conversation.system, this.conversation.sampling]);
        untrack(() => this.conversation.onGrown?.());
      });
    });
    this.conversation.onReplace = (before) => {
      const handle = this.library.current;
      this.#offerUndo('The message was replaced, and what followed it.', async () => {
        await this.#silence();
        await this.#save();
        if (this.library.current !== handle) return;
        const { turns, chosen, firstRead } = before;
        this.conversation.recall({ ...this.conversation.memento(), turns, chosen, firstRead });
        await this.#save();
      });
      const { undo } = this;
      // An undo would take away what is said from then on.
      this.conversation.onSent = () => {
        if (this.undo === undo) this.undo = null;
      };
    };
  }

  /** Opens the link if the address holds one, brings back the last conversation, and loads the model that comes with the page. */
  async start(): Promise<void> {
    this.#readMirror();
    this.offered = readLastModel(location.search);
    await Promise.all([this.readAddress(), this.#restore(), this.session.start()]);
    const first = this.session.models[0]?.id;
    // Nothing to load, or something else was asked for meanwhile.
    if (!first || this.session.wanted !== null) return;
    try {
      await this.session.load(first);
    } catch (cause) {
      if (asError(cause) !== this.session.error) this.notice = asError(cause);
    }
    if (await isSecondTab()) {
      const message =
        'Another tab of this page is open: each loads its model for itself, so two take twice the GPU memory.';
      this.remark = [this.remark, message].filter(Boolean).join(' ');
    }
  }

  /** What the address says is what is shown, whichever way it came to say it. */
  async readAddress(): Promise<void> {
    if (location.hash === this.#fragment) return;
    this.#fragment = location.hash;
    await this.link.read(location.hash);
  }

  /** The page is hidden or closed: what was to be kept soon is kept now, and a reply that is being written as far as it is. */
  leave(): void {
    if (this.conversation.isBusy || this.#saveTimer) void this.#save();
  }

  /** An empty chat, and nothing left of what belonged to the one before; that one stays in the list. */
  async newChat(): Promise<void> {
    const before = this.#memento();
    const { turns, system } = before.conversation;
    this.conversation.stop();
    void this.#save();
    const mirror = this.#forgetFormerMirror();
    const begun = this.library.begin();
    this.conversation.clear();
    if (this.#example && this.#example === JSON.stringify(this.dials.interventions())) this.dials.resetAll();
    if (turns.length || system) {
      this.#offerUndo(`A new chat was begun; the one before is in the list.${mirror}`, () => this.#recall(before));
    }
    await begun;
  }

  /** Dials, cap, system prompt and how replies are drawn, as a visitor meets them. */
  resetAll(): void {
    const { conversation, dials, mirror: mirrors } = this;
    const { system, seed, compare, sampling } = conversation.memento();
    const [dialsBefore, mirrorBefore] = [dials.memento(), mirrors.memento()];
    const mirror = this.#forgetFormerMirror();
    dials.resetAll();
    Object.assign(conversation, { system: '', seed: null, compare: false, sampling: { ...conversation.defaults } });
    // What was said since stays.
    this.#offerUndo(`Dials, system prompt and sampling were reset.${mirror}`, () => {
      Object.assign(conversation, { system, seed, compare, sampling });
      dials.recall(dialsBefore);
      mirrors.recall(mirrorBefore);
    });
  }

  get isAtRest(): boolean {
    const { dials, conversation, mirror } = this;
    const { system, seed, compare, sampling, defaults } = conversation;
    const isPlain = !system.trim() && seed === null && !compare && !mirror.isFormer;
    return dials.isAtRest && isPlain && JSON.stringify(sampling) === JSON.stringify(defaults);
  }

  /** What an example of the first screen sets up goes away with its chat. */
  noteExample(system: string): void {
    const { conversation } = this;
    const before = conversation.system;
    this.#example = JSON.stringify(this.dials.interventions());
    conversation.system = system;
    if (before.trim() && before !== system) {
      this.#offerUndo('The example has a system prompt of its own.', () => void (conversation.system = before));
    }
  }

  /** Shows a conversation of the list. */
  async open(id: string): Promise<void> {
    await this.#attempt(async () => {
      if (id === this.library.id) return;
      await this.library.open(id, this.#page);
      await this.#adopt();
    });
  }

  async listConversations(): Promise<void> {
    await this.#save();
    await this.#attempt(() => this.library.refresh());
  }

  async duplicateConversation(id: string): Promise<void> {
    await this.#attempt(async () => {
      if (id === this.library.id) await this.#save();
      await this.library.duplicate(id);
    });
  }

  async importConversation(file: File): Promise<void> {
    await this.#attempt(async () => {
      await this.library.import(file, this.#page);
      await this.#save();
      await this.#adopt();
    });
  }

  async exportConversation(id: string, format: 'json' | 'markdown'): Promise<void> {
    await this.#attempt(async () => {
      if (id === this.library.id) saveFile(this.conversationFile(format));
      else saveFile(await this.library.export(id, format));
    });
  }

  /** The conversation on the page as a file. */
  conversationFile(format: 'json' | 'markdown') {
    return fileOf({ name: this.library.name, conversation: this.conversation.export(this.#model()) }, format);
  }

  async deleteConversation(id: string): Promise<void> {
    await this.#attempt(async () => {
      const isShown = id === this.library.id;
      const before = this.#memento();
      let deleted = id;
      if (isShown) {
        await this.#silence();
        await this.#save();
        // Where another tab wrote it too, this one has a copy by now.
        deleted = before.library.id;
        const begun = this.library.begin();
        this.conversation.clear();
        await begun;
      }
      const putBack = await this.library.delete(deleted);
      this.#offerUndo('The chat was deleted.', async () => {
        await putBack();
        if (isShown) await this.#recall(before);
      });
    });
  }

  async runUndo(): Promise<void> {
    const { undo } = this;
    this.undo = null;
    await this.#attempt(async () => undo?.run());
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

  /**
   * Turns the dials to where the conversation left them, if it is with the loaded model; until one is loaded, it waits. What is not
   * known here is left out, and said.
   */
  async #adopt(): Promise<void> {
    const { conversation, session } = this;
    const { turns } = conversation;
    conversation.awaitsDials = true;
    // A model that gets ready comes here again.
    if (this.#isRestoring || session.phase !== 'ready') return;
    const last = turns.findLast(({ reply }) => reply)?.reply;
    const kept =
      last && session.isLoaded(last.model) && last.keep({ model: last.model, system: '', sampling: last.sampling });
    let known: [name: string, digest: string][] = [];
    try {
      if (kept) known = await session.call('vectorDigests', { names: null });
    } catch (cause) {
      // The model is gone, which the session shows.
      if (session.phase !== 'ready') return;
      conversation.awaitsDials = false;
      throw cause;
    }
    // Another conversation came meanwhile.
    if (conversation.turns !== turns) return;
    conversation.awaitsDials = false;
    if (!kept) return this.dials.adopt([]);
    const { found, others, missing } = findVectors(kept, known);
    const names = known.map(([name]) => name);
    const isKnown = ({ vector }: Intervention) => typeof vector !== 'string' || names.includes(vector);
    this.dials.adopt((found.schedule.at(-1)?.interventions ?? found.interventions).filter(isKnown));
    const trouble = [
      missing.length && `was steered with ${missing.join(', ')}, which is not known here; it goes on without it`,
      others.length &&
        `was steered with another ${others.map((name) => `“${name}”`).join(', ')} than the one of that name here`,
    ].filter(Boolean);
    if (trouble.length === 0) return;
    const message = `This conversation ${trouble.join(', and ')}.`;
    this.notice = new PersonascopeError(
      'BadRequest',
      message,
      'Import its file in the workshop to steer with it again.',
    );
  }

  /**
   * The page's conversation as an address.
   *
   * @param parameters those of the page's own address that go along; see `sharableParameters`
   */
  async permalink(parameters: readonly string[] = []): Promise<string> {
    return (await this.share(parameters)).link;
  }

  /** The link, and vectors of this browser that it only names: their numbers are too long for it, or are not what a reply was made with. */
  async share(parameters: readonly string[] = []): Promise<{ link: string; missing: string[] }> {
    const conversation = this.conversation.export(this.#model());
    const vectors = this.session.ownVectors;
    const digests = vectors.length ? await this.session.call('vectorDigests', { names: null }).catch(() => []) : [];
    const own = { model: modelKey(this.#model()), vectors, digests };
    let shared = inlineOwnVectors(conversation, own);
    const fragment = await encodePermalink(shared).catch(() => encodePermalink((shared = conversation)));
    const link = linkTo(`${location.origin}${resolve('/')}`, location.search, parameters, fragment);
    return { link, missing: namedOwnVectors(shared, own) };
  }

  /** Of the page's address: what a link may say besides the conversation. */
  get sharableParameters(): string[] {
    return sharableParameters(location.search);
  }

  /** The linked conversation becomes one more of the visitor's own, with what a replay read. */
  async openLinked(): Promise<void> {
    const { conversation } = this.link;
    if (!conversation) return;
    if (this.link.needsModel) {
      if (!(await this.downloads.confirm(conversation.model))) return;
      await this.session.load(conversation.model);
    }
    await this.link.decode();
    await this.#leaveChat();
    // Pressed twice, it is opened once.
    const linked = this.link.conversation === conversation && this.link.withReadings();
    if (!linked) return;
    const isForged = linked.turns.some((_, index) => this.link.isForged(index));
    if (isForged) this.remark = 'The link carried other words than its tokens say. The chat has what the tokens say.';
    this.leaveLink();
    const begun = this.library.begin();
    this.conversation.restore(linked);
    await begun;
    await this.#save();
    await this.#adopt();
  }

  leaveLink(): void {
    this.link.close();
    this.#clearAddress();
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
    this.#fragment = '';
    history.replaceState(history.state, '', location.pathname + location.search);
  }

  #model(): string | ModelSource {
    return this.session.wanted ?? this.session.info?.id ?? this.session.models[0]?.id ?? 'unknown';
  }

  #memento(): Memento {
    const { conversation, library, dials, mirror } = this;
    return {
      conversation: conversation.memento(),
      library: library.current,
      dials: dials.memento(),
      mirror: mirror.memento(),
    };
  }

  async #recall(before: Memento): Promise<void> {
    await this.#silence();
    await this.#save();
    const resumed = this.library.resume(before.library);
    this.conversation.recall(before.conversation);
    this.dials.recall(before.dials);
    this.mirror.recall(before.mirror);
    if (!(await resumed)) this.remark = 'Another tab has this chat by now: this tab goes on with a copy of it.';
    await this.#save();
    if (this.conversation.awaitsDials) await this.#adopt();
  }

  /** A mirror that an earlier visitor set is not this one's. @returns says so */
  #forgetFormerMirror(): string {
    if (!this.mirror.isFormer) return '';
    this.mirror.set('');
    return ' The mirror of an earlier visit is no longer used.';
  }

  #offerUndo(what: string, run: Undo['run']): void {
    this.undo = { what, run };
  }

  /** Another chat comes: this one is kept as it stands, and what could be undone in it no longer can. */
  async #leaveChat(): Promise<void> {
    this.undo = null;
    this.draft.hold();
    do {
      await this.#silence();
      await this.#save();
    } while (this.conversation.isBusy);
  }

  /** Stops the reply that is being written, and waits until what there is of it is in its place. */
  async #silence(): Promise<void> {
    this.conversation.stop();
    for (let waited = 0; this.conversation.isBusy && waited < 3_000; waited += 20) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  async #attempt(work: () => Promise<unknown>): Promise<void> {
    try {
      await work();
    } catch (cause) {
      this.notice = asError(cause);
    }
  }

  async #save(): Promise<void> {
    if (this.#saveTimer) clearTimeout(this.#saveTimer);
    this.#saveTimer = null;
    try {
      const trouble = await this.library.save(this.conversation.export(this.#model()));
      if (trouble) this.#tell(trouble);
    } catch (cause) {
      this.notice = asError(cause);
    }
  }

  #tell(trouble: SaveTrouble): void {
    if (trouble.kind === 'copied') {
      this.remark =
        'This chat was changed in another tab too. Both are in the list: this tab goes on with a copy of its own.';
      return;
    }
    const message = `Of this chat ${trouble.what} could not be kept in this browser.`;
    this.notice = new PersonascopeError('StorageFull', message, 'Save it as a file, or start a new chat.');
  }

  async #restore(): Promise<void> {
    try {
      const { isElsewhere, error } = await this.library.start(this.#page);
      if (error) this.notice = error;
      if (isElsewhere) {
        this.remark =
          'Your last chat is open in another tab, so this tab begins a new one; the list of chats has both.';
        // A copied tab has the other's message too, which is to be sent once.
        this.draft.hold();
      }
      this.#isRestoring = false;
      if (this.conversation.turns.length) await this.#adopt();
      else this.conversation.awaitsDials = false;
    } catch (cause) {
      this.#isRestoring = this.conversation.awaitsDials = false;
      this.notice = asError(cause);
    }
  }
}

export const [getApp, setApp] = createContext<App>();
