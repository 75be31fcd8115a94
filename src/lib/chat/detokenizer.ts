/** Tokens to text while they arrive. */

/**
 * Text from tokens one at a time: a character whose bytes are spread over several tokens appears when its last byte is in,
 * and what was given out is never taken back. The window slides as in Hugging Face's text-generation-inference
 * (`decode_token` of `server/text_generation_server/models/model.py`), so the cost of a token does not grow with the reply.
 */
export class Detokenizer {
  /** Everything given out so far. */
  text = '';
  readonly #decode: (ids: number[]) => string;
  readonly #isText: (id: number) => boolean;
  /** Tokens of the last piece given out, then those after it. The former are decoded again, because decoders treat a first token apart. */
  #window: number[] = [];
  #given = 0;

  /** @param isText false for special tokens: they have no text */
  constructor(decode: (ids: number[]) => string, isText: (id: number) => boolean) {
    this.#decode = decode;
    this.#isText = isText;
  }

  /** @returns the text that became certain with this token; often a word, '' in the middle of a character */
  push(id: number): string {
    if (!this.#isText(id)) return '';
    this.#window.push(id);
    return this.#give(false);
  }

  /** @returns what is left when no more tokens come: U+FFFD where a character was cut off */
  end(): string {
    return this.#give(true);
  }

  #give(isLast: boolean): string {
    const known = this.#decode(this.#window.slice(0, this.#given));
    const all = this.#decode(this.#window);
    // A cut-off character decodes to U+FFFD; it may become whole with the next token.
    if (all.length <= known.length || (all.endsWith('\ufffd') && !isLast)) return '';
    const piece = all.slice(known.length);
    this.#window = this.#window.slice(this.#given);
    this.#given = this.#window.length;
    this.text += piece;
    return piece;
  }
}
