/** The list of this browser's conversations, and which of them this tab writes to. */
import { PersonascopeError } from '../errors';
import { limits } from '../limits';
import { chosenReply, toJson, type Conversation } from '../conversation/conversation';
import { readConversationFile, toMarkdown, writeConversationFile } from '../conversation/conversation-file';
import {
  Conflict,
  ConversationStorage,
  newConversationId,
  timestamp,
  titleOf,
  type ConversationSummary,
  type KeptConversation,
} from '../conversation/storage';
import { describeSteering } from './describe-steering';
import { TabClaim } from './tab-claim';
import type { SavedFile } from './vector-files';

/** What is to be said of a save. */
export type SaveTrouble =
  /** Another tab wrote it too: this one goes on as a copy. */
  { kind: 'copied' } | { kind: 'lost'; what: string };

/** A conversation that this tab writes to, or wrote to: saves of it find their record, whatever the tab has begun since. */
export class Handle {
  id = $state.raw(newConversationId());
  name: string | null;
  createdAt = timestamp();
  /** 0: nothing was kept yet. */
  revision = 0;
  /** What was saved last, or would have been when it was opened, as JSON. */
  written = '';

  constructor(name: string | null) {
    this.name = name;
  }
}

/** The page that shows this tab's conversation. */
export interface Page {
  /** Keeps what is there. Called when it is sure that another comes. */
  leave(): Promise<void>;
  /**
   * Puts the conversation there. Called when the tab begins to write to its record, so that no save puts one into another's.
   *
   * @returns what would be saved of it
   */
  show(conversation: Conversation): Conversation;
}

export class Library {
  readonly #storage: ConversationStorage;
  readonly #claim: TabClaim;
  list = $state.raw<ConversationSummary[]>([]);
  #current = $state.raw(new Handle(null));
  /** Saves follow one another. */
  #saving: Promise<unknown> = Promise.resolve();

  constructor(storage = new ConversationStorage(), claim = new TabClaim()) {
    this.#storage = storage;
    this.#claim = claim;
  }

  /** The conversation that this tab writes to. */
  get current(): Handle {
    return this.#current;
  }

  get id(): string {
    return this.#current.id;
  }

  get name(): string | null {
    return this.#current.name;
  }

  /**
   * Shows the conversation that this tab had before a reload, or else the newest that no other tab has open; or begins a new one.
   *
   * @returns `isElsewhere`: a new one, because another tab has the last
   */
  async start(page: Page): Promise<{ isElsewhere: boolean; error: PersonascopeError | null }> {
    const initial = this.#current;
    await this.#storage.adoptFormer();
    await this.refresh();
    const own = this.#claim.remembered();
    const isKnown = own !== null && this.list.some(({ id }) => id === own);
    const wanted = isKnown ? own : own === null ? this.list.find(({ error }) => !error)?.id : undefined;
    let error: PersonascopeError | null = null;
    let isElsewhere = false;
    // A link or a file may have been opened meanwhile.
    const isUntouched = () => this.#current === initial;
    if (wanted !== undefined && isUntouched()) {
      if (await this.#claim.take(wanted)) {
        try {
          const kept = await this.#require(wanted);
          if (isUntouched()) this.#show(wanted, kept, page);
          else await this.#claim.take(this.id);
          return { isElsewhere, error };
        } catch (cause) {
          if (!(cause instanceof PersonascopeError)) throw cause;
          error = cause;
        }
      } else isElsewhere = true;
    }
    if (isUntouched()) await this.begin();
    return { isElsewhere, error };
  }

  async refresh(): Promise<void> {
    this.list = await this.#storage.list();
  }

  /** Writes the conversation that this tab has now, if it has changed. One that nothing was said in is not kept, unless it has a system prompt. */
  save(conversation: Conversation): Promise<SaveTrouble | null> {
    const handle = this.#current;
    const saved = this.#saving.then(() => this.#save(handle, conversation));
    this.#saving = saved.catch(() => undefined);
    return saved;
  }

  async #save(handle: Handle, conversation: Conversation): Promise<SaveTrouble | null> {
    const isEmpty = conversation.turns.length === 0 && !conversation.system;
    if (isEmpty && handle.revision === 0) return null;
    const { name, createdAt } = handle;
    const kept = { name, createdAt, conversation };
    const written = toJson(conversation);
    if (written === handle.written) return null;
    try {
      const { revision, lost } = await this.#storage.save(handle.id, kept, handle.revision);
      Object.assign(handle, { revision, written });
      return lost ? { kind: 'lost', what: lost } : null;
    } catch (cause) {
      if (!(cause instanceof Conflict)) throw cause;
      const copy = new Handle(copyName(name, conversation, 'this tab'));
      const { revision } = await this.#storage.save(copy.id, { ...kept, name: copy.name }, 0);
      Object.assign(handle, { id: copy.id, name: copy.name, revision, written });
      if (handle === this.#current) await this.#claim.take(handle.id);
      return { kind: 'copied' };
    }
  }

  /** From now on, at once, this tab writes to a new conversation. */
  async begin(name: string | null = null): Promise<void> {
    await this.resume(new Handle(name));
  }

  /** From now on, at once, this tab writes to that one, which it had before. @returns false: another tab has it by now; this one goes on as a copy */
  async resume(handle: Handle): Promise<boolean> {
    this.#current = handle;
    if (await this.#claim.take(handle.id)) return true;
    Object.assign(handle, { id: newConversationId(), revision: 0, written: '' });
    await this.#claim.take(handle.id);
    return false;
  }

  /**
   * From now on this tab shows that one and writes to it; where another tab has it open, to a copy of it.
   *
   * @throws PersonascopeError `BadRequest` if it can't be read; then nothing was left, and the tab has what it had
   */
  async open(id: string, page: Page): Promise<void> {
    await this.#require(id);
    const isOurs = await this.#claim.take(id);
    try {
      const kept = await this.#require(id);
      await page.leave();
      if (isOurs) return this.#show(id, kept, page);
      const begun = this.begin(copyName(kept.name, kept.conversation));
      page.show(kept.conversation);
      await begun;
    } finally {
      await this.#claim.take(this.id);
    }
  }

  async rename(id: string, name: string): Promise<void> {
    const given = name.trim().slice(0, limits.name) || null;
    if (id === this.id) this.#current.name = given;
    await this.#storage.rename(id, given);
    await this.refresh();
  }

  async duplicate(id: string): Promise<void> {
    const { name, conversation } = await this.#require(id);
    const copy = { name: copyName(name, conversation), createdAt: timestamp(), conversation };
    await this.#storage.save(newConversationId(), copy, 0);
    await this.refresh();
  }

  /** @returns brings it back */
  async delete(id: string): Promise<() => Promise<void>> {
    await this.#saving;
    const raw = await this.#storage.raw(id);
    await this.#storage.delete(id);
    await this.refresh();
    return async () => {
      await this.#storage.putBack(id, raw);
      await this.refresh();
    };
  }

  /** A conversation of the list as a file; one that can't be read, as what lies there. */
  async export(id: string, format: 'json' | 'markdown'): Promise<SavedFile> {
    const summary = this.list.find((one) => one.id === id);
    if (summary?.error)
      return { name: 'conversation-damaged.json', bytes: JSON.stringify(await this.#storage.raw(id)) };
    const { name, conversation } = await this.#require(id);
    return fileOf({ name, conversation }, format);
  }

  /** Shows what is in a file; it is this tab's conversation from then on. @throws PersonascopeError `BadRequest` */
  async import(file: File, page: Page): Promise<void> {
    if (file.size > limits.conversationFile) {
      const message = `${file.name} has ${file.size} bytes; at most ${limits.conversationFile} can be read.`;
      throw new PersonascopeError('BadRequest', message, 'Nothing was changed.');
    }
    const { name, conversation } = readConversationFile(await file.text(), file.name);
    await page.leave();
    const begun = this.begin(name);
    page.show(conversation);
    await begun;
  }

  async #require(id: string) {
    const kept = await this.#storage.load(id);
    if (!kept)
      throw new PersonascopeError(
        'BadRequest',
        'That conversation is no longer there.',
        'Another tab may have deleted it.',
      );
    return kept;
  }

  #show(
    id: string,
    { name, createdAt, revision, conversation }: KeptConversation & { revision: number },
    page: Page,
  ): void {
    const handle = Object.assign(new Handle(name), { id, createdAt, revision });
    this.#current = handle;
    handle.written = toJson(page.show(conversation));
  }
}

const copyName = (name: string | null, conversation: Conversation, which = 'copy') =>
  `${name ?? titleOf(conversation)} (${which})`.slice(0, limits.name);

/** As a file to save. */
export function fileOf(
  file: { name: string | null; conversation: Conversation },
  format: 'json' | 'markdown',
): SavedFile {
  const title = (file.name ?? titleOf(file.conversation)).toLowerCase();
  const slug = title.replace(/[^\p{L}\p{N}]+/gu, '-').replace(/^-|-$/g, '') || 'conversation';
  if (format === 'json') return { name: `${slug}.json`, bytes: writeConversationFile(file) };
  const describe = (turn: number) => {
    const reply = chosenReply(file.conversation.turns[turn]!);
    return reply ? describeSteering(reply.interventions) : '';
  };
  return { name: `${slug}.md`, bytes: toMarkdown(file, describe) };
}
