/** Puts what was extracted together as a persona space and its tensors. */
import type { ModelInfo } from '../engine/engine';
import type { PersonaFiles } from '../personas/persona-files';
import { parsePersonaSpace } from '../personas/persona-schema';
import type { PersonaEntry } from '../personas/persona-space';
import { checkTensors, type NamedTensor } from '../personas/persona-tensors';
import type { ExtractedPersona } from './extract-persona';
import type { ExtractedSpace } from './space-sums';

/** What the extraction itself does not know. */
export interface Provenance {
  /** SHA-256 of model.safetensors, hex. */
  modelDigest: string;
  promptSet: string;
  createdAt: string;
}

export interface PersonaParts extends Pick<
  PersonaEntry,
  'label' | 'description' | 'positions' | 'contrast' | 'steering' | 'coherentUpTo' | 'onset'
> {
  extracted: ExtractedPersona;
}

/** @throws PersonascopeError `BadModel` if the parts do not fit together (a non-finite mean, a layer out of range) */
export function assemblePersonas(
  info: ModelInfo,
  provenance: Provenance,
  roles: ExtractedSpace,
  personas: readonly PersonaParts[],
  axisCoherentUpTo: PersonaEntry['coherentUpTo'],
): PersonaFiles {
  const { nLayers, dModel } = info;
  const space = parsePersonaSpace({
    format: 'personascope/personas@1',
    model: info.id,
    ...provenance,
    ...{ nLayers, dModel },
    targetLayer: roles.pca.layer,
    residualNorm: roles.residualNorm,
    personas: personaEntries(personas),
    axis: { ...roles.axis, coherentUpTo: axisCoherentUpTo },
    pca: roles.pca,
    roles: roles.roles,
    cap: roles.cap,
  });
  const perLayer = (data: Float64Array): NamedTensor => ({ shape: [nLayers, dModel], data: Float32Array.from(data) });
  const tensors = new Map<string, NamedTensor>([
    ...personaTensors(info, personas),
    ...roles.roles.map(({ name }, i) => [`role.${name}`, perLayer(roles.roleMeans[i]!)] as const),
    ['default', perLayer(roles.defaultMean)],
    ['assistant-axis', perLayer(roles.axisVector)],
    ...(roles.capAxis ? [['cap-axis', perLayer(roles.capAxis)] as const] : []),
    ['pca.components', { shape: [3, dModel], data: Float32Array.from(roles.components) }],
    ['pca.centre', { shape: [dModel], data: Float32Array.from(roles.pcaCentre) }],
  ]);
  checkTensors(space, tensors, { nLayers, dModel });
  return { space, tensors };
}

export function personaEntries(personas: readonly PersonaParts[]): PersonaEntry[] {
  return personas.map(({ extracted, ...entry }) => {
    const { name, norm, kept, auroc, splitHalfCosine } = extracted;
    return { name, norm, ...entry, quality: { kept, auroc, splitHalfCosine } };
  });
}

/** `persona.<name>`, (nLayers, dModel) */
export function personaTensors(info: ModelInfo, personas: readonly PersonaParts[]): Map<string, NamedTensor> {
  const shape = [info.nLayers, info.dModel];
  return new Map(
    personas.map(({ extracted }) => [
      `persona.${extracted.name}`,
      { shape, data: Float32Array.from(extracted.vector) },
    ]),
  );
}
