/** The conversation the page shows, keeps across reloads and puts into links. */
import type { Intervention } from '../interp/intervention';
import type { Message, ModelSource } from '../interp/message';

export interface Conversation {
  /** A model's id, or where to get it. */
  model: string | ModelSource;
  /** System prompt of the next reply; '' for none: then no system message is sent. */
  system: string;
  turns: Turn[];
  sampling: ConversationSampling;
}

export interface ConversationSampling {
  /** 0 is greedy. */
  temperature: number;
  topP: number;
  /** Per reply. */
  maxTokens: number;
}

export interface Turn {
  user: string;
  /** Null: not answered yet. */
  reply: Reply | null;
}

export interface Reply {
  text: string;
  seed: number;
  /** What it was drawn with, where that is not what the conversation has now. */
  sampling?: Pick<ConversationSampling, 'temperature' | 'topP'>;
  /** The system prompt it was written under, where that is not the conversation's. */
  system?: string;
  /** The model that wrote it, where that is not the conversation's. */
  model?: string | ModelSource;
  /** What held when the reply began. */
  interventions: Intervention[];
  /** What held from the token with that index on (0 is the first sampled one). */
  schedule: ScheduleStep[];
  /** Ids of the sampled tokens: a replay came out the same if and only if its ids are these. */
  tokenIds: number[];
  /** What was read while it was written. Kept across reloads, left out of links: a replay reads it again. */
  trace?: ReplyTrace;
}

export interface ScheduleStep {
  token: number;
  interventions: Intervention[];
}

export interface ReplyTrace {
  /** One per sampled token. */
  tokens: TokenTrace[];
  /** Means over the reply's tokens, in persona space's units; null for a model without one. */
  position: { axis: number; pc: [number, number, number] } | null;
}

export interface TokenTrace {
  text: string;
  /** Natural log, at temperature 1, before top-p. */
  logprob: number;
  /** <h - centre, u> at the target layer; null if it was not read. */
  axis: number | null;
}

/** Small models lose the thread sooner when steered and sampled hot. */
export const defaultSampling: ConversationSampling = { temperature: 0.5, topP: 0.95, maxTokens: 256 };

/** What tells one model from another: its id, or the address it was loaded from. */
export const modelKey = (model: string | ModelSource): string => (typeof model === 'string' ? model : model.url);

/**
 * The messages a model is given to write the reply of turn `upToTurn` (0-based): the system prompt that reply has, every
 * earlier turn with its reply, and that turn's user message. Default: the last turn.
 *
 * @throws RangeError if there is no such turn.
 */
export function messagesOf(conversation: Conversation, upToTurn = conversation.turns.length - 1): Message[] {
  const asked = conversation.turns[upToTurn];
  if (!asked) throw new RangeError(`turn ${upToTurn} of ${conversation.turns.length}`);
  const system = asked.reply?.system ?? conversation.system;
  const messages: Message[] = system ? [{ role: 'system', content: system }] : [];
  for (const turn of conversation.turns.slice(0, upToTurn)) {
    messages.push({ role: 'user', content: turn.user });
    if (turn.reply?.text) messages.push({ role: 'assistant', content: turn.reply.text });
  }
  messages.push({ role: 'user', content: asked.user });
  return messages;
}

/**
 * The conversation as JSON text. Inline vectors may be typed arrays, which JSON alone would write as objects; of f32 numbers
 * as few digits are written as give the same f32 again.
 */
export function toJson(conversation: object): string {
  return JSON.stringify(conversation, (_key, value: unknown) => {
    if (value instanceof Float32Array) return Array.from(value, shortened);
    return ArrayBuffer.isView(value) ? Array.from(value as unknown as ArrayLike<number>) : value;
  });
}

/** The decimal of fewest digits whose nearest f32 is x; nine are always enough. */
function shortened(x: number): number {
  for (let digits = 1; digits < 9; digits++) {
    const short = Number(x.toPrecision(digits));
    if (Math.fround(short) === x) return short;
  }
  return Number(x.toPrecision(9));
}
