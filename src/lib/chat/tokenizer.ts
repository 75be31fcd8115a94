/** A model's tokenizer and chat template: conversations to token ids, and token ids to text. */
import { Tokenizer, type AddedToken } from '@huggingface/tokenizers';
import type { Message } from '../engine/engine';
import { PersonascopeError } from '../errors';
import { ChatTemplate, selectTemplate, type SpecialTokens } from './chat-template';
import { Detokenizer } from './detokenizer';
import { anyOf, Disguise } from './disguise';
import { checkMessages } from './messages';
import { rewritePreTokenizer } from './pre-tokenizer';

export interface TokenizerFiles {
  /** Parsed `tokenizer.json`. */
  tokenizer: unknown;
  /** Parsed `tokenizer_config.json`. */
  tokenizerConfig: unknown;
  /** `chat_template.jinja`. */
  chatTemplate?: string;
  /** From `config.json` and `generation_config.json`. */
  eosTokenIds?: number[];
}

export interface EncodedChat {
  /** What the model reads, control tokens spelt out. */
  text: string;
  ids: number[];
  /** Tokens [begin, end) of the last user message's words, the template's marks around them left out. Found when it is asked for. */
  readonly message: { begin: number; end: number };
}

/** A mark, such as <|user|>, [INST] or <｜User｜>: a name between signs. */
const MARK = /^[\p{P}\p{S}].*[\p{L}\p{N}].*[\p{P}\p{S}]$/su;

/** A mark around what a model thinks. It is text: templates look for it in earlier replies, to leave the thoughts out. */
const THOUGHT =
  /^[<[◁][|｜/]*(?:(?:begin|end|start|stop)[_▁](?:of[_▁])?|\w+:)?(?:think|thinking|thoughts?|reasoning)[|｜]*[>\]▷]$/iu;

export class ChatTokenizer {
  /** Tokens that end a reply: the files' eos, and the special token the chat template puts after an assistant's words. */
  readonly stopTokenIds: ReadonlySet<number>;
  /** One more than the highest token id. */
  readonly size: number;
  readonly #tokenizer: Tokenizer;
  readonly #template: ChatTemplate | null;
  readonly #bosToken: string;
  readonly #added: ReadonlyMap<string, AddedToken>;
  readonly #addedPattern: RegExp | null;
  /** Ids that have no text. */
  readonly #specialIds: ReadonlySet<number>;
  /** Control tokens: what nobody's words may be read as. */
  readonly #control: readonly string[];
  readonly #controlPattern: RegExp | null;
  readonly #controlIds: ReadonlySet<number>;
  /** The conversation that was encoded last. */
  #last: { key: string; encoded: EncodedChat } | null = null;

  /** @throws PersonascopeError `BadModel` where a file is not what it should be */
  constructor(files: TokenizerFiles) {
    this.#tokenizer = buildTokenizer(files.tokenizer, files.tokenizerConfig);
    const added = [...this.#tokenizer.get_added_tokens_decoder().values()].filter(({ content }) => content !== '');
    this.#added = new Map(added.map((token) => [token.content, token]));
    this.#addedPattern = anyOf([...this.#added.keys()]);
    this.#bosToken = readMark(files.tokenizerConfig, 'bos_token');
    const eosToken = readMark(files.tokenizerConfig, 'eos_token');
    const isSpecial = ({ special, content }: AddedToken) =>
      (special && !THOUGHT.test(content)) || content === this.#bosToken || content === eosToken;
    this.#specialIds = new Set(added.filter(isSpecial).map(({ id }) => id));
    this.size = this.#tokenizer.model!.vocab.length;

    const source = selectTemplate(files.tokenizerConfig, files.chatTemplate);
    this.#template =
      source === null
        ? null
        : new ChatTemplate(source, {
            ...readSpecials(files.tokenizerConfig),
            bos_token: this.#bosToken,
            eos_token: eosToken,
          });
    // Some models mark turns with added tokens that their files do not call special (DeepSeek's distillations do). Others have words
    // and line breaks among these, which a template writes too (Yi does).
    const frame = this.#renderFrame();
    const isTurnMark = ({ content }: AddedToken) =>
      MARK.test(content) && !THOUGHT.test(content) && frame.includes(content);
    const control = added.filter((token) => isSpecial(token) || isTurnMark(token));
    this.#control = control.map(({ content }) => content);
    this.#controlPattern = anyOf(this.#control);
    this.#controlIds = new Set(control.map(({ id }) => id));

    const eosId = this.#tokenizer.token_to_id(eosToken);
    const stops = [...(files.eosTokenIds ?? []), eosId, this.#findTurnEnd()];
    this.stopTokenIds = new Set(stops.filter((id) => id !== undefined));
  }

  /** The token with this string; undefined if there is none. */
  tokenId(token: string): number | undefined {
    return this.#tokenizer.token_to_id(token);
  }

  /**
   * Tokens of a text in which control tokens are spelt out, "<|end|>" becoming that one token; no bos or eos is added.
   * For text from a visitor use {@link encodeChat}.
   */
  encode(text: string): number[] {
    return known(this.#tokenizer.encode(text, { add_special_tokens: false }).ids);
  }

  /**
   * The conversation as the model's template lays it out, up to where the model goes on. Control tokens in messages are ordinary text.
   * @param prefill the reply's first words
   * @param date what the template writes as today, "2026-11-30T06:12"; default: now
   * @throws PersonascopeError `BadRequest` naming the field, or with the template's words; `NotSupported` for a model without a template
   */
  encodeChat(messages: Message[], prefill = '', date?: string): EncodedChat {
    checkMessages(messages, prefill);
    // A page counts what it then sends. Without a date the template may write today's, which passes.
    const key = date === undefined ? null : JSON.stringify([messages, prefill, date]);
    if (key !== null && key === this.#last?.key) return this.#last.encoded;
    const full = this.#encode(messages, prefill, true, date);
    const find = () => this.#findMessage(messages, prefill, full.ids, date);
    let found: EncodedChat['message'] | undefined;
    const encoded = {
      ...full,
      get message() {
        return (found ??= find());
      },
    };
    if (key !== null) this.#last = { key, encoded };
    return encoded;
  }

  /** The token's own name where it has no text, such as "<|im_end|>", and whether a reply ends with it. */
  markOf(id: number): { mark?: string; endsReply?: true } {
    if (this.#isText(id) && !this.stopTokenIds.has(id)) return {};
    return {
      mark: this.#tokenizer.id_to_token(id) ?? `token ${id}`,
      ...(this.stopTokenIds.has(id) && { endsReply: true as const }),
    };
  }

  /** Text of the tokens, special ones left out. */
  decode(ids: number[]): string {
    const readable = ids.filter((id) => this.#isText(id));
    if (readable.length === 0) return '';
    // Cleaning up spaces before punctuation would make a token's text depend on those after it.
    return this.#tokenizer.decode(readable, { clean_up_tokenization_spaces: false });
  }

  /** For a reply that arrives token by token; what it gives out adds up to {@link decode} of all of them. */
  stream(): Detokenizer {
    const isText = (id: number) => this.#isText(id);
    return new Detokenizer((ids) => this.decode(ids), isText);
  }

  #isText(id: number): boolean {
    return !this.#specialIds.has(id) && this.#tokenizer.id_to_token(id) !== undefined;
  }

  #encode(
    messages: readonly Message[],
    prefill: string,
    addGenerationPrompt: boolean,
    date?: string,
  ): { text: string; ids: number[] } {
    if (!this.#template) {
      const nextStep = 'Choose a model that was trained to chat.';
      throw new PersonascopeError('NotSupported', 'The model has no chat template.', nextStep);
    }
    const contents = [...messages.map(({ content }) => content), prefill];
    if (!contents.some((content) => this.#hasControl(content))) {
      const text = this.#template.render(messages, { addGenerationPrompt, date }) + prefill;
      return { text, ids: this.encode(text) };
    }
    const disguise = new Disguise(this.#control, contents);
    const hidden = messages.map(({ role, content }) => ({ role, content: disguise.hide(content) }));
    const text = this.#template.render(hidden, { addGenerationPrompt, date }) + disguise.hide(prefill);
    return { text: disguise.reveal(text), ids: this.#encodeDisguised(text, disguise) };
  }

  /** Also where only normalising would form a control token: from full-width letters, say. */
  #hasControl(text: string): boolean {
    const { normalizer } = this.#tokenizer;
    const pattern = this.#controlPattern;
    return (
      pattern !== null && (pattern.test(text) || (normalizer !== null && pattern.test(normalizer.normalize(text))))
    );
  }

  /** As the library encodes, except that stand-ins are exchanged back only after the text was split at its control tokens. */
  #encodeDisguised(text: string, disguise: Disguise): number[] {
    const pieces = splitAround(text, this.#addedPattern!);
    pieces.forEach((piece, i) => {
      const token = this.#added.get(piece);
      if (token?.lstrip && i > 0) pieces[i - 1] = pieces[i - 1]!.trimEnd();
      if (token?.rstrip && i + 1 < pieces.length) pieces[i + 1] = pieces[i + 1]!.trimStart();
    });
    return pieces.flatMap((piece, section) => {
      const token = this.#added.get(piece);
      return token ? [token.id] : this.#encodeOrdinary(disguise.reveal(piece), section);
    });
  }

  /** Tokens of a text in which nothing is a control token. */
  #encodeOrdinary(text: string, section: number): number[] {
    const { normalizer, pre_tokenizer: preTokenizer, model } = this.#tokenizer;
    const normal = normalizer ? normalizer.normalize(text) : text;
    if (normal === '') return [];
    const words = preTokenizer ? preTokenizer.pre_tokenize(normal, { section_index: section }) : [normal];
    const idsOf = (pieces: string[]) =>
      known(model!._call(pieces).map((token) => model!.tokens_to_ids.get(token) ?? model!.unk_token_id));
    const ids = idsOf(words);
    // A vocabulary may have the control token as an ordinary word too: then take the text character by character.
    return ids.some((id) => this.#controlIds.has(id)) ? words.flatMap((word) => idsOf([...word])) : ids;
  }

  /** What is not as in the same conversation with another last message, which begins and ends with another letter. */
  #findMessage(messages: Message[], prefill: string, ids: number[], date?: string): EncodedChat['message'] {
    const last = messages.at(-1)!;
    const words = last.content.trim();
    const content = ['a', 'b', 'c'].find((letter) => !words.startsWith(letter) && !words.endsWith(letter))!;
    const other = this.#encode([...messages.slice(0, -1), { ...last, content }], prefill, true, date).ids;
    const begin = commonPrefix(other, ids);
    return { begin, end: Math.max(begin, ids.length - commonPrefix(other.reverse(), ids.toReversed())) };
  }

  /** undefined where the template refuses the messages. */
  #tryEncode(messages: Message[], addGenerationPrompt: boolean): number[] | undefined {
    try {
      return this.#encode(messages, '', addGenerationPrompt).ids;
    } catch (error) {
      if (error instanceof PersonascopeError && error.name !== 'NotSupported') return undefined;
      throw error;
    }
  }

  /** What the template writes around words; '' where it refuses plain conversations. */
  #renderFrame(): string {
    const turns: Message[] = [
      { role: 'user', content: 'a' },
      { role: 'assistant', content: 'b' },
      { role: 'user', content: 'c' },
    ];
    for (const messages of [[{ role: 'system' as const, content: 'd' }, ...turns], turns]) {
      try {
        return this.#template?.render(messages, { addGenerationPrompt: true }) ?? '';
      } catch (error) {
        if (!(error instanceof PersonascopeError)) throw error;
      }
    }
    return '';
  }

  /** The first control token after an assistant's words, as the template writes it: of what is alike after two different replies. */
  #findTurnEnd(): number | undefined {
    if (!this.#template) return undefined;
    const reply = (content: string) =>
      this.#tryEncode(
        [
          { role: 'user', content: 'a' },
          { role: 'assistant', content },
        ],
        false,
      )?.reverse();
    const [ids, other] = [reply('b'), reply('c')];
    if (!ids || !other) return undefined;
    return ids.slice(0, commonPrefix(ids, other)).findLast((id) => this.#controlIds.has(id));
  }
}

/** Special tokens are matched in text as it was written, so that normalising a visitor's text (full-width letters, say) can't form one. */
function buildTokenizer(tokenizer: unknown, tokenizerConfig: unknown): Tokenizer {
  try {
    const json = tokenizer as { added_tokens?: AddedToken[]; pre_tokenizer?: unknown };
    const added = (json.added_tokens ?? []).map((token) => (token.special ? { ...token, normalized: false } : token));
    const preTokenizer = rewritePreTokenizer(json.pre_tokenizer);
    return new Tokenizer({ ...json, added_tokens: added, pre_tokenizer: preTokenizer }, tokenizerConfig as object);
  } catch (cause) {
    const message = `tokenizer.json: the tokenizer can't be built (${(cause as Error).message}).`;
    throw new PersonascopeError('BadModel', message, 'Choose another model.', { cause });
  }
}

/** A string, or an object with the string as `content`, as older files have it. */
function readMark(tokenizerConfig: unknown, field: `${string}_token`): string {
  const mark = (tokenizerConfig as Record<string, unknown>)[field];
  const text = typeof mark === 'object' && mark !== null && 'content' in mark ? mark.content : mark;
  return typeof text === 'string' ? text : '';
}

/** The special tokens that the config names besides, as transformers gives them to a template. */
function readSpecials(tokenizerConfig: unknown): SpecialTokens {
  const names = ['unk_token', 'sep_token', 'pad_token', 'cls_token', 'mask_token'] as const;
  const tokens = names.map((name) => [name, readMark(tokenizerConfig, name)] as const);
  return Object.fromEntries(tokens.filter(([, token]) => token !== ''));
}

function known(ids: (number | undefined)[]): number[] {
  if (ids.every((id) => id !== undefined)) return ids;
  const message = 'The tokenizer has no token for a character of this text, nor one for the unknown.';
  throw new PersonascopeError('BadModel', message, 'Choose another model, or leave the character out.');
}

/** The matches and what is between them, in order, empty pieces left out. */
function splitAround(text: string, pattern: RegExp): string[] {
  return text.split(new RegExp(`(${pattern.source})`, 'u')).filter((piece) => piece !== '');
}

/** How many tokens two sequences begin with alike. */
export function commonPrefix(a: readonly number[], b: readonly number[]): number {
  const different = a.findIndex((id, i) => id !== b[i]);
  return different === -1 ? Math.min(a.length, b.length) : different;
}
