/** The tensors that belong to a persona space: names, shapes, and the check that they are there. */
import { PersonascopeError } from '../errors';
import type { ModelSize } from '../engine/intervention-check';
import type { PersonaSpace } from './persona-space';

export interface NamedTensor {
  shape: readonly number[];
  data: Float32Array;
}
export type NamedTensors = ReadonlyMap<string, NamedTensor>;

/** name -> shape of every tensor a space must come with. */
export function expectedTensors(space: PersonaSpace): Map<string, number[]> {
  const perLayer = [space.nLayers, space.dModel];
  return new Map([
    ...space.personas.map(({ name }) => [`persona.${name}`, perLayer] as const),
    ...space.roles.map(({ name }) => [`role.${name}`, perLayer] as const),
    ['default', perLayer],
    ['assistant-axis', perLayer],
    ...(space.cap.positions === 'message' ? [['cap-axis', perLayer] as const] : []),
    ['pca.components', [3, space.dModel]],
    ['pca.centre', [space.dModel]],
  ]);
}

/**
 * @param size of the model the space is to be used on
 * @throws PersonascopeError `BadModel` naming the tensor and the reason
 */
export function checkTensors(space: PersonaSpace, tensors: NamedTensors, size: ModelSize): void {
  if (space.nLayers !== size.nLayers || space.dModel !== size.dModel) {
    const [theirs, ours] = [space, size].map(({ nLayers, dModel }) => `${nLayers} layers of ${dModel}`);
    throw bad(`they are for ${theirs}, the model has ${ours}`);
  }
  for (const [name, shape] of expectedTensors(space)) {
    const tensor = tensors.get(name);
    if (!tensor) throw bad(`tensor ${name} is missing`);
    if (tensor.shape.join() !== shape.join())
      throw bad(`tensor ${name} is (${tensor.shape.join(', ')}), not (${shape.join(', ')})`);
    if (tensor.data.length !== shape.reduce((a, b) => a * b, 1))
      throw bad(`tensor ${name} has ${tensor.data.length} numbers`);
    const wrong = tensor.data.findIndex((x) => !Number.isFinite(x));
    if (wrong >= 0) throw bad(`tensor ${name} holds no finite number at ${wrong}`);
  }
}

function bad(reason: string): PersonascopeError {
  return new PersonascopeError(
    'BadModel',
    `The persona vectors can't be used: ${reason}.`,
    'The model still answers without them; make them again with `npm run vectors`.',
  );
}
