/** JSON.parse keeps the last of two equal keys without a word; a safetensors header must not have any. */

/**
 * The first key that occurs twice at the top level.
 * @param json an object's text, known to parse
 */
export function findDuplicateKey(json: string): string | null {
  const seen = new Set<string>();
  let depth = 0;
  let lastString = '';
  for (let i = 0; i < json.length; i++) {
    const character = json[i]!;
    if (character === '"') {
      const end = findStringEnd(json, i);
      if (depth === 1) lastString = json.slice(i, end + 1);
      i = end;
    } else if (character === '{' || character === '[') depth++;
    else if (character === '}' || character === ']') depth--;
    else if (character === ':' && depth === 1) {
      const key = JSON.parse(lastString) as string;
      if (seen.has(key)) return key;
      seen.add(key);
    }
  }
  return null;
}

/** The index of the quote that closes the string opened at `start`. */
function findStringEnd(json: string, start: number): number {
  let i = start + 1;
  while (json[i] !== '"') i += json[i] === '\\' ? 2 : 1;
  return i;
}
