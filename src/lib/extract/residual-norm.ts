/** Mean |h| over response tokens of the default Assistant: the denominator of the relative dose. */
import type { Engine } from '../engine/engine';
import { PersonascopeError } from '../errors';
import { layerOf, meanVector, norm, scale, subtract } from '../maths/linear';
import { Random } from '../maths/random';
import { planSamples, takeSample, type ExtractControl } from './sample';

export interface ResidualNormOptions extends ExtractControl {
  temperature?: number;
  maxTokens?: number;
  seed?: number;
  /** Replies, one token of each is measured; default 32. */
  replies?: number;
}

/**
 * An engine collects sums of h, not of |h|. The same reply (same seed) collected up to n tokens and up to n + 1 differs
 * by one token's h, whose norm is then exact up to rounding.
 *
 * @returns (nLayers)
 */
export async function measureResidualNorm(
  engine: Engine,
  neutral: readonly (string | null)[],
  questions: readonly string[],
  options: ResidualNormOptions = {},
): Promise<number[]> {
  const { nLayers, dModel } = engine.info;
  const { temperature = 0.7, maxTokens = 64, seed = 0, replies = 32, signal } = options;
  const random = new Random(seed);
  const norms: Float64Array[] = [];
  for (const [i, { prompt, question }] of planSamples(neutral, questions, replies).entries()) {
    const sums = async (tokens: number) => {
      const sampling = { temperature, topP: 0.95, seed: seed + i, maxTokens: tokens };
      const { mean, count } = await takeSample(engine, {
        system: prompt,
        question,
        site: 'response',
        sampling,
        signal,
      });
      return { sum: mean ? scale(mean, count) : new Float64Array(nLayers * dModel), count };
    };
    const whole = await sums(maxTokens);
    if (whole.count < 2) continue;
    const cut = 2 + random.integer(whole.count - 1);
    const long = await sums(cut);
    const short = await sums(cut - 1);
    if (long.count - short.count !== 1) continue;
    const h = subtract(long.sum, short.sum);
    norms.push(Float64Array.from({ length: nLayers }, (_, layer) => norm(layerOf(h, layer, dModel))));
  }
  if (norms.length > 0) return [...meanVector(norms)];
  throw new PersonascopeError(
    'BadRequest',
    'The default Assistant wrote no reply of two tokens.',
    'Choose other questions.',
  );
}
