/** Role vectors, the Assistant Axis and persona space (Lu et al. 2026, arXiv 2601.10387): asking the roles. */
import type { CollectSite, Engine } from '../engine/engine';
import { PersonascopeError } from '../errors';
import { computeAxis } from '../personas/axis';
import { meanVector, scale } from '../maths/linear';
import type { CapEntry } from '../personas/persona-space';
import type { RolePrompts } from './prompts';
import type { ReplyMemory } from './reply-memory';
import { measureResidualNorm } from './residual-norm';
import { planSamples, takeSample, type ExtractControl } from './sample';
import { capOn, spaceFromSums, type CapPlace, type ExtractedSpace, type SpaceSums } from './space-sums';

export interface SpaceOptions extends ExtractControl {
  targetLayer: number;
  /** `positions` (default `response`): where the means of the cap's axis are taken. `message` asks every prompt once more, without a reply. */
  cap: CapPlace & { positions?: 'message' | 'response' };
  /** Default: every prompt with every question. Fewer take the questions in turn, prompts alternating. */
  samplesPerRole?: number;
  /** The same for the default Assistant, whose replies the percentiles are taken of. */
  samplesOfDefault?: number;
  /** True if the reply plays the role. Default: every reply is kept. */
  judge?: (reply: { role: string; question: string; text: string }) => boolean | Promise<boolean>;
  /** Default 0.7. */
  temperature?: number;
  /** Default 64. */
  maxTokens?: number;
  /** Default 0. */
  seed?: number;
  /** Replies that the residual's norm is measured on; default 32. */
  normReplies?: number;
  /** Keeps what was sampled of each role; its single replies are let go then. */
  memory?: ReplyMemory;
}

/**
 * Means are over response tokens, of each reply first, then over replies.
 *
 * @throws PersonascopeError `BadRequest` if a role has no reply left or the roles do not span three dimensions
 */
export async function extractSpace(
  engine: Engine,
  prompts: RolePrompts,
  questions: readonly string[],
  options: SpaceOptions,
): Promise<ExtractedSpace> {
  const space = spaceFromSums(await sampleSpace(engine, prompts, questions, options), options);
  if (options.cap.positions !== 'message') return space;
  return { ...space, ...(await extractMessageCap(engine, prompts, questions, options, space.cap)) };
}

/** A cap along the axis of the messages, whose threshold is that of the cap it takes the place of. */
export async function extractMessageCap(
  engine: Engine,
  prompts: RolePrompts,
  questions: readonly string[],
  options: SpaceOptions,
  { threshold }: CapEntry,
): Promise<{ capAxis: Float64Array; cap: CapEntry }> {
  // Over its words, a message is more its question than who is asked: each question counts alike for roles and default.
  const everyQuestion = { samplesPerRole: questions.length, samplesOfDefault: Infinity };
  const unjudged = { ...options, ...everyQuestion, maxTokens: 1, judge: undefined };
  const messages = await sampleRoles(engine, prompts, questions, unjudged, 'message');
  const defaults = messages.defaults.map((mean) => Float64Array.from(mean));
  const capAxis = computeAxis(
    meanVector(defaults),
    messages.roles.map(({ sum, count }) => scale(sum, 1 / count)),
  );
  const cap = capOn(capAxis, defaults, options.cap, engine.info.dModel);
  return { capAxis, cap: { ...cap, positions: 'message', threshold } };
}

/** @throws PersonascopeError `BadRequest` if a role has no reply left */
export async function sampleSpace(
  engine: Engine,
  prompts: RolePrompts,
  questions: readonly string[],
  options: SpaceOptions,
): Promise<SpaceSums> {
  const { nLayers, dModel } = engine.info;
  const sampled = await sampleRoles(engine, prompts, questions, options, 'response');
  const { normReplies: replies = 32, ...control } = options;
  const norms = await measureResidualNorm(engine, prompts.neutral, questions, { ...control, replies });
  return {
    ...{ modelDigest: '', promptSet: '', runs: [], nLayers, dModel, ...sampled },
    residualNorm: { count: replies, sum: norms.map((norm) => norm * replies) },
  };
}

async function sampleRoles(
  engine: Engine,
  prompts: RolePrompts,
  questions: readonly string[],
  options: SpaceOptions,
  site: CollectSite,
): Promise<Pick<SpaceSums, 'roles' | 'defaults'>> {
  const sampler = new RoleSampler(engine, prompts, questions, options, site);
  const defaults = await sampler.sample('default', prompts.neutral, options.samplesOfDefault, (means) =>
    means.map((mean) => Float32Array.from(mean)),
  );
  const roles: SpaceSums['roles'] = [];
  for (const { name, label, family, prompts: asked } of prompts.roles) {
    const add = (means: Float64Array[]) => ({ count: means.length, sum: sumOf(means) });
    roles.push({ name, label, family, ...(await sampler.sample(name, asked, options.samplesPerRole, add)) });
  }
  return { roles, defaults };
}

function sumOf(vectors: readonly Float64Array[]): Float64Array {
  const sum = new Float64Array(vectors[0]!.length);
  for (const vector of vectors) vector.forEach((x, i) => (sum[i]! += x));
  return sum;
}

class RoleSampler {
  readonly #total: number;
  #done = 0;

  constructor(
    private readonly engine: Engine,
    { roles, neutral }: RolePrompts,
    private readonly questions: readonly string[],
    private readonly options: SpaceOptions,
    private readonly site: CollectSite,
  ) {
    const count = (prompts: readonly unknown[], most = Infinity) => Math.min(most, prompts.length * questions.length);
    this.#total = roles.reduce(
      (sum, { prompts }) => sum + count(prompts, options.samplesPerRole),
      count(neutral, options.samplesOfDefault),
    );
  }

  /** What is kept of a role's replies. */
  async sample<T>(
    role: string,
    prompts: readonly (string | null)[],
    most: number | undefined,
    keep: (means: Float64Array[]) => T,
  ): Promise<T> {
    const { memory, temperature, maxTokens, seed } = this.options;
    const plan = planSamples(prompts, this.questions, most ?? Infinity);
    const first = this.#done;
    const work = async () => keep(await this.#replies(role, plan));
    const kept = memory
      ? await memory.remember({ role, plan, first, temperature, maxTokens, seed, site: this.site }, work, {
          absorbs: true,
        })
      : await work();
    const end = first + plan.length;
    if (this.#done < end) this.options.onProgress?.({ subject: role, done: (this.#done = end), total: this.#total });
    return kept;
  }

  /** Means over response tokens, one a kept reply. */
  async #replies(role: string, plan: ReturnType<typeof planSamples<string | null>>): Promise<Float64Array[]> {
    const { temperature = 0.7, maxTokens = 64, seed = 0, judge, signal, onProgress } = this.options;
    const means: Float64Array[] = [];
    for (const { prompt, question } of plan) {
      const sampling = { temperature, topP: 0.95, maxTokens, seed: seed + this.#done };
      const { text, mean } = await takeSample(this.engine, {
        system: prompt,
        question,
        site: this.site,
        sampling,
        signal,
      });
      if (mean && (!judge || (await judge({ role, question, text })))) means.push(mean);
      this.#done++;
      onProgress?.({ subject: role, done: this.#done, total: this.#total });
    }
    if (means.length > 0) return means;
    const message = `No reply of the role "${role}" could be used.`;
    throw new PersonascopeError('BadRequest', message, 'Word its system prompts more strongly, or leave the role out.');
  }
}
