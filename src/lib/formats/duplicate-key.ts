/** JSON.parse keeps the last of two equal keys without a word; a safetensors header must not have any. */
import { findStringEnd } from './untrusted-json';

/**
 * The first key that occurs twice at the top level. Reads the text once.
 * @param json an object's text, known to parse
 */
export function findDuplicateKey(json: string): string | null {
  const seen = new Set<string>();
  let depth = 0;
  let key: [begin: number, end: number] = [0, 0];
  for (let i = 0; i < json.length; i++) {
    switch (json[i]) {
      case '"': {
        const end = findStringEnd(json, i);
        if (depth === 1) key = [i, end + 1];
        i = end;
        break;
      }
      case '{':
      case '[':
        depth++;
        break;
      case '}':
      case ']':
        depth--;
        break;
      case ':': {
        if (depth !== 1) break;
        const name = JSON.parse(json.slice(...key)) as string;
        if (seen.has(name)) return name;
        seen.add(name);
        break;
      }
      default: // Any other character.
    }
  }
  return null;
}
