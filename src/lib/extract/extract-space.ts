/** Role vectors, the Assistant Axis and persona space (Lu et al. 2026, arXiv 2601.10387). */
import type { Engine } from '../engine/engine';
import { PersonascopeError } from '../errors';
import { capFloors, computeAxis, normPerLayer, projectPerLayer } from '../interp/axis';
import { cosine, dot, layerOf, meanVector, scale, subtract } from '../interp/linear';
import { computePca } from '../interp/pca';
import type { AxisEntry, PcaEntry, PersonaSpace, RoleEntry } from '../interp/persona-space';
import { standardDeviation } from '../interp/stats';
import type { RolePrompts } from './prompts';
import { measureResidualNorm } from './residual-norm';
import { planSamples, takeSample, type ExtractControl } from './sample';

export interface SpaceOptions extends ExtractControl {
  targetLayer: number;
  cap: { layers: number[]; /** 0 to 100; default 25. */ percentile?: number };
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
}

/** Everything of a `PersonaSpace` that comes from roles. Tensors are (nLayers, dModel) unless they say. */
export interface ExtractedSpace {
  roleMeans: Float64Array[];
  defaultMean: Float64Array;
  axisVector: Float64Array;
  /** (3, dModel) */
  components: Float64Array;
  /** (dModel) */
  pcaCentre: Float64Array;
  residualNorm: number[];
  axis: Omit<AxisEntry, 'coherentUpTo'>;
  pca: PcaEntry;
  roles: RoleEntry[];
  cap: PersonaSpace['cap'];
  /** Roles farther toward the Assistant than the default is, plus one: 1 is as in large models. */
  defaultRank: number;
  /** Replies behind each role's mean. */
  kept: number[];
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
  const { dModel } = engine.info;
  const { targetLayer } = options;
  const at = (vectors: Float64Array) => layerOf(vectors, targetLayer, dModel);
  const most = options.samplesPerRole ?? Infinity;
  const counts = prompts.roles.map((role) => planSamples(role.prompts, questions, most).length);
  const mostOfDefault = options.samplesOfDefault ?? Infinity;
  const total = counts.reduce((a, b) => a + b, planSamples(prompts.neutral, questions, mostOfDefault).length);
  const sampler = new RoleSampler(engine, questions, options, total);

  const defaults = await sampler.replies('default', prompts.neutral, mostOfDefault);
  const defaultMean = meanVector(defaults);
  const roleMeans: Float64Array[] = [];
  const kept: number[] = [];
  for (const role of prompts.roles) {
    const replies = await sampler.replies(role.name, role.prompts, most);
    roleMeans.push(meanVector(replies));
    kept.push(replies.length);
  }

  const axisVector = computeAxis(defaultMean, roleMeans);
  const centre = projectPerLayer(meanVector([...roleMeans, defaultMean]), axisVector, dModel);
  const onAxis = (mean: Float64Array) => projectPerLayer(mean, axisVector, dModel)[targetLayer]! - centre[targetLayer]!;
  const { components, explainedVariance, pcaCentre } = orientedPca(roleMeans.map(at), at(axisVector));
  const onComponents = (h: Float64Array) => components.map((c) => dot(h, c)) as [number, number, number];
  const relative = (mean: Float64Array) => onComponents(subtract(at(mean), pcaCentre));
  const roles = prompts.roles.map(({ name, label, family }, i) => {
    return { name, label, family, pc: relative(roleMeans[i]!), axis: onAxis(roleMeans[i]!) };
  });
  const projections = defaults.map((mean) => projectPerLayer(mean, axisVector, dModel));
  const percentile = options.cap.percentile ?? 25;
  const assistant = {
    mean: onAxis(defaultMean),
    sd: standardDeviation(projections.map((projection) => projection[targetLayer]!)),
  };
  return {
    ...{ roleMeans, defaultMean, axisVector, pcaCentre, roles, kept },
    components: Float64Array.from(components.flatMap((c) => [...c])),
    residualNorm: await measureResidualNorm(engine, prompts.neutral, questions, options),
    axis: { norm: normPerLayer(axisVector, dModel), centre, assistant },
    pca: {
      layer: targetLayer,
      explainedVariance,
      cosPc1Axis: cosine(components[0]!, at(axisVector)),
      centre: onComponents(pcaCentre),
      assistant: relative(defaultMean),
    },
    cap: {
      ...{ layers: options.cap.layers, percentile },
      floor: capFloors(projections, options.cap.layers, percentile),
    },
    defaultRank: roles.filter(({ axis }) => axis > assistant.mean).length + 1,
  };
}

/** PCA of the mean-centred role means, PC1 turned toward the Assistant. */
function orientedPca(rows: readonly Float64Array[], axis: Float64Array) {
  const { centre, components, explainedVariance } = computePca(rows, 3);
  if (components.length < 3) {
    const message = `The roles span only ${components.length} of the 3 dimensions of persona space.`;
    throw new PersonascopeError('BadRequest', message, 'Add roles that differ more from each other.');
  }
  const turned = components.map((c, k) => (k === 0 && dot(c, axis) < 0 ? scale(c, -1) : c));
  return { components: turned, explainedVariance, pcaCentre: centre };
}

class RoleSampler {
  #done = 0;

  constructor(
    private readonly engine: Engine,
    private readonly questions: readonly string[],
    private readonly options: SpaceOptions,
    private readonly total: number,
  ) {}

  /** Means over response tokens, one a kept reply. */
  async replies(role: string, prompts: readonly (string | null)[], most: number): Promise<Float64Array[]> {
    const { temperature = 0.7, maxTokens = 64, seed = 0, judge, signal, onProgress } = this.options;
    const means: Float64Array[] = [];
    for (const { prompt, question } of planSamples(prompts, this.questions, most)) {
      const sampling = { temperature, topP: 0.95, maxTokens, seed: seed + this.#done };
      const { text, mean } = await takeSample(this.engine, {
        system: prompt,
        question,
        site: 'response',
        sampling,
        signal,
      });
      if (mean && (!judge || (await judge({ role, question, text })))) means.push(mean);
      this.#done++;
      onProgress?.({ subject: role, done: this.#done, total: this.total });
    }
    if (means.length > 0) return means;
    const message = `No reply of the role "${role}" could be used.`;
    throw new PersonascopeError('BadRequest', message, 'Word its system prompts more strongly, or leave the role out.');
  }
}
