/** A conversation from outside, checked before any template sees it. */
import type { Message } from '../engine/engine';
import { PersonascopeError } from '../errors';
import { limits } from '../limits';

/** @throws PersonascopeError `BadRequest` naming `messages[i].field` */
export function checkMessages(messages: readonly Message[], prefill: string): void {
  if (!Array.isArray(messages)) throw bad('messages', 'is not a list');
  if (messages.length === 0) throw bad('messages', 'is empty');
  if (messages.length > limits.messages) throw bad('messages', `has more than ${limits.messages} entries`);
  messages.forEach((message: Message | null, i) => {
    if (typeof message !== 'object' || message === null) throw bad(`messages[${i}]`, 'is not an object');
    if (!['system', 'user', 'assistant'].includes(message.role)) {
      throw bad(`messages[${i}].role`, 'is none of system, user, assistant');
    }
    const most = message.role === 'assistant' ? limits.reply : limits.message;
    checkText(message.content, `messages[${i}].content`, most);
  });
  if (messages.at(-1)!.role !== 'user') throw bad(`messages[${messages.length - 1}].role`, 'is not user');
  checkText(prefill, 'prefill', limits.message);
}

function checkText(text: unknown, field: string, most: number): void {
  if (typeof text !== 'string') throw bad(field, 'is not a string');
  if (text.length > most) throw bad(field, `has ${text.length} characters, more than ${most}`);
}

function bad(field: string, reason: string): PersonascopeError {
  const nextStep = 'A conversation is a list of { role, content } that ends with a user message.';
  return new PersonascopeError('BadRequest', `${field} ${reason}.`, nextStep);
}
