/** The embedded checkpoints against PyTorch (`organism/golden.py`): logits, residuals and greedy replies. */
import { readFileSync } from 'node:fs';
import { afterAll, describe, expect, test } from 'vitest';
import { embeddedModels } from '../../src/lib/downloads/embedded-models';
import { openGpu } from '../../src/lib/gpu/device';
import { LlamaEngine } from '../../src/lib/llama/engine';
import { openModelFolder } from '../../src/lib/llama/source';
import type { Message } from '../../src/lib/engine/engine';
import { fetchLocal, localUrl } from './local-files';

interface Golden {
  chats: { messages: Message[] }[];
  models: Record<
    string,
    {
      sequences: {
        ids: number[];
        top_ids: number[];
        top_logits: number[];
        sum: number;
        sum_of_squares: number;
        residuals: { norm: number; first: number[] }[];
      }[];
      greedy: number[][];
    }
  >;
}
const golden: Golden = JSON.parse(readFileSync('tests/fixtures/organism-golden.json', 'utf8'));
const gpu = await openGpu();
afterAll(() => gpu.destroy());

/** Relative to the largest value of the row. */
const TOLERANCE = 1e-3;

describe.each(embeddedModels)('$id', async ({ id }) => {
  const files = await openModelFolder(localUrl(`${process.cwd()}/static/models/${id}`), { fetch: fetchLocal });
  const engine = await LlamaEngine.open({ gpu, files, id, label: id });
  afterAll(() => engine.destroy());
  const { sequences, greedy } = golden.models[id]!;
  const { nLayers, dModel, dVocab } = engine.info;
  const layers = Array.from({ length: nLayers }, (_, layer) => layer);

  test.each(sequences)('logits and residuals after $ids.length tokens', async (want) => {
    const { logits, residuals } = await engine.forward({ tokenIds: want.ids, interventions: [], residuals: layers });
    const last = logits.subarray((want.ids.length - 1) * dVocab);
    const largest = Math.max(...want.top_logits.map(Math.abs));
    want.top_ids.forEach((token, i) =>
      expect(Math.abs(last[token]! - want.top_logits[i]!)).toBeLessThan(TOLERANCE * largest),
    );
    const squares = last.reduce((sum, x) => sum + x * x, 0);
    expect(Math.abs(squares - want.sum_of_squares)).toBeLessThan(TOLERANCE * want.sum_of_squares);
    want.residuals.forEach(({ norm, first }, layer) => {
      const row = residuals[layer]!.subarray((want.ids.length - 1) * dModel);
      expect(Math.abs(Math.hypot(...row) - norm)).toBeLessThan(TOLERANCE * norm);
      first.forEach((value, i) => expect(Math.abs(row[i]! - value)).toBeLessThan(TOLERANCE * norm));
    });
  });

  test.each(golden.chats.map(({ messages }, i) => ({ messages, ids: greedy[i]! })))(
    'greedy reply %#',
    async ({ messages, ids }) => {
      const sampling = { temperature: 0, topP: 1, seed: 0, maxTokens: 32 };
      const { tokens } = await engine.chat({ messages, interventions: [], probes: [], schedule: [], sampling });
      expect(tokens.map((token) => token.id)).toEqual(ids.filter((token) => !files.tokenizer.stopTokenIds.has(token)));
    },
  );
});
