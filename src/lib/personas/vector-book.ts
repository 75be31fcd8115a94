/** Every vector that is known by name for a model, and the one place where names and inline numbers become `LayerVectors`. */
import { PersonascopeError } from '../errors';
import { toIncrements } from '../engine/increments';
import { checkFields, checkLayers, readInline, type ModelSize } from '../engine/intervention-check';
import type { Intervention, LayerVectors, Probe, ResolvedIntervention, ResolvedProbe } from '../engine/intervention';
import { norm } from '../maths/linear';
import type { PersonaEntry, PersonaSpace } from './persona-space';
import { checkTensors, type NamedTensors } from './persona-tensors';
import { axesOf } from './position';
import { sha256 } from '../formats/sha256';

/** A vector of the book, as a list shows it. */
export interface KnownVector {
  name: string;
  kind: 'persona' | 'axis' | 'component' | 'role';
  label: string;
  /** Layers it has numbers for. */
  layers: number[];
  quality: { auroc: number; splitHalfCosine: number } | null;
}

interface Entry extends KnownVector {
  raw: LayerVectors;
  /** Layers that each kind goes to unless it says. */
  steering: PersonaEntry['steering'];
  capLayers: number[];
}

export interface VectorBookSource extends ModelSize {
  /** Null: only inline vectors are known. */
  space: PersonaSpace | null;
  tensors: NamedTensors;
}

/** Below this a direction is noise, and in f32 its square may vanish. */
const smallestNorm = 1e-12;

export class VectorBook {
  readonly #size: ModelSize;
  readonly #entries = new Map<string, Entry>();

  /** @throws PersonascopeError `BadModel` if a tensor of the space is missing, has another shape, or holds no number. */
  constructor({ nLayers, dModel, space, tensors }: VectorBookSource) {
    this.#size = { nLayers, dModel };
    if (!space) return;
    checkTensors(space, tensors, this.#size);
    for (const entry of entriesOf(space, tensors, this.#size)) this.#entries.set(entry.name, entry);
  }

  /**
   * Adds a persona vector that was extracted or imported later; a persona vector of the same name is replaced.
   *
   * @param vector (nLayers, dModel); a layer it has no numbers for is all zeros
   * @throws PersonascopeError `BadRequest` if it does not fit the model, or has the name of an axis, component or role
   */
  add(persona: PersonaEntry, vector: Float32Array): void {
    const { nLayers, dModel } = this.#size;
    const { name, label, quality, steering } = persona;
    const where = `vector "${name}"`;
    if (this.isReserved(name)) throw bad(where, "it has the name of one of the model's own axes, components or roles");
    if (vector.length !== nLayers * dModel)
      throw bad(where, `it has ${vector.length} numbers, not ${nLayers * dModel}`);
    if (!vector.every(Number.isFinite)) throw bad(where, 'it holds a number that is not finite');
    if (steering.layers.some((layer) => layer >= nLayers)) throw bad(where, 'it is for a model of more layers');
    const all = Array.from({ length: nLayers }, (_, layer) => layer);
    const layers = all.filter((layer) => row(vector, layer, dModel).some((x) => x !== 0));
    const empty = steering.layers.find((layer) => !layers.includes(layer));
    if (empty !== undefined) throw bad(where, `it is to be added at layer ${empty}, where it is zero`);
    this.#entries.set(name, {
      ...{ name, label, layers, steering, kind: 'persona', capLayers: layers, raw: byLayer(vector, layers, dModel) },
      quality: summary(quality),
    });
  }

  remove(name: string): void {
    this.#entries.delete(name);
  }

  has(name: string): boolean {
    return this.#entries.has(name);
  }

  /** Whether a vector of this name is there that is no persona's. */
  isReserved(name: string): boolean {
    const kind = this.#entries.get(name)?.kind;
    return kind !== undefined && kind !== 'persona';
  }

  /**
   * The raw v[l] of every layer it has.
   *
   * @throws PersonascopeError `BadRequest` if it is not known
   */
  numbers(name: string): LayerVectors {
    return this.#rawVectors(name, 'name');
  }

  /**
   * What tells vectors of one name apart: SHA-256 of where and how a vector is added, and of its numbers.
   *
   * @param names those that are not known are left out; null: all
   */
  async digests(names: readonly string[] | null): Promise<[name: string, digest: string][]> {
    const known = [...this.#entries.values()].filter(({ name }) => names === null || names.includes(name));
    const digests = known.map(async ({ name, raw, steering }) => {
      const rows = [...raw].filter(([, row]) => row.some((x) => x !== 0)).sort(([a], [b]) => a - b);
      const digests = await Promise.all(
        rows.map(async ([layer, row]) => [layer, await sha256(Float32Array.from(row))]),
      );
      const { mode, layers } = steering;
      return [name, await sha256(new TextEncoder().encode(JSON.stringify([mode, layers, digests])))] as [
        string,
        string,
      ];
    });
    return Promise.all(digests);
  }

  summaries(): KnownVector[] {
    return [...this.#entries.values()].map(({ name, kind, label, layers, quality }) => ({
      name,
      kind,
      label,
      layers,
      quality,
    }));
  }

  /**
   * Numbers and defaults for an intervention. Named personas, roles and the axis are added as their entry says
   * (increments, or directly); every other kind uses the raw v[l] of each layer.
   *
   * @param where the request's field, for the message
   * @throws PersonascopeError `BadRequest` naming the field and the reason
   */
  resolve(intervention: Intervention, where = 'intervention'): ResolvedIntervention {
    const fields = checkFields(intervention, where);
    const vectors = this.#vectorsFor(intervention, where);
    if (fields.kind !== 'addition') {
      for (const [layer, vector] of vectors) {
        if (norm(vector) < smallestNorm) throw bad(where, `vector is zero at layer ${layer}, so it has no direction`);
      }
    }
    return { ...fields, vectors };
  }

  resolveAll(interventions: readonly Intervention[], where = 'interventions'): ResolvedIntervention[] {
    if (!Array.isArray(interventions)) throw new PersonascopeError('BadRequest', `${where} must be a list.`);
    return interventions.map((intervention: Intervention, i) => this.resolve(intervention, `${where}[${i}]`));
  }

  /** Raw v[l] at the probe's layers; default: every layer the vector has. */
  resolveProbe(probe: Probe, where = 'probe'): ResolvedProbe {
    if (typeof probe !== 'object' || probe === null) throw bad(where, 'must be an object');
    if (typeof probe.name !== 'string' || probe.name === '') throw bad(where, 'name must be a text');
    const raw = this.#rawVectors(probe.vector, where);
    return { name: probe.name, vectors: pick(raw, checkLayers(probe.layers, raw, this.#size, where)) };
  }

  resolveProbes(probes: readonly Probe[], where = 'probes'): ResolvedProbe[] {
    if (!Array.isArray(probes)) throw new PersonascopeError('BadRequest', `${where} must be a list.`);
    return probes.map((probe: Probe, i) => this.resolveProbe(probe, `${where}[${i}]`));
  }

  #vectorsFor(intervention: Intervention, where: string): LayerVectors {
    const { kind, vector, layers } = intervention;
    const raw = this.#rawVectors(vector, where);
    const asked = checkLayers(layers, raw, this.#size, where);
    const entry = typeof vector === 'string' ? this.#entries.get(vector) : undefined;
    if (!entry) return pick(raw, asked);
    if (kind === 'addition') {
      const steered = pick(raw, layers ? asked : entry.steering.layers);
      return entry.steering.mode === 'increments' ? toIncrements(steered) : steered;
    }
    return pick(raw, kind === 'capping' && !layers ? entry.capLayers : asked);
  }

  #rawVectors(vector: Intervention['vector'], where: string): LayerVectors {
    if (typeof vector !== 'string') return readInline(vector, this.#size, where);
    const entry = this.#entries.get(vector);
    if (entry) return entry.raw;
    throw bad(where, `vector ${JSON.stringify(vector.slice(0, 100))} is not known. ${this.#knownNames()}`);
  }

  #knownNames(): string {
    const names = [...this.#entries.keys()];
    if (names.length === 0) return 'This model has no named vectors: give numbers by layer';
    return `Known: ${names.slice(0, 16).join(', ')}${names.length > 16 ? `, and ${names.length - 16} more` : ''}`;
  }
}

function entriesOf(space: PersonaSpace, tensors: NamedTensors, size: ModelSize): Entry[] {
  const all = Array.from({ length: size.nLayers }, (_, layer) => layer);
  const read = (name: string) => byLayer(tensors.get(name)!.data, all, size.dModel);
  const common = { layers: all, quality: null, capLayers: all, steering: { mode: 'increments' as const, layers: all } };
  const defaults = tensors.get('default')!.data;
  const components = tensors.get('pca.components')!;
  return [
    ...space.personas.map(({ name, label, quality, steering }) => ({
      ...common,
      ...{ name, label, steering, kind: 'persona' as const, raw: read(`persona.${name}`) },
      quality: summary(quality),
    })),
    ...axesOf(space).map(({ name, label }) => ({
      ...common,
      ...{ name, label, kind: 'axis' as const, raw: read(name), capLayers: space.cap.layers },
    })),
    ...Array.from({ length: components.shape[0]! }, (_, k) => {
      const raw = new Map([[space.pca.layer, row(components.data, k, size.dModel)]]);
      const layers = [space.pca.layer];
      const steering = { mode: 'direct' as const, layers };
      return {
        ...common,
        name: `pc${k + 1}`,
        label: `PC${k + 1}`,
        kind: 'component' as const,
        raw,
        layers,
        steering,
        capLayers: layers,
      };
    }),
    ...space.roles.map(({ name, label }) => {
      const mean = tensors.get(`role.${name}`)!.data;
      const raw = byLayer(
        mean.map((x, i) => x - defaults[i]!),
        all,
        size.dModel,
      );
      return { ...common, name: `role:${name}`, label, kind: 'role' as const, raw };
    }),
  ];
}

function summary(quality: PersonaEntry['quality']): KnownVector['quality'] {
  return quality && { auroc: quality.auroc, splitHalfCosine: quality.splitHalfCosine };
}

function row(data: Float32Array, index: number, dModel: number): Float32Array {
  return data.slice(index * dModel, (index + 1) * dModel);
}

function byLayer(data: Float32Array, layers: readonly number[], dModel: number): LayerVectors {
  return new Map(layers.map((layer) => [layer, row(data, layer, dModel)]));
}

function pick(vectors: LayerVectors, layers: readonly number[]): Map<number, Float32Array> {
  return new Map(layers.map((layer) => [layer, vectors.get(layer)!]));
}

function bad(where: string, reason: string): PersonascopeError {
  return new PersonascopeError('BadRequest', `${where}: ${reason}.`, 'Correct the request; nothing was changed.');
}
