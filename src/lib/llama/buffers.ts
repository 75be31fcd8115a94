/** The GPU buffers that a checkpoint needs, by its config and by the headers of its files: known before its weights are fetched. */
import type { BufferNeed } from '../gpu/buffer-limits';
import type { TensorEntry } from '../formats/safetensors';
import type { LlamaConfig } from './config';
import { expectedTensors } from './tensors';

/** Tokens of a prefill pass. */
export const MAX_ROWS = 128;
/** The cache is no longer than this, whatever the model allows: at 4096 positions a 0.5B model's takes 100 MB. */
export const MAX_CONTEXT = 4096;

/** At least so much: matrices in 16 bits, which only a file's header can tell from 32; norms, biases, cache and scratch in f32. */
export function leastBuffers(config: LlamaConfig): BufferNeed[] {
  const { dVocab, dMlp, dHead, nHeads, nKeyValueHeads } = config;
  const context = Math.min(config.contextLength, MAX_CONTEXT);
  const rows = Math.min(MAX_ROWS, context);
  const weights = [...expectedTensors(config)].map(([what, shape]) => ({
    what,
    bytes: product(shape) * (shape.length > 1 ? 2 : 4),
  }));
  return [
    ...weights,
    { what: 'logits', bytes: dVocab * 4 },
    { what: 'keys of a block', bytes: context * nKeyValueHeads * dHead * 4 },
    { what: 'queries', bytes: rows * nHeads * dHead * 4 },
    { what: 'gate', bytes: rows * dMlp * 4 },
  ];
}

/** Matrices lie on the GPU as they are stored, all else as f32. */
export function weightBuffers(tensors: Iterable<TensorEntry>): BufferNeed[] {
  return [...tensors].map(({ name, shape, begin, end }) => ({
    what: name,
    bytes: shape.length > 1 ? end - begin : product(shape) * 4,
  }));
}

function product(shape: readonly number[]): number {
  return shape.reduce((all, n) => all * n, 1);
}
