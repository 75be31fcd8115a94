import { Tokenizer } from '@huggingface/tokenizers';
import { describe, expect, it } from 'vitest';
import { rewritePreTokenizer } from '../../../src/lib/chat/pre-tokenizer';
import { ChatTokenizer } from '../../../src/lib/chat/tokenizer';
import cases from '../../fixtures/pre-tokenizers.json';
import { chatMl } from './tiny-tokenizer';

function splitter(entry: unknown) {
  const model = { type: 'BPE', unk_token: null, vocab: {}, merges: [] };
  const parts = { added_tokens: [], normalizer: null, post_processor: null, decoder: null, model };
  return new Tokenizer({ ...parts, pre_tokenizer: rewritePreTokenizer(entry) }, {}).pre_tokenizer!;
}

describe('text is split as by the Rust library', () => {
  it.each(cases.map(({ config, pieces }) => [JSON.stringify(config), config, pieces] as const))(
    'for %s',
    (_, config, pieces) => {
      const preTokenizer = splitter(config);
      const got = Object.keys(pieces).map((text) => [text, text === '' ? [] : preTokenizer.pre_tokenize(text)]);
      expect(Object.fromEntries(got)).toEqual(pieces);
    },
  );

  it.each([
    ['Arabic', '١٢'],
    ['Persian', '۴۵'],
    ['Devanagari', '१२'],
    ['Bengali', '৪৫'],
    ['Thai', '๑๒'],
    ['full-width', '１２'],
    ['ASCII', '12'],
  ])('each digit of a number in %s is a word of its own', (_, digits) => {
    const { pre_tokenizer: words, ...rest } = chatMl.tokenizer;
    const digit = { type: 'Digits', individual_digits: true };
    const level = words.pretokenizers[1];
    const both = { type: 'Sequence', pretokenizers: [digit, level] };
    const vocab = { ...rest.model.vocab };
    // A word of both digits, which must not be read.
    const [pair] = splitter(level).pre_tokenize(digits);
    vocab[pair!] = Object.keys(vocab).length + 10;
    const model = { ...rest.model, vocab, ignore_merges: true };
    const tokenizer = new ChatTokenizer({ ...chatMl, tokenizer: { ...rest, pre_tokenizer: both, model } });
    const ids = tokenizer.encode(digits);
    expect(ids).not.toContain(vocab[pair!]);
    expect(tokenizer.decode(ids)).toBe(digits);
  });
});
