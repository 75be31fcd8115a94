/**
 * Keeps what people write from being read as the model's control tokens.
 *
 * A visitor who types "<|end|>" must not end their turn. Before the template runs, the first character of every special token
 * in a message is exchanged for a stand-in that occurs nowhere in the conversation; the template does its work (trimming, splitting)
 * on text that is otherwise the visitor's own; control tokens in the rendered text are then only those the template wrote;
 * and the stand-ins are exchanged back in the ordinary text between them.
 */
import { PersonascopeError } from '../errors';

/** Unicode's private-use areas. */
const PRIVATE_USE: [first: number, last: number][] = [
  [0xe000, 0xf8ff],
  [0xf0000, 0xffffd],
  [0x100000, 0x10fffd],
];

export class Disguise {
  readonly #starts: RegExp;
  readonly #standIns = new Map<string, string>();
  readonly #originals = new Map<string, string>();

  /**
   * @param specials strings of the control tokens, none empty
   * @param texts everything the visitor wrote
   */
  constructor(specials: readonly string[], texts: readonly string[]) {
    this.#starts = new RegExp(`(?=${specials.map(escapePattern).join('|')}).`, 'gsu');
    const used = new Set(texts.flatMap((text) => [...text]).concat(specials.flatMap((text) => [...text])));
    const free = unused(used);
    for (const special of specials) {
      const first = String.fromCodePoint(special.codePointAt(0)!);
      if (this.#standIns.has(first)) continue;
      const { value } = free.next();
      if (!value)
        throw new PersonascopeError('BadRequest', 'messages use every private-use character.', 'Remove some.');
      this.#standIns.set(first, value);
      this.#originals.set(value, first);
    }
  }

  hide(text: string): string {
    return text.replace(this.#starts, (first) => this.#standIns.get(first)!);
  }

  reveal(text: string): string {
    return text.replace(/\p{Co}/gu, (character) => this.#originals.get(character) ?? character);
  }
}

/** A pattern that matches any of the strings, the longest first; null for none. */
export function anyOf(strings: readonly string[]): RegExp | null {
  const longestFirst = [...strings].sort((a, b) => b.length - a.length);
  return longestFirst.length === 0 ? null : new RegExp(longestFirst.map(escapePattern).join('|'), 'u');
}

function escapePattern(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
}

function* unused(used: ReadonlySet<string>): Generator<string, undefined> {
  for (const [first, last] of PRIVATE_USE) {
    for (let code = first; code <= last; code++) {
      const character = String.fromCodePoint(code);
      if (!used.has(character)) yield character;
    }
  }
}
