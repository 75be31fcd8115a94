/** Where a vector is added, in words. Blocks are counted from 0. */
import type { PersonaEntry } from '$lib/interp/persona-space';

export function describeSteering({ mode, layers }: PersonaEntry['steering'], nLayers: number): string {
  if (layers.length === 1) return `block ${layers[0]}`;
  const which = layers.length === nLayers ? 'all blocks' : `blocks ${layers[0]} to ${layers.at(-1)}`;
  return mode === 'increments' ? `${which}, little by little` : which;
}
