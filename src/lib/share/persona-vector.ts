/** A persona or the axis of a persona space, as a vector that can be written to a file. */
import { layerOf } from '../interp/linear';
import type { PersonaSpace } from '../interp/persona-space';
import type { NamedTensors } from '../interp/persona-tensors';
import { badVector, type VectorFile } from './vector-file';

/**
 * @param name a persona's, or `assistant-axis`
 * @param tensors as `checkTensors` accepts them for this space
 * @throws PersonascopeError `BadRequest` if the space has no such persona
 */
export function vectorOf(space: PersonaSpace, tensors: NamedTensors, name: string): VectorFile {
  const { model: id, modelDigest: digest, nLayers, dModel, promptSet, createdAt } = space;
  const layers = Array.from({ length: nLayers }, (_, layer) => layer);
  const rows = (tensor: string) =>
    new Map(layers.map((layer) => [layer, layerOf(tensors.get(tensor)!.data, layer, dModel).slice()]));
  const common = { model: { id, digest, nLayers, dModel }, layers, precision: 'F32' as const };
  const provenance = { source: 'Personascope', promptSet, createdAt, kept: null, quality: null };
  if (name === 'assistant-axis') {
    return {
      ...common,
      name,
      label: 'Assistant Axis',
      description: 'Mean of the default Assistant minus the mean over roles: it points toward the Assistant.',
      units: 'raw difference',
      positions: null,
      steering: { mode: 'increments', layers },
      coherentUpTo: space.axis.coherentUpTo,
      provenance,
      vectors: rows(name),
    };
  }
  const persona = space.personas.find((one) => one.name === name);
  if (!persona) throw badVector('The vector:', `${JSON.stringify(name.slice(0, 100))} is not known`);
  const { label, description, positions, steering, coherentUpTo, quality } = persona;
  const { kept, auroc, splitHalfCosine } = quality;
  return {
    ...common,
    ...{ name, label, description, positions, steering, coherentUpTo },
    units: 'raw difference',
    provenance: { ...provenance, kept, quality: { auroc, splitHalfCosine } },
    vectors: rows(`persona.${name}`),
  };
}
