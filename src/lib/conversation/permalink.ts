/**
 * A conversation as a link's fragment: `v2.` + base64url(deflate-raw(JSON)), the chosen reply of each turn.
 *
 * Every version that was ever written keeps decoding (tests/fixtures/permalinks.json). Within version 2 fields may be added: a reader
 * leaves out those it does not know. What changes a reply is named in `needs` as well, so that an older page shows the text and says
 * that it can't replay it, instead of replaying something else. Names that are taken: `window` (an intervention's first and last token),
 * `condition` (a reading that switches it), `adapter` (weights on top, by digest), `branches` (turns that come after others than the one
 * before). A fragment is never sent to a server.
 */
import { PersonascopeError } from '../errors';
import { limits } from '../limits';
import { parseUntrusted } from '../formats/untrusted-json';
import { chosenOnly, toJson, type Conversation, type Reply } from './conversation';
import { conversationSchema, linkSchemaV1, linkSchemaV2, parseConversation } from './schema';
import { fromBase64Url, packTokenIds, toBase64Url } from '../formats/token-ids';

const askAgain = 'Ask for the link again; nothing on this page was changed.';

/**
 * @throws PersonascopeError `BadRequest` if the conversation is no valid one, or too long for a link.
 */
export async function encodePermalink(conversation: Conversation): Promise<string> {
  const shared = chosenOnly(conversation);
  for (const turn of shared.turns) turn.replies = turn.replies.map(withoutTrace);
  // What can't be opened must not be sent: the link is checked on the way out as on the way in.
  const checked = parseConversation(
    conversationSchema,
    JSON.parse(toJson(shared)),
    'The conversation',
    'Start a new chat.',
  );
  const packed = {
    ...checked,
    turns: checked.turns.map((turn) => ({
      ...turn,
      replies: turn.replies.map(({ follows: _, after: __, ...reply }) => ({
        ...reply,
        tokenIds: packTokenIds(reply.tokenIds),
      })),
    })),
  };
  const bytes = new TextEncoder().encode(JSON.stringify(packed));
  const link = bytes.length <= limits.inflatedLink ? `v2.${toBase64Url(await deflate(bytes))}` : null;
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
  const link = cleanFragment(hash);
  const version = /^v(\d{1,9})\./.exec(link)?.[1];
  if (version === undefined) throw unreadable('it is not a conversation');
  const schema = schemas.get(version);
  if (!schema) {
    const message = `The link was made by a newer Personascope (version ${version}; this one reads up to version 2).`;
    const nextStep = 'Reload the page to get the newest Personascope, then open the link again.';
    throw new PersonascopeError('BadRequest', message, nextStep);
  }
  if (link.length > limits.link) throw unreadable(`it is longer than ${limits.link} characters`);
  return parseConversation(schema, await unpack(link.slice(3)), 'The link', askAgain);
}

/** Underscores around a link mean italics to many programs; the last one may be ours or theirs. */
async function unpack(payload: string): Promise<unknown> {
  try {
    return parseJson(await inflate(decodeBytes(payload)));
  } catch (error) {
    const shorter = payload.replace(/[_-]+$/, '');
    if (shorter === payload) throw error;
    return parseJson(await inflate(decodeBytes(shorter)));
  }
}

const schemas = new Map([
  ['1', linkSchemaV1],
  ['2', linkSchemaV2],
] as const as [string, typeof linkSchemaV1 | typeof linkSchemaV2][]);

/**
 * The fragment as it was made. Chat and mail programs put brackets and full stops after a link, percent-encode it, break its line (with a
 * `=` in mails) and add parameters: no such character is ever part of what we write, so what is meant is plain.
 *
 * @param text a fragment, with or without its `#`
 */
function cleanFragment(text: string): string {
  let plain = text;
  // Twice: a link inside another site's link is encoded again.
  for (let i = 0; i < 2 && plain.includes('%'); i++) plain = decodeLeniently(plain);
  const compact = plain.replace(/[\s\u00ad\u200b-\u200d\u2060\ufeff]/g, '');
  const found = /(?:^|[&?#/])(v\d{1,9}\.[A-Za-z0-9_=-]*)/.exec(compact)?.[1];
  return found?.replaceAll('=', '') ?? compact.replace(/^#/, '');
}

function decodeLeniently(text: string): string {
  return text.replace(/(?:%[0-9a-f]{2})+/gi, (bytes) => {
    try {
      return decodeURIComponent(bytes);
    } catch {
      return bytes;
    }
  });
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
  const refuse = (reason: string, options?: ErrorOptions) => unreadable(`its content ${reason}`, options?.cause);
  return parseUntrusted(text, { maxCharacters: limits.inflatedLink, refuse });
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
