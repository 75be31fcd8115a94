/** A model's chat template: Jinja as `apply_chat_template` of transformers runs it, on @huggingface/jinja. */
import { Environment } from '@huggingface/jinja';
import type { Message } from '../engine/engine';
import { PersonascopeError } from '../errors';
import { BoundedInterpreter, OverBudget } from './bounded-interpreter';
import { parseTemplate } from './python-parser';

/** Characters: longer than any template in use; the template comes from outside and is run. */
const MAX_TEMPLATE = 200_000;
/** In a row: the library's search for tags takes the square of it. */
const MAX_SPACES = 2_000;
const MAX_RANGE = 10_000;
/** Characters: each directive takes longer than a step. */
const MAX_DATE_FORMAT = 1_000;

/** What the template itself says with raise_exception. */
class Refusal extends Error {}

/**
 * The template a folder means: `chat_template.jinja` if there is one, else `chat_template` of `tokenizer_config.json`,
 * which is a string or a list of named templates, of which "default" is taken, or the first.
 * @returns null where the model has none
 */
export function selectTemplate(tokenizerConfig: unknown, file?: string): string | null {
  if (file !== undefined) return file;
  const template = (tokenizerConfig as { chat_template?: unknown } | null)?.chat_template ?? null;
  if (template === null || typeof template === 'string') return template;
  const named: unknown[] = Array.isArray(template) ? template : [];
  const isNamed = (item: unknown): item is { name: string; template: string } =>
    typeof item === 'object' && item !== null && 'template' in item && typeof item.template === 'string';
  const chosen = named.filter(isNamed).find(({ name }) => name === 'default') ?? named.find(isNamed);
  if (!chosen) throw bad('is neither a string nor a list of named templates');
  return chosen.template;
}

/** `bos_token`, `eos_token`, `pad_token` and so on, by those names. */
export type SpecialTokens = Record<string, string | string[]>;

export class ChatTemplate {
  readonly #program: ReturnType<typeof parseTemplate>;
  readonly #marks: SpecialTokens;
  readonly #sourceLength: number;

  /** @throws PersonascopeError `BadModel` where the template does not parse */
  constructor(source: string, marks: SpecialTokens) {
    if (source.length > MAX_TEMPLATE) throw bad(`is longer than ${MAX_TEMPLATE} characters`);
    if (longestRun(source) > MAX_SPACES) throw bad(`has more than ${MAX_SPACES} spaces in a row`);
    this.#sourceLength = source.length;
    try {
      // Jinja reads every line end as \n.
      this.#program = parseTemplate(source.replace(/\r\n?/g, '\n'));
    } catch (cause) {
      throw bad(`does not parse: ${(cause as Error).message}`, { cause });
    }
    this.#marks = marks;
  }

  /**
   * The conversation as the model reads it.
   * @param options `date`: local time that the template may write, "2026-11-30T06:12"; default: now
   * @throws PersonascopeError `BadRequest` with the template's words where it refuses the messages, `BadModel` where it can't be run,
   * or does or writes more than any honest one
   */
  render(messages: readonly Message[], options: { addGenerationPrompt: boolean; date?: string | undefined }): string {
    const environment = new Environment();
    const globals: Record<string, unknown> = {
      ...{ true: true, false: false, none: null, True: true, False: false, None: null },
      raise_exception: (words: unknown) => {
        throw new Refusal(String(words));
      },
      range: boundedRange,
      strftime_now: (format: string) =>
        formatTime(options.date === undefined ? new Date() : new Date(options.date), format),
      messages: messages.map(({ role, content }) => ({ role, content })),
      ...{ tools: null, documents: null },
      add_generation_prompt: options.addGenerationPrompt,
      ...this.#marks,
    };
    for (const [name, value] of Object.entries(globals)) environment.set(name, value);
    try {
      const inputLength = messages.reduce((sum, { content }) => sum + content.length, 0);
      const interpreter = new BoundedInterpreter(environment, { inputLength, sourceLength: this.#sourceLength });
      return String(interpreter.run(this.#program).value);
    } catch (cause) {
      if (cause instanceof OverBudget) throw bad(cause.message, { cause });
      if (!(cause instanceof Refusal)) throw bad(`can't be run: ${(cause as Error).message}`, { cause });
      const nextStep = 'Change the messages: this model expects another order or other roles.';
      throw new PersonascopeError('BadRequest', `The model's chat template says: ${cause.message}`, nextStep);
    }
  }
}

function boundedRange(start: number, stop?: number, step = 1): number[] {
  const [from, to] = stop === undefined ? [0, start] : [start, stop];
  const length = Math.max(0, Math.ceil((to - from) / step));
  if (!(length <= MAX_RANGE)) throw new Error(`range() of ${length} numbers`);
  return Array.from({ length }, (_, i) => from + i * step);
}

function longestRun(source: string): number {
  return Math.max(0, ...(source.match(/\s{100,}/g) ?? []).map(({ length }) => length));
}

/** Python's strftime, in English, with the directives that templates use. */
function formatTime(now: Date, format: string): string {
  if (format.length > MAX_DATE_FORMAT) throw new Error(`strftime_now() of ${format.length} characters`);
  const pad = (value: number) => String(value).padStart(2, '0');
  const name = (options: Intl.DateTimeFormatOptions) => now.toLocaleDateString('en-US', options);
  const directives: Record<string, () => string> = {
    Y: () => String(now.getFullYear()),
    y: () => pad(now.getFullYear() % 100),
    m: () => pad(now.getMonth() + 1),
    d: () => pad(now.getDate()),
    H: () => pad(now.getHours()),
    M: () => pad(now.getMinutes()),
    S: () => pad(now.getSeconds()),
    B: () => name({ month: 'long' }),
    b: () => name({ month: 'short' }),
    A: () => name({ weekday: 'long' }),
    a: () => name({ weekday: 'short' }),
    '%': () => '%',
  };
  return format.replace(/%([a-zA-Z%])/g, (directive, letter: string) => directives[letter]?.() ?? directive);
}

function bad(reason: string, options?: ErrorOptions): PersonascopeError {
  return new PersonascopeError('BadModel', `The model's chat template ${reason}.`, 'Choose another model.', options);
}
