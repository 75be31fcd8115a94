/** WGSL has no preprocessor; ours knows `#include "file"` and `#define NAME value`, and keeps track of where each line came from. */
import { PersonascopeError } from '../errors';

export interface Source {
  code: string;
  /** Line i of `code` (0-based) is line `line` (1-based) of `file`. */
  origin: { file: string; line: number }[];
}

/** file name in `shaders/` -> text */
export type Sources = Readonly<Record<string, string>>;

/**
 * Resolves includes (each file once) and replaces defined names by their values, whole words only.
 * `defines` win over the file's own.
 * @throws PersonascopeError `ShaderError` for a missing file or a directive it does not know.
 */
export function preprocess(
  file: string,
  sources: Sources,
  defines: Readonly<Record<string, string | number>> = {},
): Source {
  const values = new Map(Object.entries(defines).map(([name, value]) => [name, String(value)]));
  const included = new Set<string>();
  const lines: string[] = [];
  const origin: Source['origin'] = [];

  const substitute = (text: string) => text.replace(/[A-Za-z_]\w*/g, (word) => values.get(word) ?? word);

  const read = (name: string, from: string) => {
    const text = sources[name];
    if (text === undefined) throw new PersonascopeError('ShaderError', `${from}: there is no shaders/${name}.`);
    if (included.has(name)) return;
    included.add(name);
    text.split('\n').forEach((line, i) => {
      const here = `${name}:${i + 1}`;
      const [directive, argument = '', ...rest] = line.trim().split(/\s+/);
      if (directive === '#include') read(substitute(argument.slice(1, -1)), here);
      else if (directive === '#define') {
        if (!values.has(argument)) values.set(argument, rest.join(' '));
      } else if (directive?.startsWith('#'))
        throw new PersonascopeError('ShaderError', `${here}: unknown directive ${directive}.`);
      else {
        lines.push(substitute(line));
        origin.push({ file: name, line: i + 1 });
      }
    });
  };
  read(file, 'kernel');
  return { code: lines.join('\n'), origin };
}
