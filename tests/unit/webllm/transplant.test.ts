/** The embedded model in a larger shape must compute the same numbers: both run in float64 by the papers' formulas. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parseConfig } from '../../../src/lib/llama/config';
import { decodeFloats, parseHeader } from '../../../src/lib/formats/safetensors';
import { referenceForward, type ReferenceWeights } from '../../engine/reference';
import type { Library, LibraryParameter } from '../../webllm/library';
import { Transplant } from '../../webllm/transplant';
import { dequantiseRow } from '../../webllm/weights';

const FOLDER = 'static/models/organism-assistant';
const organism = parseConfig(JSON.parse(readFileSync(`${FOLDER}/config.json`, 'utf8')));

/** A library like Qwen2-0.5B's, small enough for float64 in JavaScript. */
const [D, LAYERS, HEADS, GROUPS, HEAD, MLP, VOCABULARY] = [256, 7, 10, 2, 64, 544, 2176];
const constants = { ropeTheta: 1e6, rmsNormEps: (organism.rmsNormEps * organism.dModel) / D };

function makeLibrary(quantization: string): Library {
  const isQuantised = quantization === 'q4f32_1';
  const matrix = (name: string, out: number, into: number): LibraryParameter[] =>
    isQuantised
      ? [
          { name: `${name}.q_weight`, shape: [out, into / 8], dtype: 'uint32' },
          { name: `${name}.q_scale`, shape: [out, into / 32], dtype: 'float32' },
        ]
      : [{ name: `${name}.weight`, shape: [out, into], dtype: 'float32' }];
  const norm = (name: string): LibraryParameter => ({ name: `${name}.weight`, shape: [D], dtype: 'float32' });
  const parameters = matrix('model.embed_tokens', VOCABULARY, D);
  for (let i = 0; i < LAYERS; i++) {
    const at = `model.layers.${i}`;
    parameters.push(
      ...matrix(`${at}.self_attn.c_attn`, (HEADS + 2 * GROUPS) * HEAD, D),
      ...matrix(`${at}.self_attn.o_proj`, D, HEADS * HEAD),
      ...matrix(`${at}.mlp.gate_up_proj`, 2 * MLP, D),
      ...matrix(`${at}.mlp.down_proj`, D, MLP),
      norm(`${at}.input_layernorm`),
      norm(`${at}.post_attention_layernorm`),
    );
  }
  parameters.push(norm('model.norm'));
  return {
    ...{ file: 'made-up.wasm', path: '', modelType: 'qwen2', quantization, contextWindow: 64, prefillChunk: 64 },
    ...{ nLayers: LAYERS, nHeads: HEADS, nKeyValueHeads: GROUPS, dHead: HEAD, parameters },
  };
}

function readBytes(transplant: Transplant, parameter: LibraryParameter): Uint8Array<ArrayBuffer> {
  const source = transplant.source(parameter);
  const bytes = new Uint8Array(source.length);
  // In pieces that cut rows and words: the server does so too.
  for (let begin = 0; begin < bytes.length; begin += 100_003)
    source.fill(begin, bytes.subarray(begin, begin + 100_003));
  return bytes;
}

/** What the library has in memory, under Hugging Face's names, dequantised. */
function readTransplant(transplant: Transplant, library: Library): ReferenceWeights {
  const weights = new Map<string, ArrayLike<number>>();
  for (const parameter of library.parameters) {
    if (parameter.name.endsWith('q_scale')) continue;
    const [, tensor, part] = /^(.*)\.(weight|q_weight)$/.exec(parameter.name)!;
    const bytes = readBytes(transplant, parameter);
    let values = new Float32Array(bytes.buffer);
    if (part === 'q_weight') {
      const scale = library.parameters.find(({ name }) => name === `${tensor}.q_scale`)!;
      const scales = new Float32Array(readBytes(transplant, scale).buffer);
      values = new Float32Array(dequantiseRow({ words: new Uint32Array(bytes.buffer), scales }));
    }
    if (tensor!.endsWith('c_attn')) {
      const at = tensor!.replace('c_attn', '');
      const [q, k] = [HEADS * HEAD * D, GROUPS * HEAD * D];
      weights.set(`${at}q_proj.weight`, values.subarray(0, q));
      weights.set(`${at}k_proj.weight`, values.subarray(q, q + k));
      weights.set(`${at}v_proj.weight`, values.subarray(q + k));
    } else if (tensor!.endsWith('gate_up_proj')) {
      weights.set(tensor!.replace('gate_up', 'gate') + '.weight', values.subarray(0, MLP * D));
      weights.set(tensor!.replace('gate_up', 'up') + '.weight', values.subarray(MLP * D));
    } else weights.set(`${tensor}.weight`, values);
  }
  return weights;
}

function readReference(transplant: Transplant): ReferenceWeights {
  const bytes = transplant.reference();
  const { tensors } = parseHeader(bytes, 'reference', bytes.length);
  return new Map([...tensors].map(([name, { begin, end }]) => [name, decodeFloats(bytes.subarray(begin, end), 'F32')]));
}

describe.each(['q0f32', 'q4f32_1'])('%s', (quantization) => {
  const library = makeLibrary(quantization);
  const transplant = new Transplant(FOLDER, library, constants);
  const there = {
    ...organism,
    ...{
      dModel: D,
      nLayers: LAYERS,
      nHeads: HEADS,
      nKeyValueHeads: GROUPS,
      dHead: HEAD,
      dMlp: MLP,
      dVocab: VOCABULARY,
    },
    ...constants,
  };

  test('residuals and logits are those of the reference, padded; unused ids lose; added layers add nothing', () => {
    const tokenIds = [1, 3, 300, 1200, 7, 4];
    const got = referenceForward(there, readTransplant(transplant, library), tokenIds);
    const want = referenceForward(organism, readReference(transplant), tokenIds);
    tokenIds.forEach((_, t) => {
      for (let layer = 0; layer < LAYERS; layer++) {
        const row = want.residuals[Math.min(layer, organism.nLayers - 1)]![t]!;
        const norm = Math.hypot(...row);
        row.forEach((x, i) => expect(Math.abs(got.residuals[layer]![t]![i]! - x)).toBeLessThan(1e-6 * norm));
      }
      const logits = want.logits[t]!;
      const largest = Math.max(...logits.map(Math.abs));
      logits.forEach((x, id) => expect(Math.abs(got.logits[t]![id]! - x)).toBeLessThan(1e-6 * largest));
      expect(Math.max(...got.logits[t]!.slice(organism.dVocab))).toBeLessThan(Math.min(...logits) - 500);
    });
  });
});

test('a library that the organism does not fit into is refused, with the reason', () => {
  const library = { ...makeLibrary('q0f32'), nLayers: 5 };
  expect(() => new Transplant(FOLDER, library, constants)).toThrow(/made-up\.wasm: layers\./);
  expect(() => new Transplant(FOLDER, makeLibrary('q0f32'))).toThrow(/eps of the norms/);
});
