/** Where the visitor's dials stand, and the interventions they make. */
import { SvelteMap } from 'svelte/reactivity';
import { capInterventions, capThresholdOf, isCap, steeredAxis } from '../personas/dial';
import type { Intervention } from '../engine/intervention';
import type { PersonaSpace } from '../personas/persona-space';

/** What the dials need to know of the loaded model. */
interface Steered {
  readonly info: { id: string } | null;
  readonly space: PersonaSpace | null;
  /** Every persona vector there is a dial for. */
  readonly personas: readonly { name: string }[];
}

export interface DialsMemento {
  coefficients: [name: string, coefficient: number][];
  capOn: boolean;
  threshold: { model: string | undefined; at: number } | null;
  others: { model: string | undefined; interventions: Intervention[] } | null;
}

export class Dials {
  readonly #model: Steered;
  readonly #coefficients = new SvelteMap<string, number>();
  capOn = $state(false);
  /** Of the cap, on the axis of the model that it was set for. */
  #threshold = $state.raw<DialsMemento['threshold']>(null);
  #others = $state.raw<DialsMemento['others']>(null);
  /** Called after each change. */
  onMoved: (() => void) | null = null;

  constructor(model: Steered) {
    this.#model = model;
  }

  #names(): string[] {
    const { space, personas } = this.#model;
    return [...(space ? [steeredAxis(space)] : []), ...personas.map(({ name }) => name)];
  }

  /** Interventions of an opened conversation that no dial stands for (ablations, inline vectors); in force until reset, on the model they are for. */
  get others(): readonly Intervention[] {
    return this.#others && this.#others.model === this.#model.info?.id ? this.#others.interventions : [];
  }

  /** Of a persona vector or of the axis. */
  coefficient(name: string): number {
    return this.#coefficients.get(name) ?? 0;
  }

  set(name: string, coefficient: number): void {
    if (!Number.isFinite(coefficient) || coefficient === this.coefficient(name)) return;
    if (coefficient === 0) this.#coefficients.delete(name);
    else this.#coefficients.set(name, coefficient);
    this.onMoved?.();
  }

  /** Where the cap starts to lift, as a place on the axis. */
  get capThreshold(): number {
    return this.#ownThreshold ?? this.#model.space?.cap.threshold ?? 0;
  }

  /** Null: the space's own. */
  get #ownThreshold(): number | null {
    return this.#threshold && this.#threshold.model === this.#model.info?.id ? this.#threshold.at : null;
  }

  setCap(isOn: boolean, threshold: number | null = this.#ownThreshold): void {
    this.capOn = isOn;
    this.#place(threshold);
    this.onMoved?.();
  }

  #place(threshold: number | null): void {
    this.#threshold = threshold === null ? null : { model: this.#model.info?.id, at: threshold };
  }

  get isAtRest(): boolean {
    return this.#coefficients.size === 0 && !this.capOn && this.others.length === 0;
  }

  resetAll(): void {
    if (this.isAtRest && this.#threshold === null) return;
    this.#coefficients.clear();
    this.#threshold = null;
    this.capOn = false;
    this.#others = null;
    this.onMoved?.();
  }

  /** Where they stand, for an undo. */
  memento(): DialsMemento {
    return {
      coefficients: [...this.#coefficients],
      capOn: this.capOn,
      threshold: this.#threshold,
      others: this.#others,
    };
  }

  recall({ coefficients, capOn, threshold, others }: DialsMemento): void {
    this.#coefficients.clear();
    for (const [name, coefficient] of coefficients) this.#coefficients.set(name, coefficient);
    this.capOn = capOn;
    this.#threshold = threshold;
    this.#others = others;
    this.onMoved?.();
  }

  /** Dials the model has no vector for are left out. */
  interventions(): Intervention[] {
    const { space } = this.#model;
    const known = this.#names();
    const additions = [...this.#coefficients]
      .filter(([name]) => known.includes(name))
      .map(([vector, coefficient]): Intervention => ({ kind: 'addition', vector, coefficient }));
    return [...additions, ...this.others, ...(space && this.capOn ? capInterventions(space, this.capThreshold) : [])];
  }

  /** Turns the dials to where these interventions come from. */
  adopt(interventions: readonly Intervention[]): void {
    const { space } = this.#model;
    const known = this.#names();
    this.#coefficients.clear();
    this.#place(space && capThresholdOf(interventions, space));
    this.capOn = this.#threshold !== null;
    const others: Intervention[] = [];
    for (const intervention of interventions) {
      const { kind, vector, layers, positions, coefficient } = intervention;
      if (kind === 'addition' && typeof vector === 'string' && known.includes(vector) && !layers && !positions) {
        this.#coefficients.set(vector, coefficient ?? 1);
      } else if (!space || !this.capOn || !isCap(intervention, space)) others.push(intervention);
    }
    this.#others = { model: this.#model.info?.id, interventions: others };
    this.onMoved?.();
  }
}
