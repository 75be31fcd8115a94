/**
 * JSON from outside, parsed only after its depth and size were counted: what is nested 100,000 deep overflows the stack of whoever walks
 * it, and 100 MB of `[],` take gigabytes.
 */
import { limits } from '../limits';

export interface JsonBudget {
  /** Default: `limits.jsonDepth`. */
  maxDepth?: number;
  /** UTF-16 units. */
  maxCharacters: number;
  /** Lists, objects and fields. Default: `limits.jsonParts`. */
  maxParts?: number;
  /** Makes the error to throw. @param reason what is wrong, to follow the name of the text: "is not JSON (…)" */
  refuse: (reason: string, options?: ErrorOptions) => Error;
}

/**
 * The value of a text. A field `__proto__` is an own field like any other and changes no prototype.
 *
 * @throws what `refuse` makes, for a text that is over the budget or no JSON
 */
export function parseUntrusted(text: string, { refuse, ...budget }: JsonBudget): unknown {
  const excess = findExcess(text, budget);
  if (excess !== null) throw refuse(excess);
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw refuse(`is not JSON (${(cause as Error).message})`, { cause });
  }
}

const [quote, backslash, colon, openList, closeList, openObject, closeObject] = Array.from('"\\:[]{}', (character) =>
  character.charCodeAt(0),
) as [number, number, number, number, number, number, number];

/** What is over the budget; null for nothing. The text need not be JSON. */
function findExcess(
  text: string,
  { maxCharacters, maxDepth = limits.jsonDepth, maxParts = limits.jsonParts }: Omit<JsonBudget, 'refuse'>,
): string | null {
  if (text.length > maxCharacters) return `has ${text.length} characters, more than ${maxCharacters}`;
  let depth = 0;
  let parts = 0;
  for (let i = 0; i < text.length; i++) {
    switch (text.charCodeAt(i)) {
      case quote:
        i = findStringEnd(text, i);
        break;
      case openList:
      case openObject:
        if (++depth > maxDepth) return `is nested more than ${maxDepth} deep`;
        parts++;
        break;
      case closeList:
      case closeObject:
        depth--;
        break;
      case colon:
        parts++;
        break;
    }
    if (parts > maxParts) return `has more than ${maxParts} lists, objects and fields`;
  }
  return null;
}

/** The index of the quote that closes the string opened at `start`; past the text's end if nothing closes it. */
export function findStringEnd(text: string, start: number): number {
  let i = start + 1;
  while (i < text.length) {
    const character = text.charCodeAt(i);
    if (character === quote) return i;
    i += character === backslash ? 2 : 1;
  }
  return i;
}
