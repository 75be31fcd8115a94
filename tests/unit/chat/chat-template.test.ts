import { describe, expect, it } from 'vitest';
import { ChatTemplate } from '../../../src/lib/chat/chat-template';
import type { Message } from '../../../src/lib/engine/engine';
import fixture from '../../fixtures/jinja.json';

const messages = fixture.messages as Message[];
const marks = { bos_token: '<s>', eos_token: '</s>', unk_token: '<unk>' };

function render(template: string): string {
  return new ChatTemplate(template, marks).render(messages, { addGenerationPrompt: true });
}

describe('a chat template', () => {
  it.each(fixture.cases.filter(({ rendered }) => rendered !== null))(
    'gives what Python gives: $template',
    ({ template, rendered }) => {
      expect(render(template)).toBe(rendered);
    },
  );

  it.each(fixture.cases.filter(({ rendered }) => rendered === null))(
    'is refused where Python refuses: $template',
    ({ template }) => {
      expect(() => render(template)).toThrow(/chat template/);
    },
  );

  it.each(fixture.lacking)('is refused, not misread, where it asks for what is not there: %s', (template) => {
    expect(() => render(template)).toThrow(expect.objectContaining({ name: 'BadModel' }));
  });
});
