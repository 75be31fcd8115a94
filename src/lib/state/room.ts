/** How much of a model's context a conversation takes, and how many of its oldest turns would have to go. */
import type { Message } from '../engine/message';
import { toMessages } from '../conversation/conversation';

/** What would be sent. */
export interface Draft {
  system: string;
  /** Earlier turns; '' where there is no reply. */
  said: { user: string; reply: string }[];
  question: string;
  /** Index of the first turn of `said` that is sent. */
  firstRead: number;
}

/** Tokens of the conversation with its template, and the most that the model reads. */
export interface Room {
  tokens: number;
  contextLength: number;
}

/** A conversation that does not fit. */
export interface Fullness extends Room {
  /** Where reading would have to begin so that it fits with room to go on; null: not even the question alone fits. */
  firstRead: number | null;
}

/** Least share of the context that is left for the reply; and after room was made, so that it lasts for some turns. */
const replyShare = 1 / 16;
const roomyShare = 1 / 4;

type Count = (messages: Message[]) => Promise<Room>;

/** Null where no model can count it: what is wrong will be said when it is sent. */
export async function measureRoom(count: Count, draft: Draft): Promise<Room | null> {
  const { system, said, question, firstRead } = draft;
  return count(toMessages(system, said.slice(firstRead), question)).catch(() => null);
}

/**
 * @param maxTokens the longest reply that is wanted
 * @returns null if the message and a reply have room
 */
export async function findFullness(count: Count, draft: Draft, maxTokens: number): Promise<Fullness | null> {
  const room = await measureRoom(count, draft);
  if (!room) return null;
  const { contextLength } = room;
  const least = Math.min(maxTokens, Math.ceil(contextLength * replyShare));
  if (room.tokens + least <= contextLength) return null;
  const { said } = draft;
  const fits = async (firstRead: number, reserve: number) => {
    const counted = await measureRoom(count, { ...draft, firstRead });
    return counted !== null && counted.tokens + reserve <= contextLength;
  };
  for (const reserve of [Math.ceil(contextLength * roomyShare), least]) {
    if (!(await fits(said.length, reserve))) continue;
    let [low, high] = [draft.firstRead, said.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (await fits(middle, reserve)) high = middle;
      else low = middle + 1;
    }
    return { ...room, firstRead: low };
  }
  return { ...room, firstRead: null };
}
