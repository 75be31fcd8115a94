/** Vectors, role means and sums of the loaded model, as files. */
import { steeredAxis } from '../personas/dial';
import { axesOf, axisProbe } from '../personas/position';
import { fileOfAxis, fileOfPersona } from '../vectors/persona-vector';
import type { VectorFormat } from '../vectors/vector-file';
import { roleMeansOf, writeRoleMeans } from '../vectors/role-means';
import type { VectorFile } from '../vectors/vector-file';
import { noticeOf, writeVectorFile } from '../vectors/write-vector-file';
import type { Session } from './session.svelte';

export interface SavedFile {
  name: string;
  bytes: Uint8Array<ArrayBuffer> | string;
  /** What the file does not carry, where that is something. */
  notice?: string | null;
}

/** @param name of a persona vector, or of an axis */
export async function exportVector(session: Session, name: string, format: VectorFormat): Promise<SavedFile> {
  const vector = await describe(session, name);
  const bytes = writeVectorFile(vector, format);
  return { bytes, notice: noticeOf(vector, format), name: `${slug(name)}-${slug(session.info!.label)}.${format}` };
}

export async function exportRoleMeans(session: Session): Promise<SavedFile> {
  const bytes = writeRoleMeans(roleMeansOf(session.space!, await session.call('personaTensors', null)));
  return { bytes, name: `role-means-${slug(session.info!.label)}.safetensors` };
}

/** What a persona space was computed from, for other machines to add theirs to. */
export async function exportSums(session: Session): Promise<SavedFile> {
  const bytes = await session.call('exportSums', null);
  return { bytes, name: `persona-space-sums-${slug(session.info!.label)}.safetensors` };
}

async function describe({ space, info, ownVectors, call }: Session, name: string): Promise<VectorFile> {
  const vectors = await call('numbers', { name });
  const own = ownVectors.find(({ entry }) => entry.name === name);
  if (own?.origin) return { ...own.origin.header, name, label: own.entry.label, vectors };
  const { promptSet, createdAt } = own ?? space!;
  const { id, nLayers, dModel } = info!;
  const made = { model: { id, nLayers, dModel, digest: await call('digest', null) }, promptSet, createdAt };
  // What is known of coherence is of the axis that the dial adds.
  const axis = space ? axesOf(space).find((axis) => axis.name === name) : undefined;
  if (axis) {
    const coherentUpTo = steeredAxis(space!) === name ? space!.axis.coherentUpTo : null;
    // Readings, and their zero, are of the axis of replies.
    const centre = name === axisProbe ? space!.axis.centre : null;
    return fileOfAxis(axis, { coherentUpTo, centre }, vectors, made);
  }
  return fileOfPersona(own?.entry ?? space!.personas.find((persona) => persona.name === name)!, vectors, made);
}

function slug(text: string): string {
  return text.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, '-');
}
