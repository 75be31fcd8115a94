/** Templates come from outside and are run: none may keep the worker for long, and honest ones are not bounded. */
import { expect, test } from 'vitest';
import { ChatTemplate } from '../../../src/lib/chat/chat-template';
import type { Message } from '../../../src/lib/engine/engine';

const render = (source: string, messages: Message[] = [{ role: 'user', content: 'hello' }]) =>
  new ChatTemplate(source, { bos_token: '<s>', eos_token: '</s>' }).render(messages, { addGenerationPrompt: true });
const numbers = 'range(10000)';
const steps = /ran for more than \d+ steps\.$/;
const characters = /wrote more than \d+ characters\.$/;
const doubling = (text: string) => `{% set ns = namespace(s='ab') %}{% for i in range(40) %}${text}{% endfor %}`;

test.each([
  ['two loops', `{% for i in ${numbers} %}{% for j in ${numbers} %}{{ i }}{% endfor %}{% endfor %}`, steps],
  [
    'three loops without a body',
    `{% for i in ${numbers} %}{% for j in ${numbers} %}{% for k in ${numbers} %}{% endfor %}{% endfor %}{% endfor %}`,
    steps,
  ],
  [
    'loops with a condition that nothing meets',
    `{% for i in ${numbers} %}{% for j in ${numbers} if false %}{% endfor %}{% endfor %}`,
    steps,
  ],
  ['a macro that calls itself', '{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}', /deeper than 1000 evaluations/],
  [
    'a macro that calls itself twice',
    '{% macro m(n) %}{% if n %}{{ m(n - 1) }}{{ m(n - 1) }}{% endif %}{% endmacro %}{{ m(40) }}',
    steps,
  ],
  ['a text that doubles', doubling('{% set ns.s = ns.s + ns.s %}'), characters],
  ['a text that doubles by joining', doubling("{% set ns.s = [ns.s, ns.s] | join(',') %}"), characters],
  ['a text that doubles by replacing', doubling("{% set ns.s = ns.s.replace('a', 'aa') %}"), characters],
  [
    'a list of a list of a list',
    '{% set ns = namespace(l=[1]) %}{% for i in range(60) %}{% set ns.l = [ns.l, ns.l] %}{% endfor %}{{ ns.l }}',
    steps,
  ],
  [
    'namespaces that hold each other after they were measured',
    '{% set a = namespace() %}{% set ns = namespace(n=a) %}{% for i in range(60) %}{% set b = namespace(l=[ns.n, ns.n]) %}{% set ns.n = b %}{% endfor %}{{ ns.n.l | tojson | length }}',
    steps,
  ],
  [
    'a long text that is worked on again and again',
    `{% set ns = namespace(s='ab') %}{% for i in range(19) %}{% set ns.s = ns.s + ns.s %}{% endfor %}{% for i in ${numbers} %}{% set x = ns.s | upper | tojson | length %}{% endfor %}`,
    steps,
  ],
  [
    'a list that is sorted again and again',
    `{% set l = ${numbers} %}{% for i in ${numbers} %}{% set x = l | sort | length %}{% endfor %}`,
    steps,
  ],
  [
    'macros that are read again and again',
    `{% for i in ${numbers} %}{% macro m() %}${'{{ 1 }}'.repeat(20_000)}{% endmacro %}{% endfor %}`,
    steps,
  ],
  [
    'a date that is written for ever',
    doubling('{% set ns.s = ns.s + "%B%B" + ns.s %}{{ strftime_now(ns.s) }}'),
    /strftime_now\(\) of \d+ characters/,
  ],
  ['nothing but spaces', `a${' '.repeat(190_000)}b`, /has more than 2000 spaces in a row\.$/],
])(
  '%s ends soon, with a named error',
  (_, source, message) => {
    expect(() => render(source)).toThrow(
      expect.objectContaining({ name: 'BadModel', message: expect.stringMatching(message) }),
    );
  },
  15_000,
);

test('the longest conversation there can be goes through a template that looks around at every message', () => {
  const messages: Message[] = Array.from({ length: 1_001 }, (_, i) => ({
    role: i % 2 ? 'assistant' : 'user',
    content: `${i} ${'words '.repeat(100)}`,
  }));
  const source = `{% set ns = namespace(system='', last=-1) %}
{%- for message in messages %}{% if message.role == 'user' %}{% set ns.last = loop.index0 %}{% endif %}{% endfor %}
{%- for message in messages[::-1] %}{% set ns.system = ns.system + message.content[:1] %}{% endfor %}
{%- for message in messages %}
{%- if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('alternate') }}{% endif %}
{%- if '</think>' in message.content %}{% set content = message.content.split('</think>')[-1].lstrip('\\n') %}
{%- else %}{% set content = message.content | trim %}{% endif %}
{%- if messages[loop.index0 - 1].role == 'user' and loop.index0 != messages | length - 1 and loop.index0 <= ns.last %}{{ '<|' + message.role + '|>' }}{% endif %}
{{- content + eos_token }}{% endfor %}`;
  const text = render(source, messages);
  expect(text.split('</s>')).toHaveLength(1_002);
  expect(
    render(
      '{% for m in messages %}{{ m.content }}{% endfor %}',
      Array(50).fill({ role: 'user', content: 'x'.repeat(100_000) }),
    ),
  ).toHaveLength(5_000_000);
});
