/** Between the vectors that the page steers with and vector files. */
import type { LayerVectors } from '../engine/intervention';
import type { ModelSize } from '../engine/intervention-check';
import { norm } from '../maths/linear';
import type { AxisEntry, PersonaEntry } from '../personas/persona-space';
import type { NamedAxis } from '../personas/position';
import type { VectorHeader } from './vector-header';
import { checkFits } from './vector-check';
import { badFile } from '../formats/bad-file';
import type { VectorFile } from './vector-file';

/** Where and when a vector was made. */
export interface Made {
  model: { id: string; digest: string | null; nLayers: number; dModel: number };
  promptSet: string | null;
  createdAt: string | null;
}

/** @param vectors its raw v[l] */
export function fileOfPersona(entry: PersonaEntry, vectors: LayerVectors, made: Made): VectorFile {
  const { name, label, description, positions, contrast, steering, coherentUpTo, onset, quality } = entry;
  const measured = quality && { auroc: quality.auroc, splitHalfCosine: quality.splitHalfCosine };
  return {
    ...common(vectors, made, { kept: quality?.kept ?? null, quality: measured }),
    ...{ name, label, description, positions, contrast, steering, coherentUpTo, onset },
  };
}

/**
 * @param vectors the raw axis, of every layer
 * @param centre <centre, u> per layer; null where it is not known
 */
export function fileOfAxis(
  axis: NamedAxis,
  { coherentUpTo, centre }: { coherentUpTo: AxisEntry['coherentUpTo']; centre: readonly number[] | null },
  vectors: LayerVectors,
  made: Made,
): VectorFile {
  return {
    ...common(vectors, made, { kept: null, quality: null }),
    ...axis,
    positions: null,
    contrast: null,
    steering: { mode: 'increments', layers: [...vectors.keys()] },
    coherentUpTo,
    onset: null,
    ...(centre && { centre: { ...centre } }),
  };
}

function common(
  vectors: LayerVectors,
  { model, promptSet, createdAt }: Made,
  measured: Pick<VectorHeader['provenance'], 'kept' | 'quality'>,
): Pick<VectorFile, 'model' | 'layers' | 'units' | 'precision' | 'provenance' | 'vectors'> {
  return {
    model,
    layers: [...vectors.keys()],
    units: 'raw difference',
    precision: 'F32',
    provenance: { source: 'Personascope', promptSet, createdAt, ...measured },
    vectors,
  };
}

/**
 * A vector from a file as one that the loaded model can be steered with. What was calibrated on other weights is no
 * calibration here.
 *
 * @returns the vector as (nLayers, dModel), zero at layers the file has no numbers for; a layer that is all zeros in the file is one
 * @throws PersonascopeError `BadRequest` if it does not fit the model
 */
export function personaOf(
  { vectors, ...file }: VectorFile,
  model: ModelSize & { digest: string },
): { entry: PersonaEntry; vector: Float32Array; header: VectorHeader } {
  const { nLayers, dModel } = model;
  checkFits(file, model);
  const header = withoutZeros(file, vectors);
  const vector = new Float32Array(nLayers * dModel);
  for (const [layer, row] of vectors) vector.set(row, layer * dModel);
  const { name, label, description, positions, contrast, steering, provenance } = header;
  const { kept, quality } = provenance;
  const isCalibrated = header.model.digest === model.digest;
  const entry: PersonaEntry = {
    ...{ name, label, description, positions, contrast, steering },
    norm: Array.from({ length: nLayers }, (_, layer) => norm(vector.subarray(layer * dModel, (layer + 1) * dModel))),
    coherentUpTo: isCalibrated ? header.coherentUpTo : null,
    onset: isCalibrated ? header.onset : null,
    quality: kept && quality && { kept, ...quality },
  };
  return { entry, vector, header };
}

function withoutZeros(header: VectorHeader, vectors: LayerVectors): VectorHeader {
  const isThere = (layer: number) => vectors.get(layer)!.some((x) => x !== 0);
  const { mode, layers } = header.steering;
  const steering = { mode, layers: layers.filter(isThere) };
  if (steering.layers.length === 0) {
    throw badFile(`The vector ${JSON.stringify(header.name)}:`, 'it is zero at every layer it is to be added at');
  }
  return { ...header, layers: header.layers.filter(isThere), steering };
}
