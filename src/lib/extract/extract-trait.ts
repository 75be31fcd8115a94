/** A persona vector with everything that must stand beside it: quality by layer, a sweep, its controls, a calibrated dial. */
import type { CollectSite, Engine } from '../engine/engine';
import { relativeDose } from '../personas/dial';
import type { PersonaEntry } from '../personas/persona-space';
import type { Classifiers } from './classifier';
import { meanKl, measureCoherence } from './coherence';
import { findCoherentRange, type CalibrationPoint, type CoherentRange } from './coherent-range';
import { extractPersona, promptsOf } from './extract-persona';
import type { ExtractSettings } from './extract-request';
import { likelihoodJudge, modelJudge, type Judge, type JudgeKind, type ScoreReply } from './judge';
import { measureLayers, type HeldOut, type LayerQuality } from './layer-quality';
import type { OwnReply } from './own-replies';
import { ProgressMeter, type ExtractionProgress } from './progress';
import type { Trait } from './prompts';
import { measureResidualNorm } from './residual-norm';
import { RememberingEngine, type ReplyMemory } from './reply-memory';
import { planSamples, takeSample } from './sample';
import { additionOf, measureCell, type Cell, type Steering, type Trials } from './trial';
import { chooseCell, judgeVector, type Verdict } from './verdict';

/** What a vector is believed for. Kept beside it. */
export interface Evidence {
  judge: JudgeKind;
  /** Replies asked for, a side; `kept` is in the entry's quality. */
  asked: number;
  layers: LayerQuality[];
  /** Nats a token above which a reply counts as too surprising; null: not measured on this engine. */
  surpriseLimit: number | null;
  /** On the first half of the held-out questions; the first cell is unsteered. */
  sweep: Cell[];
  /** The cell of the sweep that the dial is set up from, and its steering with controls on the same questions. */
  chosen: Cell;
  controls: { random: Cell[]; shuffled: Cell[] };
  /** That steering and coefficient on the other half, which had no part in the choice: what the verdict is about. */
  confirmed: Record<'vector' | keyof Evidence['controls'], Cell>;
  verdict: Verdict;
  calibration: CalibrationPoint[];
  /** |c v| / mean |h| at the dial's positive end; null: not calibrated. */
  doseAtLimit: number | null;
  /** Mean |h| over response tokens, per layer. */
  residualNorm: number[];
}

export interface TraitExtraction {
  entry: PersonaEntry;
  /** (nLayers, dModel) */
  vector: Float64Array;
  evidence: Evidence;
}

/** What is known of the model. */
export interface TraitContext {
  memory: ReplyMemory;
  /** Null: this engine has no log-probabilities of given words. */
  score: ScoreReply | null;
  classifiers: Classifiers | null;
  /** The embedded model cannot be asked questions about replies. */
  canJudge: boolean;
  /** Where means are taken, against what, and how vectors are added on this model, if its shipped vectors say. */
  shipped: Pick<PersonaEntry, 'positions' | 'contrast' | 'steering'> | null;
  residualNorm: number[] | null;
  signal?: AbortSignal;
  onProgress?: (progress: ExtractionProgress) => void;
}

/** @throws PersonascopeError `BadRequest` if too few replies are kept, `Aborted`, or what the engine throws */
export async function extractTrait(
  bare: Engine,
  trait: Trait,
  settings: ExtractSettings,
  context: TraitContext,
): Promise<TraitExtraction> {
  const { memory, signal } = context;
  const { seed, temperature, maxTokens } = settings;
  const engine = new RememberingEngine(bare, memory);
  const score = context.score && remembered(context.score, memory);
  const judge = chooseJudge(engine, trait, context, score);
  const positions: CollectSite = settings.positions ?? context.shipped?.positions ?? 'response';
  const contrast = settings.contrast ?? context.shipped?.contrast ?? 'opposite';
  const each = Math.min(settings.heldOut, Math.floor(trait.held_out.length / 2));
  const heldOut = trait.held_out.slice(0, each);
  const untouched = trait.held_out.slice(each, 2 * each);
  // Not the questions that the vector is made from.
  const tuning = trait.tuning.length > 0 ? trait.tuning.slice(0, settings.heldOut) : heldOut;
  const rows = sweptRows(engine.info.nLayers, settings.layers, context.shipped?.steering ?? null);
  const { coefficients } = settings;
  const asked = Math.min(settings.samplesPerPolarity, trait.positive.length * trait.questions.length);
  const cells = 1 + rows.length * coefficients.length;
  const walk = 2 * settings.calibration.length * tuning.length;
  const total = 2 * asked + 2 * heldOut.length + (cells + 2 * coefficients.length + 3) * heldOut.length + walk;
  const meter = new ProgressMeter(total, context.onProgress ?? (() => undefined), () => memory.counts.fresh);

  const own: OwnReply[] = [];
  const { vector, norm, kept, halves, controls } = await extractPersona(engine, trait, {
    ...{ positions, contrast, temperature, maxTokens, seed, signal, targetLayer: engine.info.targetLayer },
    samplesPerPolarity: settings.samplesPerPolarity,
    judge: async ({ system, question, text, polarity }) => {
      own.push({ system, question, text });
      return (await judge.score({ question, text })) > 0 === (polarity === 'positive');
    },
    onProgress: () => meter.step('replies', trait.label),
  });

  const unseen: HeldOut[] = [];
  for (const polarity of ['positive', 'negative'] as const) {
    for (const [i, { prompt, question }] of planSamples(
      promptsOf(trait, polarity, contrast),
      heldOut,
      heldOut.length,
    ).entries()) {
      const limit = positions === 'response' ? maxTokens : 1;
      const sampling = { temperature, topP: 0.95, seed: seed + 10_000 + i, maxTokens: limit };
      const { mean } = await takeSample(engine, { system: prompt, question, site: positions, sampling, signal });
      if (mean) unseen.push({ question, polarity, mean });
      meter.step('held-out', trait.label);
    }
  }
  const layers = measureLayers(vector, halves, unseen, engine.info.dModel, seed);

  const coherence = await measureCoherence(score, trait, own);
  const trials: Trials = { engine, judge, coherence, temperature, maxTokens, seed: seed + 20_000, signal };
  const sweeping = { ...trials, onReply: () => meter.step('sweep', trait.label) };
  const sweep = [await measureCell(sweeping, vector, rows[0]!, 0, heldOut)];
  for (const steering of rows) {
    for (const coefficient of coefficients) {
      sweep.push(await measureCell(sweeping, vector, steering, coefficient, heldOut));
    }
  }
  const chosen = chooseCell(sweep.slice(1));

  const controlling = { ...trials, onReply: () => meter.step('controls', trait.label) };
  const twins: Evidence['controls'] = { random: [], shuffled: [] };
  for (const name of ['random', 'shuffled'] as const) {
    for (const coefficient of coefficients) {
      twins[name].push(await measureCell(controlling, controls[name], chosen.steering, coefficient, heldOut));
    }
  }
  const confirming = { ...controlling, seed: trials.seed + heldOut.length };
  const confirm = (v: Float64Array) => measureCell(confirming, v, chosen.steering, chosen.coefficient, untouched);
  const confirmed: Evidence['confirmed'] = {
    vector: await confirm(vector),
    random: await confirm(controls.random),
    shuffled: await confirm(controls.shuffled),
  };

  const confirmedAddition = additionOf(vector, chosen.steering, engine.info.dModel, chosen.coefficient);
  const kl = coherence.limit === null ? await meanKl(engine, untouched.slice(0, 4), [confirmedAddition], signal) : 0;

  const calibrating = { ...trials, onReply: () => meter.step('calibration', trait.label) };
  const { coherentUpTo, onset, points }: Omit<CoherentRange, 'coherentUpTo'> & Pick<PersonaEntry, 'coherentUpTo'> =
    settings.calibration.length > 0
      ? await findCoherentRange(calibrating, vector, chosen.steering, tuning, {
          grid: settings.calibration,
          unsteered: sweep[0]!.expression.rate,
        })
      : { coherentUpTo: null, onset: null, points: [] };
  meter.skip(walk - points.length * tuning.length);

  const residualNorm =
    context.residualNorm ??
    (await measureResidualNorm(engine, [null], tuning, { temperature, maxTokens, seed, replies: 8, signal }));
  const target = engine.info.targetLayer;
  return {
    vector,
    entry: {
      ...{ name: trait.name, label: trait.label, description: trait.description, norm, positions, contrast },
      steering: chosen.steering,
      coherentUpTo,
      onset,
      quality: { kept, auroc: layers[target]!.auroc, splitHalfCosine: layers[target]!.splitHalfCosine },
    },
    evidence: {
      ...{ judge: judge.kind, asked, layers, surpriseLimit: coherence.limit, sweep, chosen, controls: twins },
      confirmed,
      verdict: judgeVector(confirmed.vector, confirmed, kl),
      calibration: points,
      doseAtLimit: coherentUpTo && relativeDose(coherentUpTo.positive, norm, chosen.steering.layers, residualNorm),
      residualNorm,
    },
  };
}

function remembered(score: ScoreReply, memory: ReplyMemory): ScoreReply {
  return (messages, reply) => memory.remember({ score: messages, reply }, () => score(messages, reply));
}

function chooseJudge(engine: Engine, trait: Trait, context: TraitContext, score: ScoreReply | null): Judge {
  const classifier = context.classifiers?.get(trait.name);
  if (classifier) return classifier;
  return context.canJudge || !score ? modelJudge(engine, trait, context.signal) : likelihoodJudge(trait, score);
}

/** Every way of adding that is tried: at one layer, for a few layers, and little by little over all of them. */
export function sweptRows(nLayers: number, layers: readonly number[] | null, shipped: Steering | null): Steering[] {
  const all = Array.from({ length: nLayers }, (_, layer) => layer);
  const few = nLayers <= 8 ? all : evenly(Math.floor(nLayers * 0.25), Math.ceil(nLayers * 0.8), 6);
  const rows: Steering[] = [
    ...(shipped ? [shipped] : []),
    { mode: 'increments', layers: all },
    ...(layers ?? few)
      .filter((layer) => layer < nLayers)
      .map((layer) => ({ mode: 'direct' as const, layers: [layer] })),
  ];
  const keys = rows.map((row) => JSON.stringify([row.mode, row.layers]));
  return rows.filter((_, i) => keys.indexOf(keys[i]!) === i);
}

function evenly(from: number, to: number, count: number): number[] {
  return [...new Set(Array.from({ length: count }, (_, i) => Math.round(from + ((to - from) * i) / (count - 1))))];
}
