/** The conversations of this browser, each under a key of its own, so that tabs don't overwrite each other's. */
import { PersonascopeError } from '../errors';
import { limits } from '../limits';
import { openRecords, within, type Records } from '../storage/records';
import { defaultSampling, toJson, type Conversation, type Turn } from './conversation';
import { conversationSchema, parseConversation, storedSchemaV1 } from './schema';

export interface KeptConversation {
  /** Null: it is called by its first message. */
  name: string | null;
  /** ISO 8601. */
  createdAt: string;
  conversation: Conversation;
}

/** What the list shows. */
export interface ConversationSummary {
  id: string;
  title: string;
  updatedAt: string;
  turns: number;
  /** Why it can't be opened; its record lies untouched. */
  error: PersonascopeError | null;
}

/** Another tab has written the record since it was read. */
export class Conflict extends Error {}

interface StoredRecord {
  /** Counts writes. */
  revision: number;
  name: string | null;
  createdAt: string;
  /** JSON text: proxies and typed arrays need no care. */
  json: string;
}

/** Kept beside the record, so that a list need not read the conversations. */
type About = Omit<ConversationSummary, 'id' | 'error'>;

/** Where the one conversation was kept before there was a list. */
const formerKey = 'conversation';

export class ConversationStorage {
  readonly #all: Records;
  readonly #chats: Records;
  readonly #abouts: Records;

  constructor(records: Records = openRecords('personascope', 'conversations')) {
    this.#all = records;
    this.#chats = within(records, 'chat ');
    this.#abouts = within(records, 'about ');
  }

  /**
   * Writes the record as its next revision. What could not be read again is left out.
   *
   * @param revision of the record as it was read or written last; 0 for a new one
   * @returns the new revision, and in words what had to be left out; '' for nothing
   * @throws Conflict if another tab wrote it since; nothing is changed then
   */
  async save(id: string, kept: KeptConversation, revision: number): Promise<{ revision: number; lost: string }> {
    const { conversation, lost } = readableOf(kept.conversation);
    let { name } = kept;
    const record = { revision: revision + 1, createdAt: kept.createdAt, json: toJson(conversation) };
    await this.#chats.update(id, (before): StoredRecord => {
      // A record that was deleted meanwhile is written anew: what is on screen is not lost.
      if (before === undefined) return { ...record, name };
      if (revisionOf(before) !== revision) throw new Conflict(id);
      // Another tab may have given it another name.
      name = (before as StoredRecord).name ?? null;
      return { ...record, name };
    });
    await this.#abouts.set(id, aboutOf({ ...kept, name }));
    return { revision: record.revision, lost };
  }

  /** @throws PersonascopeError `BadRequest` if the record can't be read; it stays. */
  async load(id: string): Promise<(KeptConversation & { revision: number }) | null> {
    const record = await this.#chats.get(id);
    if (record === undefined) return null;
    const { revision, name, createdAt, json } = record as StoredRecord;
    const conversation = readJson(json);
    return {
      ...{ revision: Number(revision) || 0, conversation },
      name: typeof name === 'string' ? name : null,
      createdAt: typeof createdAt === 'string' ? createdAt : new Date(0).toISOString(),
    };
  }

  /** Of all, the one that changed last first. A record that can't be read is listed with the reason. */
  async list(): Promise<ConversationSummary[]> {
    const summaries = await Promise.all((await this.#chats.keys()).map((id) => this.#summarise(id)));
    return summaries.sort((a, b) => b.updatedAt.localeCompare(a.updatedAt));
  }

  /** @param name null: by its first message */
  async rename(id: string, name: string | null): Promise<void> {
    if ((await this.#chats.get(id)) === undefined) return;
    await this.#chats.update(id, (before) => ({ ...(before as StoredRecord), name }));
    const about = (await this.#abouts.get(id)) as About | undefined;
    const kept = await this.load(id);
    if (kept) await this.#abouts.set(id, aboutOf(kept, about?.updatedAt));
  }

  async delete(id: string): Promise<void> {
    await this.#chats.delete([id]);
    await this.#abouts.delete([id]);
  }

  /** What lies there, whatever it is: to be brought back by `putBack`, or saved as a file. */
  async raw(id: string): Promise<unknown> {
    return { chat: await this.#chats.get(id), about: await this.#abouts.get(id) };
  }

  async putBack(id: string, raw: unknown): Promise<void> {
    const { chat, about } = raw as { chat: unknown; about: unknown };
    if (chat === undefined) return;
    // Another tab that had it open may have written it anew.
    await this.#chats.update(id, (since) => since ?? chat);
    if (about !== undefined) await this.#abouts.update(id, (since) => since ?? about);
  }

  /** The conversation of a browser that was here before there was a list becomes its first entry. A damaged one too: it is listed as such. */
  async adoptFormer(now = timestamp()): Promise<void> {
    for (const key of await this.#all.keys()) {
      if (key !== formerKey && !key.startsWith('damaged ')) continue;
      const json = await this.#all.get(key);
      const record: StoredRecord = { revision: 1, name: null, createdAt: now, json: String(json) };
      await this.#chats.set(`former ${key}`, record);
      await this.#all.delete([key]);
    }
  }

  async #summarise(id: string): Promise<ConversationSummary> {
    const about = (await this.#abouts.get(id)) as About | undefined;
    if (typeof about?.title === 'string' && typeof about.updatedAt === 'string') {
      return { id, title: about.title, updatedAt: about.updatedAt, turns: Number(about.turns) || 0, error: null };
    }
    try {
      const kept = await this.load(id);
      if (!kept) throw new PersonascopeError('BadRequest', 'It is no longer there.');
      return { id, ...aboutOf(kept, kept.createdAt), error: null };
    } catch (cause) {
      const error = cause instanceof PersonascopeError ? cause : unreadable('its content is damaged', cause);
      return { id, title: 'A conversation that can’t be read', updatedAt: '', turns: 0, error };
    }
  }
}

/** Unlike `randomUUID`, `getRandomValues` is there on pages that are not secure too. */
export function newConversationId(): string {
  const random = crypto.getRandomValues(new Uint32Array(2));
  return `${Date.now().toString(36)}-${[...random].map((part) => part.toString(36)).join('')}`;
}

/** Now, ISO 8601. */
export const timestamp = () => new Date().toISOString();

/** What a conversation is called that nobody gave a name. */
export function titleOf({ turns }: Pick<Conversation, 'turns'>): string {
  const first = turns[0]?.user.replace(/\s+/g, ' ').trim() ?? '';
  return first.length > 60 ? `${first.slice(0, 59)}…` : first || 'An empty conversation';
}

function aboutOf({ name, conversation }: KeptConversation, updatedAt = timestamp()): About {
  return { title: name ?? titleOf(conversation), updatedAt, turns: conversation.turns.length };
}

function revisionOf(record: unknown): number {
  return Number((record as Partial<StoredRecord> | null)?.revision) || 0;
}

/**
 * As much of the conversation as can be read again: limits hold where something enters, so that this is all of it, or something is our
 * fault. Then the setting is mended first, which is wrong for every turn; after it the readings go, and last of all the replies of single
 * turns.
 */
function readableOf(conversation: Conversation): { conversation: Conversation; lost: string } {
  const isReadable = (candidate: Conversation) => {
    try {
      parseConversation(conversationSchema, JSON.parse(toJson(candidate)), '', '');
      return true;
    } catch {
      return false;
    }
  };
  if (isReadable(conversation)) return { conversation, lost: '' };
  const lost: string[] = [];
  let kept = conversation;
  const mend = (what: string, change: Partial<Conversation>) => {
    if (isReadable({ ...kept, turns: [] })) return;
    kept = { ...kept, ...change };
    lost.push(what);
  };
  mend('the end of its system prompt', { system: kept.system.slice(0, limits.message) });
  mend('its sampling', { sampling: defaultSampling });
  mend('the name of its model', { model: 'unknown' });
  if (isReadable(kept)) return { conversation: kept, lost: lost.join(', ') };
  let [unread, missing] = [0, 0];
  // A turn stays in its place: replies say by number what they were written after.
  const turns = kept.turns.map((turn): Turn => {
    if (isReadable({ ...kept, turns: [turn] })) return turn;
    const bare = { ...turn, replies: turn.replies.map(({ trace: _, ...rest }) => rest) };
    const isRead = isReadable({ ...kept, turns: [bare] });
    if (isRead) unread++;
    else missing++;
    return isRead ? bare : { user: turn.user.slice(0, limits.message), replies: [], chosen: null };
  });
  if (unread > 0) lost.push('the readings of its tokens');
  if (missing > 0) lost.push(`a part of ${missing} of its ${kept.turns.length} turns`);
  return { conversation: { ...kept, turns }, lost: lost.join(', ') };
}

const what = 'This conversation';
const nextStep = 'Its record is kept as it is: save it as a file, or delete it.';

function unreadable(reason: string, cause?: unknown): PersonascopeError {
  return new PersonascopeError('BadRequest', `${what} can't be read: ${reason}.`, nextStep, { cause });
}

function readJson(json: unknown): Conversation {
  let value: unknown;
  try {
    value = JSON.parse(String(json));
  } catch (cause) {
    throw unreadable('its content is damaged', cause);
  }
  const isFormer = Array.isArray((value as Conversation | null)?.turns) && isFirstVersion(value as Conversation);
  return parseConversation(isFormer ? storedSchemaV1 : conversationSchema, value, what, nextStep);
}

/** Turns had one reply each. */
function isFirstVersion({ turns }: { turns: unknown[] }): boolean {
  return turns.some((turn) => typeof turn === 'object' && turn !== null && 'reply' in turn);
}
