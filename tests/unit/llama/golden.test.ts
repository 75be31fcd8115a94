import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import type { Message } from '../../../src/lib/engine/engine';
import { openModelFolder } from '../../../src/lib/llama/source';

interface Golden {
  texts: { text: string; ids: number[] }[];
  chats: { messages: Message[]; ids: number[] }[];
}

/** Written by `organism/golden.py` when the model was exported. */
const golden: Golden = JSON.parse(
  await readFile(new URL('../../fixtures/organism-golden.json', import.meta.url), 'utf8'),
);
const folder = new URL('../../../static/models/organism-assistant/', import.meta.url);

/** The embedded model's folder from disk, as a static host would give it. */
async function fetchFromDisk(url: string | URL | Request): Promise<Response> {
  const name = new URL(String(url)).pathname.slice(1);
  try {
    return new Response(await readFile(new URL(name, folder)));
  } catch {
    return new Response(null, { status: 404 });
  }
}

describe('the embedded model, as Python trained it', async () => {
  const model = await openModelFolder('https://models.test', { fetch: fetchFromDisk });

  it('has the tensors of its config', () => {
    expect(model.tensors.size).toBe(2 + 9 * model.config.nLayers);
    expect(model.tokenizer.size).toBe(model.config.dVocab);
  });

  it.each(golden.texts)('encodes $text', ({ text, ids }) => {
    expect(model.tokenizer.encode(text)).toEqual(ids);
    expect(model.tokenizer.decode(ids)).toBe(text);
  });

  it.each(golden.chats)('encodes chat %#', ({ messages, ids }) => {
    const encoded = model.tokenizer.encodeChat(messages);
    expect(encoded.ids).toEqual(ids);
    const { begin, end } = encoded.message;
    expect(ids.lastIndexOf(model.tokenizer.tokenId('<|user|>')!)).toBe(begin - 1);
    expect(model.tokenizer.decode(ids.slice(begin, end))).toBe(messages.at(-1)!.content);
    expect(end).toBe(ids.length - 1);
  });
});
