/**
 * What a visitor sends to report a problem: the page, browser, GPU, model and error, and nothing of what was said.
 * The chat, the system prompt, the address's fragment and the mirror's address are not among the facts; where an error carries a piece
 * of one of them, it is left out there.
 */
import type { PersonascopeError } from '../errors';

export interface ReportFacts {
  page: { version: string; commit: string; build: string };
  /** As the browser calls itself. */
  browser: string;
  isSecure: boolean;
  gpu: { name: string; limits: Record<string, number>; features: string[] } | { none: string };
  model: { id: string; engine: string } | null;
  error: Pick<PersonascopeError, 'name' | 'message' | 'stack'> | null;
}

export interface Secrets {
  /** Messages, replies, system prompts. */
  words: readonly string[];
  /** Of mirrors; empty ones count for nothing. */
  addresses: readonly string[];
  /** Of the page: what follows it in a stack is enough. */
  origin: string;
}

const LEFT_OUT = '[left out]';
/** Characters that a piece of what was said must have to be known again: fewer are in any text. */
const PIECE = 12;

export function writeReport({ page, browser, isSecure, gpu, model, error }: ReportFacts, secrets: Secrets): string {
  const lines = [
    `Personascope ${page.version}, commit ${page.commit || 'unknown'}, build ${page.build}`,
    `Browser: ${browser}${isSecure ? '' : ' (not a secure page)'}`,
    ...('none' in gpu
      ? [`GPU: none. ${gpu.none}`]
      : [
          `GPU: ${gpu.name}`,
          `Limits: ${Object.entries(gpu.limits)
            .map((limit) => limit.join(' '))
            .join(', ')}`,
          `Features: ${gpu.features.join(', ') || 'none'}`,
        ]),
    model ? `Model: ${model.id} (${model.engine})` : 'Model: none',
    error ? `Error: ${error.name}: ${error.message}` : 'Error: none',
    ...(error?.name === 'Internal' && error.stack ? [error.stack] : []),
  ];
  return leaveOut(lines.join('\n'), secrets);
}

function leaveOut(text: string, { words, addresses, origin }: Secrets): string {
  let left = text.replaceAll(`${origin}/`, '/');
  for (const address of addresses.filter(Boolean)) {
    const { host, hostname } = new URL(address);
    for (const form of [address, encodeURIComponent(address), host, hostname]) left = left.replaceAll(form, LEFT_OUT);
  }
  // Of an address neither who asks, nor what for: a fragment is a chat.
  left = left.replace(/\b([a-z][a-z+.-]*:\/\/)(?:[^\s/@]*@)?([^\s?#"')]*)(?:[?#][^\s"')]*)?/gi, '$1$2');
  left = left.replace(/#v\d\.\S*/g, LEFT_OUT);
  for (const said of words) left = leaveOutWords(left, said);
  return left;
}

/** Every piece that both have, and the whole where it is shorter than a piece. */
function leaveOutWords(text: string, said: string): string {
  const whole = said.trim();
  if (whole.length < PIECE) return whole.length < 3 ? text : text.replace(wordsOf(whole), LEFT_OUT);
  const pieces = new Set<string>();
  for (let i = 0; i + PIECE <= said.length; i++) pieces.add(said.slice(i, i + PIECE));
  let left = '';
  for (let i = 0, end = -1; i < text.length; i++) {
    if (pieces.has(text.slice(i, i + PIECE))) {
      if (i > end) left += LEFT_OUT;
      end = Math.max(end, i + PIECE);
    }
    if (i >= end) left += text[i];
  }
  return left;
}

/** Not inside another word: "hat" is not in "what". */
function wordsOf(whole: string): RegExp {
  return new RegExp(`(?<![\\p{L}\\p{N}])${whole.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&')}(?![\\p{L}\\p{N}])`, 'gu');
}
