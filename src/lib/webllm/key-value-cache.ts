/**
 * What WebLLM's key-value cache holds, so that a further turn reads only what is new. It may be gone on with only where reading everything anew would give the
 * same: the same tokens, read under the same interventions, that were the same at every position. Otherwise it is cleared and all is read again, so that a reply
 * never depends on more than its request.
 */
import type { ResolvedChatRequest } from '../engine/engine';
import { areSameInterventions, areSameVectors, isIdle } from '../engine/intervention';

export class KeyValueCache {
  #ids: number[] = [];
  /** By probe slot, one value a token. */
  #readings: number[][] = [];
  #request: Pick<ResolvedChatRequest, 'interventions' | 'probes'> | null = null;

  /** Nothing of it can be used any more. */
  forget(): void {
    this.#request = null;
  }

  /** The cache was cleared, and is filled under this request. */
  start(request: ResolvedChatRequest): void {
    this.#ids = [];
    this.#readings = [];
    const { interventions, probes } = request;
    this.#request = { interventions, probes };
  }

  /** A pass has read these tokens. */
  append(ids: readonly number[], readings: readonly Float32Array[]): void {
    this.#ids.push(...ids);
    readings.forEach((values, slot) => (this.#readings[slot] ??= []).push(...values));
  }

  /** What the prompt need not have read again; null if everything must. */
  reuse(
    promptIds: readonly number[],
    request: ResolvedChatRequest,
  ): { tokens: number; readings: Float32Array[] } | null {
    const before = this.#request;
    if (!before || this.#ids.length === 0 || this.#ids.length >= promptIds.length) return null;
    if (request.schedule.some(({ token }) => token === 0)) return null;
    if (!this.#ids.every((id, i) => id === promptIds[i])) return null;
    const active = request.interventions.filter((intervention) => !isIdle(intervention));
    if (active.some(({ positions }) => positions !== 'all')) return null;
    if (
      !areSameInterventions(
        active,
        before.interventions.filter((intervention) => !isIdle(intervention)),
      )
    )
      return null;
    const isSameProbe = ({ name, vectors }: (typeof request.probes)[number], i: number) =>
      before.probes[i]?.name === name && areSameVectors(before.probes[i].vectors, vectors);
    if (request.probes.length !== before.probes.length || !request.probes.every(isSameProbe)) return null;
    return { tokens: this.#ids.length, readings: this.#readings.map((values) => Float32Array.from(values)) };
  }
}
