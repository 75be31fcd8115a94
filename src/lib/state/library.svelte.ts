/** The list of this browser's conversations, and which of them this tab writes to. */
import { PersonascopeError } from '../errors';
import { limits } from '../interp/limits';
import { chosenReply, type Conversation } from '../share/conversation';
import { readConversationFile, toMarkdown, writeConversationFile } from '../share/conversation-file';
import {
  Conflict,
  ConversationStorage,
  newConversationId,
  timestamp,
  titleOf,
  type ConversationSummary,
} from '../share/storage';
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

  constructor(name: string | null) {
    this.name = name;
  }
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
   * The conversation that this tab had before a reload, or else the newest that no other tab has open.
   *
   * @returns null: a new one is begun; `isElsewhere`: because another tab has it
   */
  async start(): Promise<{ conversation: Conversation | null; isElsewhere: boolean; error: PersonascopeError | null }> {
    await this.#storage.adoptFormer();
    await this.refresh();
    const own = this.#claim.remembered();
    const isKnown = own !== null && this.list.some(({ id }) => id === own);
    const wanted = isKnown ? own : own === null ? this.list.find(({ error }) => !error)?.id : undefined;
    let error: PersonascopeError | null = null;
    let isElsewhere = false;
    if (wanted !== undefined) {
      if (await this.#claim.take(wanted)) {
        const opened = await this.#read(wanted).catch((cause: unknown) => {
          if (!(cause instanceof PersonascopeError)) throw cause;
          error = cause;
          return null;
        });
        if (opened) return { conversation: opened, isElsewhere, error };
      } else isElsewhere = true;
    }
    await this.begin();
    return { conversation: null, isElsewhere, error };
  }

  async refresh(): Promise<void> {
    this.list = await this.#storage.list();
  }

  /** Writes the conversation that this tab has now. One that nothing was said in is not kept. */
  save(conversation: Conversation): Promise<SaveTrouble | null> {
    const handle = this.#current;
    const saved = this.#saving.then(() => this.#save(handle, conversation));
    this.#saving = saved.catch(() => undefined);
    return saved;
  }

  async #save(handle: Handle, conversation: Conversation): Promise<SaveTrouble | null> {
    if (conversation.turns.length === 0 && handle.revision === 0) return null;
    const { name, createdAt } = handle;
    const kept = { name, createdAt, conversation };
    try {
      const { revision, lost } = await this.#storage.save(handle.id, kept, handle.revision);
      handle.revision = revision;
      return lost ? { kind: 'lost', what: lost } : null;
    } catch (cause) {
      if (!(cause instanceof Conflict)) throw cause;
      const copy = new Handle(`${name ?? titleOf(conversation)} (this tab)`.slice(0, limits.name));
      const { revision } = await this.#storage.save(copy.id, { ...kept, name: copy.name }, 0);
      Object.assign(handle, { id: copy.id, name: copy.name, revision });
      if (handle === this.#current) await this.#claim.take(handle.id);
      return { kind: 'copied' };
    }
  }

  /** From now on, at once, this tab writes to a new conversation. */
  async begin(name: string | null = null): Promise<void> {
    await this.resume(new Handle(name));
  }

  /** From now on, at once, this tab writes to that one, which it had before. */
  async resume(handle: Handle): Promise<void> {
    this.#current = handle;
    await this.#claim.take(handle.id);
  }

  /**
   * From now on this tab writes to that one; where another tab has it open, to a copy of it.
   *
   * @throws PersonascopeError `BadRequest` if it can't be read; then the tab has what it had
   */
  async open(id: string): Promise<Conversation> {
    const kept = await this.#require(id);
    if (await this.#claim.take(id)) return this.#read(id);
    await this.begin(`${kept.name ?? titleOf(kept.conversation)} (copy)`.slice(0, limits.name));
    return kept.conversation;
  }

  async rename(id: string, name: string): Promise<void> {
    const given = name.trim().slice(0, limits.name) || null;
    if (id === this.id) this.#current.name = given;
    await this.#storage.rename(id, given);
    await this.refresh();
  }

  async duplicate(id: string): Promise<void> {
    const { name, conversation } = await this.#require(id);
    const copy = `${name ?? titleOf(conversation)} (copy)`.slice(0, limits.name);
    await this.#storage.save(newConversationId(), { name: copy, createdAt: timestamp(), conversation }, 0);
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

  /** Reads a file; the conversation is this tab's from then on. @throws PersonascopeError `BadRequest` */
  async import(file: File): Promise<Conversation> {
    if (file.size > limits.conversationFile) {
      const message = `${file.name} has ${file.size} bytes; at most ${limits.conversationFile} can be read.`;
      throw new PersonascopeError('BadRequest', message, 'Nothing was changed.');
    }
    const { name, conversation } = readConversationFile(await file.text(), file.name);
    await this.begin(name);
    return conversation;
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

  async #read(id: string): Promise<Conversation> {
    const { name, createdAt, revision, conversation } = await this.#require(id);
    this.#current = Object.assign(new Handle(name), { id, createdAt, revision });
    return conversation;
  }
}

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
