/** `mlc-chat-config.json`: the part of it that we read. What WebLLM itself needs of it, WebLLM checks. */
import * as v from 'valibot';
import { PersonascopeError } from '../errors';

const count = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(1e7));
const text = v.pipe(v.string(), v.maxLength(20_000));
const ids = v.pipe(v.array(v.pipe(v.number(), v.integer(), v.minValue(0))), v.maxLength(100));
const roles = v.record(v.string(), v.nullish(text));

const conversationSchema = v.looseObject({
  system_template: text,
  system_message: v.nullish(text, ''),
  system_prefix_token_ids: v.nullish(ids, []),
  add_role_after_system_message: v.nullish(v.boolean(), true),
  roles,
  role_templates: v.nullish(roles, {}),
  seps: v.pipe(v.array(text), v.minLength(1), v.maxLength(10)),
  role_content_sep: v.nullish(text, ': '),
  role_empty_sep: v.nullish(text, ': '),
  stop_token_ids: v.nullish(ids, []),
});
export type ConversationTemplate = v.InferOutput<typeof conversationSchema>;

const schema = v.looseObject({
  vocab_size: count,
  context_window_size: v.nullish(v.number(), -1),
  sliding_window_size: v.nullish(v.number(), -1),
  prefill_chunk_size: v.nullish(v.number()),
  tokenizer_files: v.array(v.pipe(v.string(), v.maxLength(200))),
  conv_template: conversationSchema,
  model_config: v.nullish(v.record(v.string(), v.unknown()), {}),
});

export interface ChatConfig {
  dVocab: number;
  /** Tokens; what the model's folder says, -1 if it has a sliding window instead. */
  contextLength: number;
  slidingWindow: number;
  prefillChunk: number;
  conversation: ConversationTemplate;
  /** Null where the config does not say: the model can then be talked to, not read. */
  shape: { nLayers: number; dModel: number } | null;
}

/** Whether the library computes in f16, for which the GPU must offer `shader-f16`; false where the config does not say. */
export function needsF16(json: unknown): boolean {
  return v.is(v.looseObject({ quantization: v.pipe(text, v.includes('f16')) }), json);
}

/** @throws PersonascopeError `BadModel` naming the field */
export function parseChatConfig(json: unknown): ChatConfig {
  const parsed = v.safeParse(schema, json);
  if (!parsed.success) {
    const [issue] = parsed.issues;
    const reason = `${v.getDotPath(issue) ?? 'its content'}: ${issue.message}`;
    throw new PersonascopeError('BadModel', `mlc-chat-config.json: ${reason}.`, 'Choose another model.');
  }
  const { output } = parsed;
  return {
    dVocab: output.vocab_size,
    contextLength: output.context_window_size,
    slidingWindow: output.sliding_window_size,
    prefillChunk: output.prefill_chunk_size ?? Infinity,
    conversation: output.conv_template,
    shape: readShape(output.model_config),
  };
}

/** Families name these two by their Hugging Face config; models that see have them one level down. */
function readShape(config: Record<string, unknown>): ChatConfig['shape'] {
  const inner = config['text_config'];
  const levels = [config, typeof inner === 'object' && inner !== null ? (inner as Record<string, unknown>) : {}];
  const find = (...names: string[]) => {
    const values = levels.flatMap((level) => names.map((name) => level[name]));
    return values.find((value): value is number => v.is(count, value));
  };
  const nLayers = find('num_hidden_layers', 'n_layer', 'num_layers');
  const dModel = find('hidden_size', 'n_embd', 'd_model');
  return nLayers !== undefined && dModel !== undefined ? { nLayers, dModel } : null;
}

/**
 * The conversation template as Jinja, so that both engines lay a chat out with the same code. It writes what stock WebLLM writes.
 * @param tokenOf the text of a token id
 * @throws PersonascopeError `BadModel` if a prefix token is not in the tokenizer
 */
export function toJinja(template: ConversationTemplate, tokenOf: (id: number) => string | undefined): string {
  const quote = (value: string) => JSON.stringify(value);
  const prefix = template.system_prefix_token_ids!.map((id) => {
    const token = tokenOf(id);
    if (token !== undefined) return token;
    throw new PersonascopeError('BadModel', `mlc-chat-config.json: the tokenizer has no token ${id}.`);
  });
  const [systemBefore, systemAfter] = split(template.system_template, '{system_message}');
  const of = (role: 'user' | 'assistant') => {
    const template_ = (template.role_templates![role] ?? `{${role}_message}`).replace('{function_string}', '');
    const [before, after] = split(template_, `{${role}_message}`);
    return { name: template.roles[role] ?? '', before, after };
  };
  const [user, assistant] = [of('user'), of('assistant')];
  const pick = (field: 'name' | 'before' | 'after') =>
    `(${quote(user[field])} if message.role == "user" else ${quote(assistant[field])})`;
  const isBare = template.add_role_after_system_message === false;
  return [
    '{%- set asked = messages and messages[0].role == "system" -%}',
    `{%- set system = messages[0].content if asked else ${quote(template.system_message!)} -%}`,
    '{%- set turns = messages[1:] if asked else messages -%}',
    `{%- set head = ${quote(systemBefore)} + system + ${quote(systemAfter)} -%}`,
    `{%- set seps = ${JSON.stringify(template.seps)} -%}`,
    `{{- ${quote(prefix.join(''))} + head -}}`,
    '{%- for message in turns -%}',
    isBare ? '{%- if loop.index0 > 0 or head == "" -%}' : '',
    `{{- ${pick('name')} + ${quote(template.role_content_sep!)} -}}`,
    isBare ? '{%- endif -%}' : '',
    `{{- ${pick('before')} + message.content + ${pick('after')} + seps[loop.index0 % ${template.seps.length}] -}}`,
    '{%- endfor -%}',
    `{%- if add_generation_prompt -%}{{- ${quote(assistant.name + template.role_empty_sep!)} -}}{%- endif -%}`,
  ].join('');
}

/** What stands before and after the placeholder; a template without one has everything before it. */
function split(template: string, placeholder: string): [string, string] {
  const at = template.indexOf(placeholder);
  return at < 0 ? [template, ''] : [template.slice(0, at), template.slice(at + placeholder.length)];
}
