/** The embedded model's persona space in the library's shape: vectors padded with zeros, and layers that add nothing as the last one that does. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { readPersonaFiles, writePersonaFiles } from '../../src/lib/personas/persona-files';
import type { PersonaSpace } from '../../src/lib/personas/persona-space';
import type { NamedTensor } from '../../src/lib/personas/persona-tensors';

export interface LibraryShape {
  nLayers: number;
  dModel: number;
}

/** @param folder of the embedded model; @param manifest the library's list of shards, by whose SHA-256 a space names its model */
export function transplantPersonas(folder: string, { nLayers, dModel }: LibraryShape, manifest: string) {
  const { space, tensors } = readPersonaFiles(
    readFileSync(`${folder}/personas.json`),
    readFileSync(`${folder}/personas.safetensors`),
  );
  const byLayer = (list: readonly number[]) => Array.from({ length: nLayers }, (_, l) => list[l] ?? list.at(-1)!);
  const widened: PersonaSpace = {
    ...space,
    ...{ nLayers, dModel },
    modelDigest: createHash('sha256').update(manifest).digest('hex'),
    residualNorm: byLayer(space.residualNorm),
    personas: space.personas.map((persona) => ({ ...persona, norm: byLayer(persona.norm) })),
    axis: { ...space.axis, norm: byLayer(space.axis.norm), centre: byLayer(space.axis.centre) },
  };
  const from = { nLayers: space.nLayers, dModel: space.dModel };
  const wide = [...tensors].map(([name, tensor]) => [name, widen(tensor, from, { nLayers, dModel })] as const);
  return writePersonaFiles({ space: widened, tensors: new Map(wide) });
}

/** (nLayers, dModel), or rows of dModel that belong to one layer. */
function widen({ shape, data }: NamedTensor, from: LibraryShape, to: LibraryShape): NamedTensor {
  const rows = data.length / from.dModel;
  const isPerLayer = shape.length === 2 && shape[0] === from.nLayers;
  const wanted = isPerLayer ? to.nLayers : rows;
  const wide = new Float32Array(wanted * to.dModel);
  for (let row = 0; row < wanted; row++) {
    const source = Math.min(row, rows - 1) * from.dModel;
    wide.set(data.subarray(source, source + from.dModel), row * to.dModel);
  }
  return { shape: shape.length === 2 ? [wanted, to.dModel] : [to.dModel], data: wide };
}
