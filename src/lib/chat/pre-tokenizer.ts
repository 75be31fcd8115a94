/**
 * The splitting of text into words, as Hugging Face's `tokenizers` (Rust) does it.
 *
 * @huggingface/tokenizers reads most of `tokenizer.json` faithfully. Where it does not, the entry is written anew as one that it reads
 * faithfully: its pre-tokenizers for digits, words and punctuation know ASCII only, it ignores how pieces of a Split are joined, and
 * within (?i:…) it knows the cases of ASCII letters only.
 */

interface Entry {
  type?: string;
  [field: string]: unknown;
}

/** What ByteLevel splits by itself: GPT-2's words. */
const WORDS = "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";
const PUNCTUATION = '[\\p{P}!-/:-@\\[-`{-~]';

/** @param entry `pre_tokenizer` of `tokenizer.json`; what is no such entry is left to the library to refuse */
export function rewritePreTokenizer(entry: unknown): unknown {
  if (typeof entry !== 'object' || entry === null) return entry;
  const it = entry as Entry;
  switch (it.type) {
    case 'Sequence':
      return Array.isArray(it.pretokenizers) ? { ...it, pretokenizers: it.pretokenizers.map(rewritePreTokenizer) } : it;
    case 'Digits':
      return split(it.individual_digits ? '\\p{N}' : '\\p{N}+');
    case 'Whitespace':
      // In brackets, since this one is not Oniguruma's, for which ² is of a word too.
      return keep('[\\w]+|[^\\w\\s]+');
    case 'WhitespaceSplit':
      return keep('\\S+');
    case 'Punctuation':
      return join(PUNCTUATION, it.behavior ?? 'Isolated') ?? it;
    case 'ByteLevel':
      // A space that is put in front belongs to the first word, so then the library has to split.
      if (it.use_regex === false || it.add_prefix_space !== false) return it;
      return { type: 'Sequence', pretokenizers: [split(WORDS), { ...it, use_regex: false }] };
    case 'Split':
      return rewriteSplit(it);
    default:
      return it;
  }
}

function rewriteSplit(it: Entry): Entry {
  const { String: text, Regex: regex } = (it.pattern ?? {}) as { String?: unknown; Regex?: unknown };
  let source: string;
  if (typeof regex === 'string') source = unfoldCase(regex);
  else if (typeof text === 'string') source = text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
  else return it;
  // Isolated pieces are the same whether the pattern finds them or what is between them.
  const rewritten = it.invert && it.behavior !== 'Isolated' ? null : join(source, it.behavior);
  return rewritten ?? { ...it, pattern: { Regex: source } };
}

/** Splits at each match; null for a behaviour that no rewriting is needed for. */
function join(pattern: string, behavior: unknown): Entry | null {
  const other = `(?:(?!${pattern})[\\s\\S])`;
  switch (behavior) {
    case 'Isolated':
      return split(pattern);
    case 'Contiguous':
      return split(`(?:${pattern})+`);
    case 'MergedWithPrevious':
      return split(`${other}+(?:${pattern})|${pattern}`);
    case 'MergedWithNext':
      return split(`(?:${pattern})${other}*`);
    case 'Removed':
      return { type: 'Split', pattern: { Regex: pattern }, behavior: 'Removed', invert: false };
    default:
      return null;
  }
}

function split(pattern: string): Entry {
  return { type: 'Split', pattern: { Regex: pattern }, behavior: 'Isolated', invert: false };
}

/** Keeps the matches and drops what is between them. */
function keep(pattern: string): Entry {
  return { type: 'Split', pattern: { Regex: pattern }, behavior: 'Removed', invert: true };
}

/** Letters outside ASCII that are a case of one in it: ſ of s, the kelvin sign of k. */
const FOLDS: Record<string, string> = { s: 'sS\u017f', k: 'kK\u212a' };

/** Spells out in (?i:…) what the library does not know, and makes a (?i) at the very beginning such a group. */
function unfoldCase(regex: string): string {
  const source = regex.startsWith('(?i)') ? `(?i:${regex.slice(4)})` : regex;
  let result = '';
  let isInClass = false;
  /** Of each open group, whether case is ignored in it. */
  const groups = [false];
  for (let i = 0; i < source.length; i++) {
    const ignoresCase = groups.at(-1)!;
    const escaped = /^\\(?:[pPxuk][{<][^}>]*[}>]|.)/su.exec(source.slice(i));
    const opening = isInClass ? null : /^\((?:\?(?:i:|<?[=!]|[:>]|<[^>]*>))?/.exec(source.slice(i));
    const unit = escaped?.[0] ?? opening?.[0] ?? source[i]!;
    if (opening) groups.push(ignoresCase || unit === '(?i:');
    else if (unit === ')' && !isInClass) groups.pop();
    else if (unit === '[') isInClass = true;
    else if (unit === ']') isInClass = false;
    const fold = ignoresCase && unit.length === 1 ? FOLDS[unit.toLowerCase()] : undefined;
    result += !fold ? unit : isInClass ? fold : `[${fold}]`;
    i += unit.length - 1;
  }
  return result;
}
