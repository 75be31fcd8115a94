/** Vectors of this browser in a conversation that leaves it: no other browser knows them by name, so their numbers go along. */
import { toIncrements } from '../engine/increments';
import type { Intervention, LayerVectors } from '../engine/intervention';
import type { PersonaEntry } from '../personas/persona-space';
import { chosenOnly, modelKey, type Conversation, type Reply } from './conversation';

export interface OwnVector {
  entry: PersonaEntry;
  /** (nLayers, dModel) */
  vector: Float32Array;
}

/** The vectors of this browser, and whose they are. */
export interface OwnVectors {
  /** Key of the model; replies of others are left alone. */
  model: string;
  vectors: readonly OwnVector[];
  /** SHA-256 of each vector by name. Of a reply that was made with other numbers under the same name, that vector is left alone. */
  digests: readonly [name: string, digest: string][];
}

/** The conversation with what the dials of such vectors add, as numbers. A replay adds the same f32 values. */
export function inlineOwnVectors(conversation: Conversation, own: OwnVectors): Conversation {
  const inlineReply = (reply: Reply): Reply => {
    const known = knownTo(reply, conversation, own);
    const inlineAll = (interventions: Intervention[]) => interventions.map((one) => inlineVector(one, known));
    const schedule = reply.schedule.map((step) => ({ ...step, interventions: inlineAll(step.interventions) }));
    return { ...reply, interventions: inlineAll(reply.interventions), schedule };
  };
  const turns = conversation.turns.map((turn) => ({ ...turn, replies: turn.replies.map(inlineReply) }));
  return { ...conversation, turns };
}

/** Labels of the vectors of this browser that the conversation only names. */
export function namedOwnVectors(conversation: Conversation, { model, vectors }: OwnVectors): string[] {
  const replies = chosenOnly(conversation).turns.flatMap((turn) => turn.replies);
  const steps = replies
    .filter((reply) => modelKey(reply.model ?? conversation.model) === model)
    .flatMap((reply) => [reply.interventions, ...reply.schedule.map((step) => step.interventions)].flat());
  const named = vectors.filter(({ entry }) => steps.some(({ vector }) => vector === entry.name));
  return named.map(({ entry }) => entry.label);
}

/** The vectors that the reply was made with, as far as it says. */
function knownTo(reply: Reply, conversation: Conversation, { model, vectors, digests }: OwnVectors): OwnVector[] {
  if (modelKey(reply.model ?? conversation.model) !== model) return [];
  const [recorded, here] = [new Map(reply.madeWith?.vectors), new Map(digests)];
  return vectors.filter(({ entry: { name } }) => !recorded.has(name) || recorded.get(name) === here.get(name));
}

function inlineVector(intervention: Intervention, own: readonly OwnVector[]): Intervention {
  const { kind, vector, layers } = intervention;
  const known = own.find(({ entry }) => entry.name === vector);
  if (!known || kind !== 'addition' || layers) return intervention;
  const { steering, norm } = known.entry;
  const dModel = known.vector.length / norm.length;
  const row = (layer: number) => known.vector.slice(layer * dModel, (layer + 1) * dModel);
  const raw: LayerVectors = new Map(steering.layers.map((layer) => [layer, row(layer)]));
  return {
    ...intervention,
    vector: Object.fromEntries(steering.mode === 'increments' ? toIncrements(raw) : raw),
  };
}
