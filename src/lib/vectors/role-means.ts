/**
 * What persona space is made of, as a safetensors file: the mean residual of each role, of the default Assistant, and the
 * axis. Tensors, f32, all (nLayers, dModel), as beside a checkpoint: `role.<name>`, `default`, and
 * `assistant-axis` = default - mean over roles, pointing TOWARD the Assistant. `__metadata__` has `format` and `header`,
 * the `RoleMeansHeader` as JSON. F32 comes back bit for bit; F16 and BF16 are read too, widened exactly.
 */
import * as v from 'valibot';
import { axisCentre } from '../personas/axis';
import { limits } from '../limits';
import { layerOf } from '../maths/linear';
import { encodeSafetensors } from '../formats/safetensors';
import type { PersonaSpace } from '../personas/persona-space';
import type { NamedTensors } from '../personas/persona-tensors';
import { assistantAxis } from '../personas/position';
import { fileOfAxis } from './persona-vector';
import { badFile } from '../formats/bad-file';
import type { VectorFile } from './vector-file';
import { parseJsonObject } from './vector-json';
import { readFloats, readHeader } from './vector-safetensors';
import { madeOn, object, parseFields, shortText, timestamp, vectorName } from './vector-schema';

const roleMeansFormat = 'personascope/role-means@1';

const headerSchema = object({
  model: object({ ...madeOn.entries, nLayers: v.unwrap(madeOn.entries.nLayers) }),
  promptSet: shortText,
  createdAt: timestamp,
  /** 0-based block that persona space is taken from. */
  targetLayer: v.pipe(v.number('must be a number'), v.safeInteger('must be a whole number'), v.minValue(0)),
  roles: v.pipe(
    v.array(object({ name: vectorName, label: shortText, family: shortText }), 'must be a list'),
    v.maxLength(limits.roles, `must have at most ${limits.roles} roles`),
  ),
});

export type RoleMeansHeader = v.InferOutput<typeof headerSchema>;

export interface RoleMeans extends RoleMeansHeader {
  /** name -> (nLayers, dModel), row-major. */
  means: ReadonlyMap<string, Float32Array>;
  default: Float32Array;
  axis: Float32Array;
}

/** Those of a persona space, with `tensors` as `checkTensors` accepts them. */
export function roleMeansOf(space: PersonaSpace, tensors: NamedTensors): RoleMeans {
  const data = (name: string) => tensors.get(name)!.data;
  const { model: id, modelDigest: digest, nLayers, dModel, promptSet, createdAt, targetLayer } = space;
  return {
    model: { id, digest, nLayers, dModel },
    promptSet,
    createdAt,
    targetLayer,
    roles: space.roles.map(({ name, label, family }) => ({ name, label, family })),
    means: new Map(space.roles.map(({ name }) => [name, data(`role.${name}`)])),
    default: data('default'),
    axis: data('assistant-axis'),
  };
}

/** @throws PersonascopeError `BadRequest` if it could not be read again */
export function writeRoleMeans(roleMeans: RoleMeans): Uint8Array<ArrayBuffer> {
  const { means, default: assistant, axis, ...fields } = roleMeans;
  const header = parseFields(headerSchema, fields, 'The roles:');
  const shape = [header.model.nLayers, header.model.dModel];
  const tensors = new Map<string, Float32Array | undefined>([
    ...header.roles.map(({ name }) => [`role.${name}`, means.get(name)] as const),
    ['default', assistant],
    ['assistant-axis', axis],
  ]);
  const rows = [...tensors].map(([name, data]) => {
    if (!data) throw badFile(`The roles: ${name}`, 'has no numbers');
    return { name, shape, data };
  });
  const bytes = encodeSafetensors(rows, { format: roleMeansFormat, header: JSON.stringify(header) });
  readRoleMeans(bytes, 'The roles');
  return bytes;
}

export function isRoleMeans(bytes: Uint8Array, file: string): boolean {
  return readHeader(bytes, file).metadata['format'] === roleMeansFormat;
}

/** Its axis, as a vector by itself. */
export function axisOf({ model, axis, means, default: assistant, promptSet, createdAt }: RoleMeans): VectorFile {
  const { nLayers, dModel } = model;
  const vectors = new Map(Array.from({ length: nLayers }, (_, layer) => [layer, layerOf(axis, layer, dModel).slice()]));
  const precise = (numbers: Float32Array) => Float64Array.from(numbers);
  const centre = axisCentre(precise(assistant), [...means.values()].map(precise), precise(axis), dModel);
  return fileOfAxis(assistantAxis, { coherentUpTo: null, centre }, vectors, { model, promptSet, createdAt });
}

/** @throws PersonascopeError `BadRequest` naming the file, the field or tensor, and the reason */
export function readRoleMeans(bytes: Uint8Array, file: string): RoleMeans {
  if (bytes.length > limits.vectorFile) {
    throw badFile(`${file}:`, `${bytes.length} bytes are more than ${limits.vectorFile}`);
  }
  const { tensors, metadata } = readHeader(bytes, file);
  const format = metadata['format'] ?? 'missing';
  if (format !== roleMeansFormat)
    throw badFile(`${file}: format`, `is ${format.slice(0, 100)}, not ${roleMeansFormat}`);
  const json = new TextEncoder().encode(metadata['header'] ?? '');
  const header = parseFields(headerSchema, parseJsonObject(json, `${file}: header`), `${file}: header`);
  const { model, roles, targetLayer } = header;
  if (targetLayer >= model.nLayers) {
    throw badFile(`${file}: header: targetLayer`, `${targetLayer} is not one of 0 to ${model.nLayers - 1}`);
  }
  const shape = [model.nLayers, model.dModel].join(', ');
  const read = (name: string) => {
    const where = `${file}: ${JSON.stringify(name)}`;
    const entry = tensors.get(name);
    if (!entry) throw badFile(where, 'is missing');
    if (entry.shape.join(', ') !== shape) throw badFile(where, `is (${entry.shape.join(', ')}), not (${shape})`);
    const data = readFloats(entry, bytes, where);
    const wrong = data.findIndex((x) => !Number.isFinite(x));
    if (wrong >= 0) throw badFile(where, `holds no finite number at ${wrong}`);
    return data;
  };
  const means = new Map(roles.map(({ name }) => [name, read(`role.${name}`)]));
  if (means.size !== roles.length) throw badFile(`${file}: header: roles`, 'has a name twice');
  if (tensors.size !== roles.length + 2) throw badFile(`${file}:`, 'holds tensors that its header does not name');
  return { ...header, means, default: read('default'), axis: read('assistant-axis') };
}
