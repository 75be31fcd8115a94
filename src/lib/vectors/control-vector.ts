/**
 * What a vector's dial adds at coefficient 1, in the form llama.cpp adds it: at every layer the vector has, all at once.
 *
 * llama.cpp adds nothing after block 0 (`vector-gguf.ts` has the sources). What the dial adds there is added one block
 * later, together with what it adds after block 1: the residual stream has moved as far from block 1 on, and block 1 alone
 * has read a stream that had not moved yet. Files of ours are held against these very numbers when they are opened.
 */
import { toIncrements } from '../engine/increments';
import type { LayerVectors } from '../engine/intervention';
import type { VectorHeader } from './vector-header';
import { checkVector } from './vector-check';
import { badFile } from '../formats/bad-file';
import type { VectorFile } from './vector-file';

/**
 * The numbers at `steering.layers` as `direct` additions. `increments` are differences rounded to f32; where the dial adds
 * after block 0, the first two sum to v[1], which is taken as it is. Two `direct` rows are summed, rounded to f32.
 *
 * @throws PersonascopeError `BadRequest` if the model has block 0 alone, or a sum is beyond f32
 */
export function toControlVector(vector: VectorFile): VectorFile {
  const { steering, vectors, model, units } = checkVector(vector, 'The vector:');
  const isDelayed = isPartlyDelayed(vector);
  if (isDelayed && model.nLayers === 1) {
    throw badFile(
      'The vector:',
      'steering.layers: a control vector adds nothing after block 0, and the model has no other',
    );
  }
  const layers = [...new Set(steering.layers)].sort((a, b) => a - b);
  const steered: LayerVectors = new Map(layers.map((layer) => [layer, vectors.get(layer)!]));
  const isIncremental = steering.mode === 'increments';
  const added = isIncremental ? incrementsAfterFirst(steered) : delayFirst(steered);
  const control = {
    ...vector,
    layers: [...added.keys()],
    units: isIncremental ? ('increments' as const) : units,
    steering: { mode: 'direct' as const, layers: [...added.keys()] },
    vectors: added,
  };
  return checkVector(control, 'The vector:');
}

/** Whether the dial adds something after block 0, which in llama.cpp comes with block 1. */
export function isPartlyDelayed({ steering }: Pick<VectorHeader, 'steering'>): boolean {
  return steering.layers.includes(0);
}

/** v[0] and v[1] - v[0] sum to v[1]. Without a v[1], v[0] itself comes with block 1. */
function incrementsAfterFirst(steered: LayerVectors): LayerVectors {
  const [[first] = [0]] = steered;
  if (first === 0 && steered.has(1)) return toIncrements(new Map([...steered].filter(([layer]) => layer > 0)));
  return delayFirst(toIncrements(steered));
}

function delayFirst(added: LayerVectors): LayerVectors {
  const [zeroth, first] = [added.get(0), added.get(1)];
  if (!zeroth) return added;
  const both = first ? zeroth.map((x, i) => x + first[i]!) : zeroth;
  return new Map([[1, both], ...[...added].filter(([layer]) => layer > 1)]);
}
