/** How a vector is made and added, in words. Blocks are counted from 0. */
import type { Contrast, PersonaEntry } from '$lib/personas/persona-space';

export function describeSteering({ mode, layers }: PersonaEntry['steering'], nLayers: number): string {
  if (layers.length === 1) return `block ${layers[0]}`;
  const which = layers.length === nLayers ? 'all blocks' : `blocks ${layers[0]} to ${layers.at(-1)}`;
  return mode === 'increments' ? `${which}, little by little` : which;
}

/** What a vector points away from. */
export const contrastWords: Record<Contrast, string> = {
  opposite: 'replies to prompts for the opposite',
  default: 'replies with no system prompt',
};
