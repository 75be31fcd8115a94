/** Who the conversation is nearest to, in words: of its last reply that has ended, so that nothing changes while one is written. */
import type { PersonaSpace } from '../personas/persona-space';
import { nearestRole } from '../personas/position';
import type { ReadTurn } from './conversation.svelte';

export interface NearestWords {
  /** "now nearest to: pirate"; the same as long as the role is. */
  who: string;
  /** "1.2 away, 6.4 from the Assistant". */
  far: string;
  /** What the distances are. */
  units: string;
}

/** @param turns of which only replies count that the model wrote whose space it is */
export function describeNearest(turns: readonly ReadTurn[], space: PersonaSpace | null): NearestWords | null {
  const last = turns.findLast(({ reply }) => reply?.position && !reply.isWriting)?.reply;
  if (!space || !last?.position) return null;
  const { name, label, distance, toAssistant } = nearestRole(last.position, space);
  const isAssistant = name === null || name === 'assistant';
  const far = `${distance.toFixed(1)} away`;
  return {
    who: `now nearest to: ${isAssistant ? 'the Assistant' : label.toLowerCase()}`,
    far: isAssistant ? far : `${far}, ${toAssistant.toFixed(1)} from the Assistant`,
    units: `Distances of the last reply's mean along the axis and PC1 to 3, in units of the residual stream at block ${space.targetLayer}`,
  };
}
