/**
 * Sums of a persona space as one safetensors file, for merging over machines: `role.<name>` (nLayers, dModel) the sum over replies,
 * `defaults` (replies, nLayers, dModel), `residual-norm` (nLayers) the sum; counts and names in the metadata. Sums of f32 means
 * are rounded to f32.
 */
import * as v from 'valibot';
import { PersonascopeError } from '../errors';
import type { SpaceSums } from './space-sums';
import { limits } from '../limits';
import { decodeFloats, encodeSafetensors, parseHeader } from '../formats/safetensors';
import { parseUntrusted } from '../formats/untrusted-json';

const format = 'personascope/space-sums@1';
const count = v.pipe(v.number(), v.safeInteger(), v.minValue(1));
const text = (most: number) => v.pipe(v.string(), v.maxLength(most));
const schema = v.object({
  format: v.literal(format),
  modelDigest: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/, 'must be a SHA-256 in hex')),
  promptSet: text(200),
  nLayers: v.pipe(count, v.maxValue(limits.layers)),
  dModel: v.pipe(count, v.maxValue(limits.dModel)),
  runs: v.pipe(v.array(text(200)), v.minLength(1), v.maxLength(1_000)),
  roles: v.pipe(
    v.array(
      v.object({
        name: v.pipe(text(100), v.regex(/^[\p{L}\p{N}][\p{L}\p{N} _.-]*$/u)),
        label: text(200),
        family: text(100),
        count,
      }),
    ),
    v.minLength(4),
    v.maxLength(limits.roles),
  ),
  defaults: v.pipe(count, v.maxValue(100_000)),
  normReplies: count,
});

export function encodeSums(sums: SpaceSums): Uint8Array<ArrayBuffer> {
  const { modelDigest, promptSet, nLayers, dModel, runs, roles, defaults, residualNorm } = sums;
  const size = nLayers * dModel;
  const replies = new Float32Array(defaults.length * size);
  defaults.forEach((mean, i) => replies.set(mean, i * size));
  const header = {
    ...{ format, modelDigest, promptSet, nLayers, dModel, runs, normReplies: residualNorm.count },
    roles: roles.map(({ name, label, family, count }) => ({ name, label, family, count })),
    defaults: defaults.length,
  };
  return encodeSafetensors(
    [
      ...roles.map(({ name, sum }) => ({
        name: `role.${name}`,
        shape: [nLayers, dModel],
        data: Float32Array.from(sum),
      })),
      { name: 'defaults', shape: [defaults.length, nLayers, dModel], data: replies },
      { name: 'residual-norm', shape: [nLayers], data: Float32Array.from(residualNorm.sum) },
    ],
    { personascope: JSON.stringify(header) },
  );
}

/** @throws PersonascopeError `BadRequest` naming the field or tensor and the reason */
export function decodeSums(file: Uint8Array): SpaceSums {
  const name = 'The file of sums';
  const { tensors, metadata } = parseHeader(file, name, file.length);
  const result = v.safeParse(schema, readJson(metadata?.personascope), { abortEarly: true });
  if (!result.success) {
    const [issue] = result.issues;
    throw bad(`${v.getDotPath(issue) ?? 'its description'}: ${issue.message}`);
  }
  const { nLayers, dModel, roles, defaults, normReplies, modelDigest, promptSet, runs } = result.output;
  const read = (tensor: string, ...shape: number[]): Float32Array => {
    const entry = tensors.get(tensor);
    if (!entry) throw bad(`tensor ${tensor} is missing`);
    if (entry.dtype !== 'F32' || entry.shape.join() !== shape.join()) {
      throw bad(`tensor ${tensor} is ${entry.dtype} (${entry.shape.join(', ')}), not F32 (${shape.join(', ')})`);
    }
    const data = decodeFloats(file.subarray(entry.begin, entry.end), 'F32');
    if (!data.every(Number.isFinite)) throw bad(`tensor ${tensor} holds a number that is not finite`);
    return data;
  };
  const replies = read('defaults', defaults, nLayers, dModel);
  const size = nLayers * dModel;
  return {
    ...{ modelDigest, promptSet, nLayers, dModel, runs },
    roles: roles.map((role) => ({ ...role, sum: Float64Array.from(read(`role.${role.name}`, nLayers, dModel)) })),
    defaults: Array.from({ length: defaults }, (_, i) => replies.slice(i * size, (i + 1) * size)),
    residualNorm: { count: normReplies, sum: [...read('residual-norm', nLayers)] },
  };
}

function readJson(text: string | undefined): unknown {
  const refuse = (reason: string, options?: ErrorOptions) => bad(`its description ${reason}`, options);
  if (text === undefined) throw refuse('is missing');
  return parseUntrusted(text, { maxCharacters: limits.vectorFileHeader, refuse });
}

function bad(reason: string, options?: ErrorOptions): PersonascopeError {
  const nextStep = 'Take a file that this page saved.';
  return new PersonascopeError('BadRequest', `The file of sums can't be used: ${reason}.`, nextStep, options);
}
