/** Replies under steering, judged: what every cell of a sweep and every step of a calibration is made of. */
import type { Engine } from '../engine/engine';
import { PersonascopeError } from '../errors';
import { toIncrements } from '../engine/increments';
import type { ResolvedIntervention } from '../engine/intervention';
import { layerOf } from '../maths/linear';
import type { PersonaEntry } from '../personas/persona-space';
import { proportion, type Proportion } from '../maths/proportion';
import { asMessages, type Coherence } from './coherence';
import type { Judge } from './judge';

export type Steering = PersonaEntry['steering'];

export interface Cell {
  steering: Steering;
  coefficient: number;
  /** Share of replies that show the trait. */
  expression: Proportion;
  /** Share of replies that are coherent. */
  coherence: Proportion;
  /** Share of replies that show the trait and are coherent. */
  both: Proportion;
  /** The first question's reply. */
  example: string;
}

export interface Trials {
  engine: Engine;
  judge: Judge;
  coherence: Coherence;
  temperature: number;
  maxTokens: number;
  seed: number;
  /** System prompts that the questions are asked under, in turn; default: none. */
  systems?: readonly string[];
  signal?: AbortSignal;
  onReply?: () => void;
}

/** As the dials add it. @param vector (nLayers, dModel) */
export function additionOf(
  vector: Float64Array,
  { mode, layers }: Steering,
  dModel: number,
  coefficient: number,
): ResolvedIntervention {
  const raw = new Map(layers.map((layer) => [layer, Float32Array.from(layerOf(vector, layer, dModel))]));
  const vectors = mode === 'increments' ? toIncrements(raw) : raw;
  return { kind: 'addition', positions: 'all', coefficient, floor: -Infinity, ceiling: Infinity, vectors };
}

/** One reply a question, with a seed of its own. @param vector (nLayers, dModel) */
export async function measureCell(
  { engine, judge, coherence, systems = [], signal, onReply, ...sampling }: Trials,
  vector: Float64Array,
  steering: Steering,
  coefficient: number,
  questions: readonly string[],
): Promise<Cell> {
  const interventions = coefficient === 0 ? [] : [additionOf(vector, steering, engine.info.dModel, coefficient)];
  let [shown, coherent, both] = [0, 0, 0];
  let example = '';
  for (const [i, question] of questions.entries()) {
    const system = systems[i % systems.length] ?? null;
    const text = await replyTo(system, question, i);
    if (i === 0) example = text;
    const toward = coefficient < 0 ? 'negative' : 'positive';
    const shows = text !== '' && (await judge.score({ question, text })) > 0;
    const isCoherent = await coherence.isCoherent({ system, question, text, toward });
    shown += Number(shows);
    coherent += Number(isCoherent);
    both += Number(shows && isCoherent);
    onReply?.();
  }
  const n = questions.length;
  const shares = { expression: proportion(shown, n), coherence: proportion(coherent, n), both: proportion(both, n) };
  return { steering, coefficient, ...shares, example };

  /** '' where steering drove the numbers out of range: a reply that is neither coherent nor shows anything. */
  async function replyTo(system: string | null, question: string, index: number): Promise<string> {
    const { temperature, maxTokens, seed } = sampling;
    const request = {
      messages: asMessages(system, question),
      ...{ interventions, probes: [], schedule: [] },
      sampling: { temperature, topP: 0.95, maxTokens, seed: seed + index },
    };
    try {
      const { text } = await engine.chat(request, { signal });
      if (signal?.aborted) throw new PersonascopeError('Aborted', 'The extraction was stopped.');
      return text;
    } catch (cause) {
      if (cause instanceof PersonascopeError && cause.name === 'SteeringTooStrong') return '';
      throw cause;
    }
  }
}
