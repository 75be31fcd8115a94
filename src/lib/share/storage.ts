/** The current conversation, kept across reloads in the browser's IndexedDB. */
import { PersonascopeError } from '../errors';
import { openRecords } from '../storage/records';
import { toJson, type Conversation } from './conversation';
import { conversationSchema, parseConversation } from './schema';

/** Where records are kept. */
export interface Records {
  get(key: string): Promise<unknown>;
  set(key: string, value: unknown): Promise<void>;
  delete(key: string): Promise<void>;
}

export interface LoadedConversation {
  /** Null: nothing was kept, or it was damaged. */
  conversation: Conversation | null;
  /** A record that could not be read: it lies untouched under `key`. */
  damaged: { key: string; error: PersonascopeError } | null;
}

const current = 'conversation';

function openConversations(): Records {
  const records = openRecords('personascope', 'conversations');
  return { get: records.get.bind(records), set: records.set.bind(records), delete: (key) => records.delete([key]) };
}

export class ConversationStorage {
  readonly #records: Records;

  constructor(records: Records = openConversations()) {
    this.#records = records;
  }

  /**
   * Replaces the record. Kept as JSON text: proxies and typed arrays need no care.
   *
   * @throws PersonascopeError `BadRequest` if it could not be loaded again; the record before it stays.
   */
  async save(conversation: Conversation): Promise<void> {
    const json = toJson(conversation);
    parseConversation(conversationSchema, JSON.parse(json), 'The conversation', 'Start a new chat.');
    await this.#records.set(current, json);
  }

  /** Reads and checks the record. A damaged one is put aside under another key before it is reported. */
  async load(now: Date = new Date()): Promise<LoadedConversation> {
    const record = await this.#records.get(current);
    if (record === undefined) return { conversation: null, damaged: null };
    try {
      return { conversation: readRecord(record), damaged: null };
    } catch (error) {
      if (!(error instanceof PersonascopeError)) throw error;
      const key = `damaged ${now.toISOString()}`;
      await this.#records.set(key, record);
      await this.#records.delete(current);
      return { conversation: null, damaged: { key, error } };
    }
  }
}

function readRecord(record: unknown): Conversation {
  const what = 'The conversation kept from your last visit';
  const nextStep = 'It was put aside in this browser and a new conversation was started.';
  let value: unknown;
  try {
    value = JSON.parse(String(record));
  } catch (cause) {
    throw new PersonascopeError('BadRequest', `${what} can't be read: its content is damaged.`, nextStep, { cause });
  }
  return parseConversation(conversationSchema, value, what, nextStep);
}
