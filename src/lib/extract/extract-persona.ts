/** The persona vector of a trait (Chen et al. 2025, arXiv 2507.21509, section 2), with its quality and its controls. */
import type { CollectSite, Engine } from '../engine/engine';
import { PersonascopeError } from '../errors';
import { normPerLayer } from '../personas/axis';
import { cosine, dot, layerOf } from '../maths/linear';
import { Random } from '../maths/random';
import type { Contrast } from '../personas/persona-space';
import { auroc } from '../maths/stats';
import { meanDifference, randomTwin, shuffledTwin, type Labelled } from './controls';
import type { Trait } from './prompts';
import { planSamples, takeSample, type ExtractControl } from './sample';

export interface JudgedReply {
  trait: Trait;
  /** What the system prompt asked for. */
  polarity: Polarity;
  /** Null: there was none. */
  system: string | null;
  question: string;
  text: string;
}
const polarities = ['positive', 'negative'] as const;
export type Polarity = (typeof polarities)[number];

/** System prompts of one side; null: none, once for each prompt of the other side. */
export function promptsOf(trait: Trait, polarity: Polarity, contrast: Contrast): readonly (string | null)[] {
  return polarity === 'negative' && contrast === 'default' ? trait.positive.map(() => null) : trait[polarity];
}

export interface PersonaOptions extends ExtractControl {
  /** Where means are taken. */
  positions: CollectSite;
  /** What the vector points away from: the trait's opposite, or the model with no system prompt. Default: the opposite. */
  contrast?: Contrast;
  /** Layer of the quality figures. */
  targetLayer: number;
  /** True if the reply is what its system prompt asked for. Default: every reply is kept. */
  judge?: (reply: JudgedReply) => boolean | Promise<boolean>;
  /** Per polarity. Default: every system prompt with every question. Fewer take the questions in turn, prompts alternating. */
  samplesPerPolarity?: number;
  /** Default 0.7. */
  temperature?: number;
  /** Default 64; 1 where the reply is neither averaged nor judged. */
  maxTokens?: number;
  /** Default 0. */
  seed?: number;
}

export interface ExtractedPersona {
  name: string;
  /** (nLayers, dModel): mean over kept positive samples - the same over negatives, of means over the site's tokens. */
  vector: Float64Array;
  /** |v[l]| per layer. */
  norm: number[];
  kept: { positive: number; negative: number };
  /** Of one half's questions' projections on the other half's vector, at the target layer; mean of both ways. */
  auroc: number;
  /** Between the vectors of the two halves of the questions, at the target layer. */
  splitHalfCosine: number;
  /** The vectors of the two halves of the questions, (nLayers, dModel) each. */
  halves: [Float64Array, Float64Array];
  controls: { shuffled: Float64Array; random: Float64Array };
}

interface Kept extends Labelled {
  polarity: Polarity;
  /** Questions alternate between the halves. */
  half: 0 | 1;
}

/**
 * Samples the questions under pairs of system prompts.
 *
 * @throws PersonascopeError `BadRequest` if too few replies are kept, `Aborted`, or what the engine throws
 */
export async function extractPersona(engine: Engine, trait: Trait, options: PersonaOptions): Promise<ExtractedPersona> {
  const { dModel } = engine.info;
  const { targetLayer, seed = 0 } = options;
  const kept = await sampleTrait(engine, trait, options);
  const of = (polarity: Polarity, half?: number) =>
    kept.filter((s) => s.polarity === polarity && (half === undefined || s.half === half)).map(({ mean }) => mean);
  const [positives, negatives] = [of('positive'), of('negative')];
  for (const polarity of polarities) {
    for (const half of [0, 1]) {
      if (of(polarity, half).length > 0) continue;
      const message = `Too few ${polarity} replies of "${trait.label}" were what their system prompt asked for.`;
      throw new PersonascopeError('BadRequest', message, 'Word the system prompts more strongly, or add questions.');
    }
  }
  const vector = meanDifference(positives, negatives);
  const halfOf = (half: number) => meanDifference(of('positive', half), of('negative', half));
  const halves: ExtractedPersona['halves'] = [halfOf(0), halfOf(1)];
  const at = (vectors: Float64Array) => layerOf(vectors, targetLayer, dModel);
  const separation = (half: number) => {
    const direction = at(halves[1 - half]!);
    const scores = (polarity: Polarity) => of(polarity, half).map((mean) => dot(at(mean), direction));
    return auroc(scores('positive'), scores('negative'));
  };
  const random = new Random(seed);
  const labels = polarities.map((polarity) => kept.filter((s) => s.polarity === polarity));
  return {
    name: trait.name,
    vector,
    norm: normPerLayer(vector, dModel),
    kept: { positive: positives.length, negative: negatives.length },
    auroc: (separation(0) + separation(1)) / 2,
    splitHalfCosine: cosine(at(halves[0]), at(halves[1])),
    halves,
    controls: {
      shuffled: shuffledTwin(vector, labels, dModel, random),
      random: randomTwin(vector, dModel, random),
    },
  };
}

async function sampleTrait(engine: Engine, trait: Trait, options: PersonaOptions): Promise<Kept[]> {
  const { positions, contrast = 'opposite', judge, seed = 0, signal, onProgress } = options;
  const needsReply = positions === 'response' || judge !== undefined;
  const maxTokens = needsReply ? (options.maxTokens ?? 64) : 1;
  const most = options.samplesPerPolarity ?? Infinity;
  const plan = polarities.flatMap((polarity) =>
    planSamples(promptsOf(trait, polarity, contrast), trait.questions, most).map((pair) => ({ ...pair, polarity })),
  );
  const kept: Kept[] = [];
  for (const [done, { polarity, prompt, question }] of plan.entries()) {
    const sampling = { temperature: options.temperature ?? 0.7, topP: 0.95, seed: seed + done, maxTokens };
    const { text, mean } = await takeSample(engine, { system: prompt, question, site: positions, sampling, signal });
    const isKept = !judge || (await judge({ trait, polarity, system: prompt, question, text }));
    const half = trait.questions.indexOf(question) % 2 === 0 ? 0 : 1;
    if (mean && isKept) kept.push({ polarity, prompt, half, mean });
    onProgress?.({ subject: trait.name, done: done + 1, total: plan.length });
  }
  return kept;
}
