/** Jinja's source to the tree that @huggingface/jinja runs, with what its parser lacks. */
import { parse, tokenize } from '@huggingface/jinja';

type Program = ReturnType<typeof parse>;
export type Node = Program['body'][number];

/** @throws what the library throws for a template that does not parse */
export function parseTemplate(source: string): Program {
  const tokens = tokenize(doubleBackslashes(source), { trim_blocks: true, lstrip_blocks: true });
  const program = parse(readTests(tokens));
  nest(program, Object.getPrototypeOf(program) as object);
  return program;
}

type Tokens = ReturnType<typeof tokenize>;

/** What a test with arguments is to the parser, which has none: `x is in(y)` is a filter by the name of "is in". */
export const TEST = /^is (not )?/;

function readTests(tokens: Tokens): Tokens {
  const read: Tokens = [];
  for (let i = 0; i < tokens.length; i++) {
    const isNegated = tokens[i + 1]?.value === 'not';
    const [word, name, next] = [tokens[i]!, tokens[i + (isNegated ? 2 : 1)], tokens[i + (isNegated ? 3 : 2)]];
    const isTest = word.type === 'Identifier' && word.value === 'is' && tokens[i - 1]?.type !== 'Dot';
    if (isTest && name?.type === 'Identifier' && next?.type === 'OpenParen') {
      read.push(
        { type: 'Pipe', value: '|' },
        { type: 'Identifier', value: `is ${isNegated ? 'not ' : ''}${name.value}` },
      );
      i += isNegated ? 2 : 1;
    } else read.push(word);
  }
  return read;
}

/** What ends each part of a source, and inside strings each escape. */
const ENDS = {
  text: /\{[{%#]/g,
  comment: /#\}/g,
  tag: /[%}]\}|['"]/g,
  "'": /\\(?:U00[01][0-9a-f]{5}|.)|'/gis,
  '"': /\\(?:U00[01][0-9a-f]{5}|.)|"/gis,
};

/** A backslash before a letter that it has no meaning for is a backslash in Python, and an error for the library. */
function doubleBackslashes(source: string): string {
  let result = '';
  let part: keyof typeof ENDS = 'text';
  for (let at = 0; ;) {
    const end: RegExp = ENDS[part];
    end.lastIndex = at;
    const found = end.exec(source);
    if (!found) return result + source.slice(at);
    const [sign] = found;
    result += source.slice(at, found.index) + (sign.startsWith('\\') ? readEscape(sign) : sign);
    at = end.lastIndex;
    if (part === 'text') part = sign === '{#' ? 'comment' : 'tag';
    else if (part === 'comment') part = 'text';
    else if (part === 'tag') part = sign === "'" || sign === '"' ? sign : 'text';
    else if (sign === part) part = 'tag';
  }
}

function readEscape(escape: string): string {
  if (/^\\U./s.test(escape)) return String.fromCodePoint(parseInt(escape.slice(2), 16));
  return /^\\[ntrbfvxu'"\\]/.test(escape) ? escape : `\\${escape}`;
}

/** Makes each body one node, a program in the program, so that it is evaluated here. */
function nest(node: Node, prototype: object): void {
  const fields = node as unknown as Record<string, Node[] | undefined>;
  for (const name of ['body', 'alternate', 'defaultBlock']) {
    const body = fields[name];
    if (!body?.length) continue;
    for (const inner of body) nest(inner, prototype);
    if (node.type === 'Program') continue;
    fields[name] = [Object.assign(Object.create(prototype) as object, { type: 'Program', body })];
  }
}
