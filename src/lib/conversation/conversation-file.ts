/** A conversation as a file: JSON that opens here again with its readings and dials, or Markdown for people. */
import { PersonascopeError } from '../errors';
import { limits } from '../limits';
import { parseUntrusted } from '../formats/untrusted-json';
import { chosenReply, modelKey, toJson, type Conversation } from './conversation';
import { conversationSchema, parseConversation } from './schema';

const conversationFormat = 'personascope/conversation@1';

export interface ConversationFile {
  name: string | null;
  conversation: Conversation;
}

export function writeConversationFile({ name, conversation }: ConversationFile, now = new Date()): string {
  return toJson({ format: conversationFormat, name, savedAt: now.toISOString(), conversation });
}

/**
 * Reads and checks a file from anywhere.
 *
 * @param fileName for messages
 * @throws PersonascopeError `BadRequest` naming the file, the field and the reason
 */
export function readConversationFile(text: string, fileName: string): ConversationFile {
  const file = fileName.replace(/\s+/g, ' ').slice(-120) || 'the file';
  const nextStep = 'Nothing was changed: choose a file that was saved by this page.';
  const bad = (reason: string, options?: ErrorOptions) =>
    new PersonascopeError('BadRequest', `${file} ${reason}.`, nextStep, options);
  const value = parseUntrusted(text, { maxCharacters: limits.conversationFile, refuse: bad });
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw bad('is not an object');
  const { format, name, conversation } = value as Record<string, unknown>;
  if (format !== conversationFormat) throw bad(`has no field format with "${conversationFormat}"`);
  return {
    name: typeof name === 'string' && name.trim() ? name.trim().slice(0, limits.name) : null,
    conversation: parseConversation(conversationSchema, conversation, file, nextStep),
  };
}

/** The chosen replies, with what steered them, as a person would write them down. */
export function toMarkdown({ name, conversation }: ConversationFile, describe: (turn: number) => string): string {
  const heading = name ? [`# ${name}`] : [];
  const about = [`Model: ${modelKey(conversation.model)}`];
  if (conversation.system) about.push('', `System prompt: ${conversation.system}`);
  const turns = conversation.turns.flatMap((turn, index) => {
    const reply = chosenReply(turn);
    const steering = describe(index);
    const answer = reply?.text ? quoted(reply.text) : '*(no reply)*';
    return ['', `**You**${steering ? ` (${steering})` : ''}`, '', quoted(turn.user), '', '**Model**', '', answer];
  });
  return [...heading, ...(name ? [''] : []), ...about, ...turns, ''].join('\n');
}

/** As a quotation, so that nothing that was said counts as a heading or a rule of the file. */
function quoted(text: string): string {
  return text
    .split(/\r?\n/)
    .map((line) => `> ${line}`)
    .join('\n');
}
