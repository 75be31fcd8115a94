/** Conversation templates of real folders, laid out as stock WebLLM lays them out (its conversation.ts, getPromptArrayInternal). */
import { describe, expect, it } from 'vitest';
import { ChatTemplate } from '../../../src/lib/chat/chat-template';
import type { Message } from '../../../src/lib/engine/engine';
import { parseChatConfig, toJinja } from '../../../src/lib/webllm/chat-config';

const chatml = {
  name: 'chatml',
  system_template: '<|im_start|>system\n{system_message}<|im_end|>\n',
  system_message: 'A "conversation"\nbetween two.',
  system_prefix_token_ids: null,
  add_role_after_system_message: true,
  roles: { user: '<|im_start|>user', assistant: '<|im_start|>assistant' },
  role_templates: { user: '{user_message}', assistant: '{assistant_message}', tool: '{tool_message}' },
  seps: ['<|im_end|>\n'],
  role_content_sep: '\n',
  role_empty_sep: '\n',
  stop_str: ['<|im_end|>'],
  stop_token_ids: [2],
};
const llama2 = {
  ...chatml,
  system_template: '[INST] <<SYS>>\n{system_message}\n<</SYS>>\n\n',
  system_prefix_token_ids: [1],
  add_role_after_system_message: false,
  roles: { user: '[INST]', assistant: '[/INST]' },
  seps: [' ', ' </s><s>'],
  role_content_sep: ' ',
  role_empty_sep: ' ',
};
const config = {
  vocab_size: 512,
  context_window_size: 4096,
  tokenizer_files: ['tokenizer.json'],
  conv_template: chatml,
  model_config: { hidden_size: 896, num_hidden_layers: 24 },
};
const turns: Message[] = [
  { role: 'user', content: 'Hi' },
  { role: 'assistant', content: 'Ho' },
  { role: 'user', content: 'Hum' },
];

function render(template: object, messages: Message[]): string {
  const { conversation } = parseChatConfig({ ...config, conv_template: template });
  const jinja = toJinja(conversation, (id) => (id === 1 ? '<s>' : undefined));
  return new ChatTemplate(jinja, { bosToken: '', eosToken: '' }).render(messages, { addGenerationPrompt: true });
}

describe('toJinja', () => {
  it('writes ChatML with the folder’s own system message, or the one that was asked for', () => {
    const rest =
      '<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\nHo<|im_end|>\n<|im_start|>user\nHum<|im_end|>\n<|im_start|>assistant\n';
    expect(render(chatml, turns)).toBe(`<|im_start|>system\nA "conversation"\nbetween two.<|im_end|>\n${rest}`);
    const system: Message = { role: 'system', content: 'Be brief.' };
    expect(render(chatml, [system, ...turns])).toBe(`<|im_start|>system\nBe brief.<|im_end|>\n${rest}`);
  });

  it('writes Llama 2: a prefix token, no role after the system message, two separators in turn', () => {
    expect(render(llama2, turns)).toBe(
      '<s>[INST] <<SYS>>\nA "conversation"\nbetween two.\n<</SYS>>\n\nHi [/INST] Ho </s><s>[INST] Hum [/INST] ',
    );
  });

  it('puts what role templates say around words, and leaves the place of functions empty', () => {
    const wrapped = {
      ...chatml,
      role_templates: { user: '<{function_string}{user_message}>' },
      role_content_sep: null,
    };
    expect(render(wrapped, turns)).toContain('<|im_start|>user: <Hi><|im_end|>\n<|im_start|>assistant: Ho');
  });

  it('refuses a prefix token that the tokenizer lacks', () => {
    expect(() => render({ ...chatml, system_prefix_token_ids: [7] }, turns)).toThrow('has no token 7');
  });
});

describe('parseChatConfig', () => {
  it('finds the shape under the names that families use', () => {
    const shapes = [{ n_layer: 24, n_embd: 896 }, { text_config: { hidden_size: 896, num_hidden_layers: 24 } }];
    for (const model_config of [config.model_config, ...shapes]) {
      expect(parseChatConfig({ ...config, model_config }).shape).toEqual({ nLayers: 24, dModel: 896 });
    }
    expect(parseChatConfig({ ...config, model_config: { hidden_size: '896' } }).shape).toBeNull();
  });

  it('names the field that is wrong', () => {
    expect(() => parseChatConfig({ ...config, conv_template: { ...chatml, seps: [] } })).toThrow('conv_template.seps');
    expect(() => parseChatConfig(null)).toThrow('mlc-chat-config.json');
  });
});
