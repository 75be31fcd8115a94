/** Checks of interventions and probes that come from outside: every message names the field and the reason. */
import { PersonascopeError } from '../errors';
import {
  positionNames,
  type Intervention,
  type InterventionKind,
  type LayerVectors,
  type ResolvedIntervention,
} from './intervention';
import { limits } from '../limits';

export interface ModelSize {
  nLayers: number;
  dModel: number;
}

const kinds: readonly InterventionKind[] = ['addition', 'ablation', 'capping', 'clamping'];

/**
 * Everything but the vector, defaults filled in: unused bounds are infinite; ablation is a clamp to 0.
 *
 * @throws PersonascopeError `BadRequest`
 */
export function checkFields(intervention: Intervention, where: string): Omit<ResolvedIntervention, 'vectors'> {
  if (typeof intervention !== 'object' || intervention === null) throw bad(where, 'must be an object');
  const { kind, positions = 'all' } = intervention;
  if (!kinds.includes(kind)) throw bad(where, `kind must be one of ${kinds.join(', ')}`);
  if (!positionNames.includes(positions)) throw bad(where, `positions must be one of ${positionNames.join(', ')}`);
  const number = (field: 'coefficient' | 'floor' | 'ceiling' | 'target') => checkNumber(intervention, field, where);
  switch (kind) {
    case 'addition':
      return { kind, positions, coefficient: number('coefficient') ?? 1, floor: -Infinity, ceiling: Infinity };
    case 'ablation':
      return { kind, positions, coefficient: 0, floor: 0, ceiling: 0 };
    case 'clamping': {
      const target = number('target');
      if (target === undefined) throw bad(where, 'clamping needs a target');
      return { kind, positions, coefficient: 0, floor: target, ceiling: target };
    }
    case 'capping': {
      const [floor, ceiling] = [number('floor'), number('ceiling')];
      if (floor === undefined && ceiling === undefined) throw bad(where, 'capping needs a floor, a ceiling or both');
      if (floor !== undefined && ceiling !== undefined && floor > ceiling) {
        throw bad(where, `floor ${floor} lies above ceiling ${ceiling}`);
      }
      return { kind, positions, coefficient: 0, floor: floor ?? -Infinity, ceiling: ceiling ?? Infinity };
    }
  }
}

/** Finite, also as f32, which is what the GPU computes with. */
function checkNumber(
  intervention: Intervention,
  field: 'coefficient' | 'floor' | 'ceiling' | 'target',
  where: string,
): number | undefined {
  const value: unknown = intervention[field];
  if (value === undefined) return undefined;
  if (typeof value === 'number' && Number.isFinite(Math.fround(value))) return value;
  throw bad(where, `${field} must be a finite number, at most ${limits.coefficient.toPrecision(3)} either way`);
}

/**
 * The layers asked for, ascending and each once; default: every layer the vector has.
 *
 * @throws PersonascopeError `BadRequest` if one is no layer of the model, or the vector has no numbers there
 */
export function checkLayers(
  layers: number[] | undefined,
  vectors: LayerVectors,
  { nLayers }: ModelSize,
  where: string,
): number[] {
  if (layers === undefined) return [...vectors.keys()].sort((a, b) => a - b);
  if (!Array.isArray(layers) || layers.length === 0) throw bad(where, 'layers must be a list of at least one layer');
  for (const layer of layers as unknown[]) {
    if (!isLayer(layer, nLayers)) throw bad(where, `layer ${String(layer)} is not one of 0 to ${nLayers - 1}`);
    if (!vectors.has(layer)) {
      throw bad(where, `vector has no numbers for layer ${layer}, only for ${[...vectors.keys()].join(', ')}`);
    }
  }
  return [...new Set(layers)].sort((a, b) => a - b);
}

/**
 * An inline vector, copied to f32.
 *
 * @throws PersonascopeError `BadRequest` on a wrong layer, length or number
 */
export function readInline(vector: unknown, { nLayers, dModel }: ModelSize, where: string): LayerVectors {
  if (typeof vector !== 'object' || vector === null || Array.isArray(vector) || ArrayBuffer.isView(vector)) {
    throw bad(where, 'vector must be a name, or lists of numbers by layer');
  }
  const vectors = new Map<number, Float32Array>();
  for (const [key, numbers] of Object.entries(vector)) {
    const layer = /^\d{1,4}$/.test(key) ? Number(key) : NaN;
    if (!isLayer(layer, nLayers)) throw bad(where, `vector has layer ${key}, which is not one of 0 to ${nLayers - 1}`);
    vectors.set(layer, readNumbers(numbers, dModel, `vector at layer ${layer}`, where));
  }
  if (vectors.size === 0) throw bad(where, 'vector has no layer');
  return vectors;
}

function readNumbers(numbers: unknown, dModel: number, what: string, where: string): Float32Array {
  if (!Array.isArray(numbers) && !ArrayBuffer.isView(numbers)) throw bad(where, `${what} must be a list of numbers`);
  const list = numbers as ArrayLike<unknown>;
  if (list.length !== dModel) throw bad(where, `${what} has ${list.length} numbers, the model's dModel is ${dModel}`);
  const copy = new Float32Array(dModel);
  for (let i = 0; i < dModel; i++) {
    const value = list[i];
    copy[i] = typeof value === 'number' ? value : NaN;
    if (!Number.isFinite(copy[i])) throw bad(where, `${what} holds no finite number at ${i}`);
  }
  return copy;
}

function isLayer(value: unknown, nLayers: number): value is number {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) < nLayers;
}

function bad(where: string, reason: string): PersonascopeError {
  return new PersonascopeError('BadRequest', `${where}: ${reason}.`, 'Correct the request; nothing was changed.');
}
