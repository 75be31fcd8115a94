/** The conversation the page shows, keeps across reloads and puts into links. */
import type { Intervention } from '../engine/intervention';
import type { Message, ModelSource } from '../engine/message';

export interface Conversation {
  /** A model's id, or where to get it. */
  model: string | ModelSource;
  /** System prompt of the next reply; '' for none: then no system message is sent. */
  system: string;
  turns: Turn[];
  sampling: ConversationSampling;
  /** Index of the first turn that the next reply's model reads: those before were left out to make room. Default 0. */
  firstRead?: number;
  /** Of a link: what a replay needs that this page may not have, see `permalink.ts`. */
  needs?: string[];
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
  /** In the order they were begun; each stays when another is written. */
  replies: Reply[];
  /** Index of the reply that is shown and that the model reads; null: none is. */
  chosen: number | null;
}

/** What ended a reply: a stop token, its length limit, the visitor, an error, or the end of the page. */
export const replyEnds = ['stop', 'length', 'aborted', 'failed', 'interrupted'] as const;
export type ReplyEnd = (typeof replyEnds)[number];

/** What a reply was made with, by SHA-256 in hexadecimal: a name says less. */
export interface MadeWith {
  /** Of the model's weights. */
  weights?: string;
  /** Of the persona space that gave the dials. */
  pack?: string;
  /** Of each vector that its interventions name. */
  vectors?: [name: string, digest: string][];
}

export interface Reply {
  text: string;
  seed: number;
  /** What it was drawn with, where that is not what the conversation has now. */
  sampling?: Pick<ConversationSampling, 'temperature' | 'topP'> & { maxTokens?: number };
  /** The system prompt it was written under, where that is not the conversation's. */
  system?: string;
  /** The model that wrote it, where that is not the conversation's. */
  model?: string | ModelSource;
  /** Index of the reply of the turn before that it was written after; null for none. Default: the first, where there is one. */
  follows?: number | null;
  /** Where the turn before showed none: the nearest reply before it, by turn and index; null: there was none at all. */
  after?: [turn: number, reply: number] | null;
  /** As the conversation's, when it was written. */
  firstRead?: number;
  /** What held when the reply began. */
  interventions: Intervention[];
  /** What held from the token with that index on (0 is the first sampled one). */
  schedule: ScheduleStep[];
  /** Ids of the sampled tokens. */
  tokenIds: number[];
  /** Default: not known, as in links of version 1. */
  ended?: ReplyEnd;
  /** What went wrong, in words, if it failed. */
  failure?: string;
  /** Local time at which it was begun, "2026-11-30T06:12": chat templates may write the date. */
  date?: string;
  madeWith?: MadeWith;
  /** The reply without steering that was written beside it. */
  unsteered?: Reply;
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

export const chosenReply = ({ replies, chosen }: Turn): Reply | null =>
  chosen === null ? null : (replies[chosen] ?? null);

/**
 * What a model reads: the system prompt, what was said so far, and the question. A turn without words of an answer is left out, whatever
 * became of it, so that user and assistant always take turns, as chat templates demand.
 *
 * @param said earlier turns; `reply` is '' for none
 */
export function toMessages(
  system: string,
  said: readonly { user: string; reply: string }[],
  question: string,
): Message[] {
  return [
    ...(system ? [{ role: 'system' as const, content: system }] : []),
    ...said
      .filter(({ reply }) => reply !== '')
      .flatMap(({ user, reply }): Message[] => [
        { role: 'user', content: user },
        { role: 'assistant', content: reply },
      ]),
    { role: 'user', content: question },
  ];
}

/**
 * The messages a model is given to write the reply of turn `upToTurn` (0-based): the system prompt that reply has, the earlier turns
 * that it reads, and that turn's user message. Default: the last turn.
 *
 * @throws RangeError if there is no such turn.
 */
export function messagesOf(conversation: Conversation, upToTurn = conversation.turns.length - 1): Message[] {
  const asked = conversation.turns[upToTurn];
  if (!asked) throw new RangeError(`turn ${upToTurn} of ${conversation.turns.length}`);
  const reply = chosenReply(asked);
  const firstRead = (reply ? reply.firstRead : conversation.firstRead) ?? 0;
  const said = conversation.turns
    .slice(firstRead, upToTurn)
    .map((turn) => ({ user: turn.user, reply: chosenReply(turn)?.text ?? '' }));
  return toMessages(reply?.system ?? conversation.system, said, asked.user);
}

/** What a reply was written after. */
export type Place = Pick<Reply, 'follows' | 'after'>;

/** A turn of which one reply is chosen, as a conversation and the page's state have it. */
interface Branching {
  readonly replies: readonly Place[];
  chosen: number | null;
}

/** Where a reply stands that is written for turn `index` now. */
export function placeAt(turns: readonly Pick<Branching, 'chosen'>[], index: number): Place {
  const follows = turns[index - 1]?.chosen ?? null;
  if (follows !== null || index === 0) return { follows };
  const turn = turns.slice(0, index).findLastIndex(({ chosen }) => chosen !== null);
  return { follows, after: turn < 0 ? null : [turn, turns[turn]!.chosen!] };
}

/** The reply that this one of turn `index` was written after; null: none; undefined: it does not say. */
function placeBefore({ follows, after }: Place, index: number): Place['after'] {
  return typeof follows === 'number' ? [index - 1, follows] : after;
}

/** A reply that does not say what it was written after, past a turn without one, may have been written after anything. */
function isAt(reply: Place, place: Place): boolean {
  if ((reply.follows ?? null) !== place.follows) return false;
  return reply.after === undefined || place.after === undefined || String(reply.after) === String(place.after);
}

/**
 * Chooses a reply. The turns before it then show what it was written after, as far as it says; the turns after it what was written
 * after it: the newest such reply, or none.
 */
export function chooseReply(turns: readonly Branching[], index: number, chosen: number): void {
  turns[index]!.chosen = chosen;
  for (let at = index; at > 0;) {
    const before = placeBefore(turns[at]!.replies[turns[at]!.chosen!]!, at);
    if (before === undefined) break;
    const [turn, reply] = before ?? [-1, null];
    for (let i = turn + 1; i < at; i++) turns[i]!.chosen = null;
    if (turn < 0 || reply === null || !turns[turn]!.replies[reply]) break;
    turns[turn]!.chosen = reply;
    at = turn;
  }
  for (let i = index + 1; i < turns.length; i++) {
    const place = placeAt(turns, i);
    const newest = turns[i]!.replies.findLastIndex((reply) => isAt(reply, place));
    turns[i]!.chosen = newest < 0 ? null : newest;
  }
}

/** What each reply was written after is filled in, where there is only one that it can be. */
export function fillPlaces(turns: readonly Turn[]): void {
  turns.forEach(({ replies }, index) => {
    const nearest = turns.slice(0, index).findLastIndex((turn) => turn.replies.length > 0);
    for (const reply of replies) {
      if (reply.follows === undefined) reply.follows = index > 0 && nearest === index - 1 ? 0 : null;
      if (reply.follows !== null || index === 0 || reply.after !== undefined || nearest === index - 1) continue;
      if (nearest < 0) reply.after = null;
      else if (turns[nearest]!.replies.length === 1) reply.after = [nearest, 0];
    }
  });
}

/** Only the chosen replies: what a reader sees, and a link carries. */
export function chosenOnly(conversation: Conversation): Conversation {
  const turns = conversation.turns.map((turn): Turn => {
    const reply = chosenReply(turn);
    if (!reply) return { user: turn.user, replies: [], chosen: null };
    const { follows: _, after: __, unsteered: ___, ...rest } = reply;
    return { user: turn.user, replies: [rest], chosen: 0 };
  });
  return { ...conversation, turns };
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
