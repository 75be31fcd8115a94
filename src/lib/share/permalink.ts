/**
 * A conversation as a link's fragment: `v1.` + base64url(deflate-raw(JSON)).
 *
 * Every version that was ever written keeps decoding (tests/fixtures/permalinks.json); a change of the format is a new
 * version. A fragment is never sent to a server.
 */
import { PersonascopeError } from '../errors';
import { limits } from '../interp/limits';
import { toJson, type Conversation, type Reply } from './conversation';
import { conversationSchema, linkSchemaV1, parseConversation } from './schema';
import { fromBase64Url, packTokenIds, toBase64Url } from './token-ids';

const askAgain = 'Ask for the link again; nothing on this page was changed.';

/**
 * @throws PersonascopeError `BadRequest` if the conversation is no valid one, or too long for a link.
 */
export async function encodePermalink(conversation: Conversation): Promise<string> {
  const shared = {
    ...conversation,
    turns: conversation.turns.map(({ user, reply }) => ({ user, reply: reply && withoutTrace(reply) })),
  };
  // What can't be opened must not be sent: the link is checked on the way out as on the way in.
  const checked = parseConversation(
    conversationSchema,
    JSON.parse(toJson(shared)),
    'The conversation',
    'Start a new chat.',
  );
  const packed = {
    ...checked,
    turns: checked.turns.map(({ user, reply }) => ({
      user,
      reply: reply && { ...reply, tokenIds: packTokenIds(reply.tokenIds) },
    })),
  };
  const bytes = new TextEncoder().encode(JSON.stringify(packed));
  const link = bytes.length <= limits.inflatedLink ? `v1.${toBase64Url(await deflate(bytes))}` : null;
  if (link === null || link.length > limits.link) {
    throw new PersonascopeError(
      'BadRequest',
      `The conversation is too long for a link, which holds ${limits.link / 1024} kB.`,
      'Start a new chat for the part you want to share.',
    );
  }
  return link;
}

/**
 * Reads a fragment, with or without its `#`. Nothing in it is trusted.
 *
 * @throws PersonascopeError `BadRequest` that names the field and the reason.
 */
export async function decodePermalink(hash: string): Promise<Conversation> {
  const link = hash.startsWith('#') ? hash.slice(1) : hash;
  const version = /^v(\d{1,9})\./.exec(link)?.[1];
  if (version === undefined) throw unreadable('it is not a conversation');
  if (version !== '1') {
    const message = `The link was made by a newer Personascope (version ${version}; this one reads version 1).`;
    throw new PersonascopeError(
      'BadRequest',
      message,
      'Reload the page to get the newest Personascope, then open the link again.',
    );
  }
  if (link.length > limits.link) throw unreadable(`it is longer than ${limits.link} characters`);
  return parseConversation(linkSchemaV1, parseJson(await inflate(decodeBytes(link.slice(3)))), 'The link', askAgain);
}

function unreadable(reason: string, cause?: unknown): PersonascopeError {
  return new PersonascopeError('BadRequest', `The link can't be read: ${reason}.`, askAgain, { cause });
}

/** Traces are read again by a replay, so a link does without them. */
function withoutTrace({ trace: _, ...reply }: Reply): Omit<Reply, 'trace'> {
  return reply;
}

function decodeBytes(text: string): Uint8Array<ArrayBuffer> {
  try {
    return fromBase64Url(text);
  } catch (error) {
    throw unreadable(`it ${error instanceof Error ? error.message : 'is damaged'}`, error);
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw unreadable('its content is damaged', error);
  }
}

async function deflate(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  const stream = new Blob([bytes]).stream().pipeThrough(new CompressionStream('deflate-raw'));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** Stops reading as soon as the limit is passed, so that a bomb never unfolds. */
async function inflate(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const reader = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('deflate-raw')).getReader();
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let text = '';
  let length = 0;
  try {
    for (let chunk = await reader.read(); !chunk.done; chunk = await reader.read()) {
      length += chunk.value.length;
      if (length > limits.inflatedLink) throw unreadable(`it unfolds to more than ${limits.inflatedLink / 1024} kB`);
      text += decoder.decode(chunk.value, { stream: true });
    }
    return text + decoder.decode();
  } catch (error) {
    await reader.cancel().catch(() => undefined);
    throw error instanceof PersonascopeError ? error : unreadable('its content is damaged or cut short', error);
  }
}
