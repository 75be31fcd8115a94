/** Small real tokenizers and the chat templates of three model families, for tests. */

/** GPT-2's printable letter for each byte. */
function byteLetters(): string[] {
  const plain = (b: number) => (b >= 33 && b < 127) || (b >= 161 && b < 173) || b >= 174;
  let next = 256;
  return Array.from({ length: 256 }, (_, b) => String.fromCharCode(plain(b) ? b : next++));
}

const MERGES = ['h e', 'l l', 'he ll', 'hell o', 'Ġ w', 'o r', 'Ġw or', 'l d', 'Ġwor ld', 'e n', 'en d', '< |', '| >'];
const PATTERN = "'(?:[sdmt]|ll|ve|re)| ?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";

interface AddedToken {
  content: string;
  special?: boolean;
  lstrip?: boolean;
  rstrip?: boolean;
  normalized?: boolean;
}

export interface ByteLevelOptions {
  added: AddedToken[];
  /** The added tokens come first in the vocabulary and are words of it, as the embedded model has them; else they follow it. */
  isInVocabulary?: boolean;
  ignoreMerges?: boolean;
  normalizer?: object | null;
}

/** tokenizer.json of a byte-level BPE with 256 bytes, a few merges and the added tokens. */
export function byteLevelTokenizer({ added, isInVocabulary, ignoreMerges, normalizer }: ByteLevelOptions) {
  const words = [...byteLetters(), ...MERGES.map((merge) => merge.replace(' ', ''))];
  const all = isInVocabulary ? [...added.map(({ content }) => content), ...words] : words;
  const vocab = Object.fromEntries(all.map((word, id) => [word, id]));
  const firstAdded = isInVocabulary ? 0 : words.length;
  const level = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: false, use_regex: false };
  const split = { type: 'Split', pattern: { Regex: PATTERN }, behavior: 'Isolated', invert: false };
  return {
    added_tokens: added.map((token, i) => ({ special: true, normalized: false, ...token, id: firstAdded + i })),
    normalizer: normalizer ?? null,
    pre_tokenizer: { type: 'Sequence', pretokenizers: [split, level] },
    post_processor: null,
    decoder: level,
    model: { type: 'BPE', unk_token: null, ignore_merges: ignoreMerges ?? false, vocab, merges: MERGES },
  };
}

/** tokenizer.json as Llama 2 and Mistral have it: "▁" for spaces, single bytes as tokens, a leading space stripped. */
export function metaspaceTokenizer() {
  const bytes = Array.from({ length: 256 }, (_, b) => `<0x${b.toString(16).toUpperCase().padStart(2, '0')}>`);
  const words = ['<unk>', '<s>', '</s>', ...bytes, '▁', ...'abcdefghijklmnopqrstuvwxyz.', '▁a', '▁b', 'he', '▁he'];
  return {
    added_tokens: words.slice(0, 3).map((content, id) => ({ id, content, special: true, normalized: false })),
    normalizer: {
      type: 'Sequence',
      normalizers: [
        { type: 'Prepend', prepend: '▁' },
        { type: 'Replace', pattern: { String: ' ' }, content: '▁' },
      ],
    },
    pre_tokenizer: null,
    post_processor: null,
    decoder: {
      type: 'Sequence',
      decoders: [
        { type: 'Replace', pattern: { String: '▁' }, content: ' ' },
        { type: 'ByteFallback' },
        { type: 'Fuse' },
        { type: 'Strip', content: ' ', start: 1, stop: 0 },
      ],
    },
    model: {
      type: 'BPE',
      unk_token: '<unk>',
      byte_fallback: true,
      vocab: Object.fromEntries(words.map((word, id) => [word, id])),
      merges: ['▁ a', '▁ b', 'h e', '▁ he'],
    },
  };
}

/** Qwen2's, without its tools. */
export const chatMl = {
  tokenizer: byteLevelTokenizer({
    added: [
      { content: '<|endoftext|>' },
      { content: '<|im_start|>' },
      { content: '<|im_end|>' },
      { content: '<think>', special: false },
    ],
    normalizer: { type: 'NFC' },
  }),
  tokenizerConfig: {
    bos_token: null,
    eos_token: '<|im_end|>',
    clean_up_tokenization_spaces: false,
    chat_template:
      "{% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}{{ '<|im_start|>system\nBe good.<|im_end|>\n' }}{% endif %}" +
      "{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n' }}{% endfor %}" +
      "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}",
  },
};

/** Llama 3's: trims contents, starts with bos, needs several tokens for a turn's mark; config.json names another eos. */
export const llama3 = {
  tokenizer: byteLevelTokenizer({
    added: [
      { content: '<|begin_of_text|>' },
      { content: '<|end_of_text|>' },
      { content: '<|start_header_id|>' },
      { content: '<|end_header_id|>' },
      { content: '<|eot_id|>' },
    ],
    ignoreMerges: true,
  }),
  tokenizerConfig: {
    bos_token: { content: '<|begin_of_text|>' },
    eos_token: '<|end_of_text|>',
    clean_up_tokenization_spaces: true,
    chat_template: [
      { name: 'tool_use', template: '{{ raise_exception("not this one") }}' },
      {
        name: 'default',
        template:
          "{% set loop_messages = messages %}{% for message in loop_messages %}{% set content = '<|start_header_id|>' + message['role'] + '<|end_header_id|>\n\n'+ message['content'] | trim + '<|eot_id|>' %}" +
          '{% if loop.index0 == 0 %}{% set content = bos_token + content %}{% endif %}{{ content }}{% endfor %}' +
          "{% if add_generation_prompt %}{{ '<|start_header_id|>assistant<|end_header_id|>\n\n' }}{% endif %}",
      },
    ],
  },
};

const marks = ['<|pad|>', '<|bos|>', '<|system|>', '<|user|>', '<|assistant|>', '<|end|>'];

/** The embedded model's: one mark a turn, nothing between mark and content, roles must alternate. */
export const organism = {
  tokenizer: byteLevelTokenizer({ added: marks.map((content) => ({ content })), isInVocabulary: true }),
  tokenizerConfig: {
    bos_token: '<|bos|>',
    eos_token: '<|end|>',
    clean_up_tokenization_spaces: false,
    chat_template:
      "{{ '<|bos|>' }}{% set first = 1 if messages and messages[0]['role'] == 'system' else 0 %}{% for message in messages %}" +
      "{% set expected = 'system' if loop.index0 < first else ('user' if (loop.index0 - first) % 2 == 0 else 'assistant') %}" +
      "{% if message['role'] != expected %}{{ raise_exception('Expected a ' + expected + ' message, got ' + message['role'] + '.') }}{% endif %}" +
      "{{ '<|' + message['role'] + '|>' + message['content'] }}{% if message['role'] == 'assistant' %}{{ '<|end|>' }}{% endif %}{% endfor %}" +
      "{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}",
  },
};
