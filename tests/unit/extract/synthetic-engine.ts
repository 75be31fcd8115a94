/**
 * An engine with no model in it: its residuals are a known function of the system prompt plus seeded noise, so that what
 * extraction finds can be compared with what was put in.
 */
import type { Engine, ResolvedChatRequest } from '../../../src/lib/engine/engine';
import { Random } from '../../../src/lib/maths/random';

export const nLayers = 3;
export const dModel = 8;

export interface SyntheticOptions {
  /** Mean residual for a system prompt, (nLayers * dModel). */
  meanFor: (system: string | null, site: string) => Float64Array;
  /** Standard deviation of every number of every token. */
  noise: number;
  /** Tokens of a reply that is not cut short. */
  replyTokens?: (request: ResolvedChatRequest) => number;
}

export class SyntheticEngine implements Engine {
  readonly requests: ResolvedChatRequest[] = [];
  readonly info = {
    id: 'synthetic',
    engine: 'wgsl' as const,
    ...{ nLayers, dModel, dVocab: 100, contextLength: 512, targetLayer: 1, nParameters: 0, gpuBytes: 0 },
    ...{ taps: 'verified' as const, label: 'Synthetic', gpu: 'none' },
  };
  readonly #options: SyntheticOptions;

  constructor(options: SyntheticOptions) {
    this.#options = options;
  }

  async chat(request: ResolvedChatRequest, options: Parameters<Engine['chat']>[1] = {}): ReturnType<Engine['chat']> {
    this.requests.push(request);
    const { noise, meanFor, replyTokens = () => 5 } = this.#options;
    const system = request.messages.find(({ role }) => role === 'system')?.content ?? null;
    const question = request.messages.at(-1)!.content;
    const tokens = Math.min(request.sampling.maxTokens, replyTokens(request));
    const collected = (options.collect ?? []).map((site) => {
      // The same reply, token for token, whatever its limit is.
      const random = new Random(
        request.sampling.seed + ([...`${system}${question}`].reduce((s, c) => s * 31 + c.charCodeAt(0), 7) % 1e9),
      );
      const count = site === 'response' ? tokens : site === 'message' ? 6 : 1;
      const mean = meanFor(system, site);
      const sum = new Float32Array(mean.length);
      for (let t = 0; t < count; t++) mean.forEach((x, i) => (sum[i]! += x + noise * random.normal()));
      return { site, sum, count };
    });
    return {
      text: `${system ?? ''}|${question}`,
      tokens: Array.from({ length: tokens }, (_, id) => ({ id, text: 'a', logprob: -1 })),
      readings: [],
      stopReason: options.signal?.aborted ? 'aborted' : 'stop',
      timings: { promptTokens: 1, prefillMs: 0, responseTokens: tokens, decodeMs: 0 },
      seed: request.sampling.seed,
      collected,
    };
  }

  forward(): never {
    throw new Error('not used');
  }

  steer(): null {
    return null;
  }

  destroy(): void {}
}
