/** Vectors of this browser in a conversation that leaves it: no other browser knows them by name, so their numbers go along. */
import { toIncrements } from '../interp/increments';
import type { Intervention, LayerVectors } from '../interp/intervention';
import type { PersonaEntry } from '../interp/persona-space';
import { chosenOnly, modelKey, type Conversation, type Reply } from './conversation';

export interface OwnVector {
  entry: PersonaEntry;
  /** (nLayers, dModel) */
  vector: Float32Array;
}

/**
 * The conversation with what the dials of such vectors add, as numbers. A replay adds the same f32 values.
 *
 * @param model key of the model whose vectors they are; replies of others are left alone
 */
export function inlineOwnVectors(conversation: Conversation, model: string, own: readonly OwnVector[]): Conversation {
  const inlineAll = (interventions: Intervention[]) => interventions.map((one) => inlineVector(one, own));
  const inlineReply = (reply: Reply): Reply => {
    if (modelKey(reply.model ?? conversation.model) !== model) return reply;
    const schedule = reply.schedule.map((step) => ({ ...step, interventions: inlineAll(step.interventions) }));
    return { ...reply, interventions: inlineAll(reply.interventions), schedule };
  };
  const turns = conversation.turns.map((turn) => ({ ...turn, replies: turn.replies.map(inlineReply) }));
  return { ...conversation, turns };
}

/** Labels of the vectors that `inlineOwnVectors` would write out. */
export function namedOwnVectors(conversation: Conversation, model: string, own: readonly OwnVector[]): string[] {
  const replies = chosenOnly(conversation).turns.flatMap((turn) => turn.replies);
  const steps = replies
    .filter((reply) => modelKey(reply.model ?? conversation.model) === model)
    .flatMap((reply) => [reply.interventions, ...reply.schedule.map((step) => step.interventions)].flat());
  return own.filter(({ entry }) => steps.some(({ vector }) => vector === entry.name)).map(({ entry }) => entry.label);
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
