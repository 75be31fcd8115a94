import { isDeepStrictEqual } from 'node:util';
import type { ScienceReport } from '../../src/lib/science/report';

/**
 * The claims of `now`, and those of `before` that it lacks. Nothing is kept of a report from another commit, of other settings or
 * other weights: one table speaks of one state of the project.
 */
export function mergeReports(before: ScienceReport, now: ScienceReport): ScienceReport {
  const isSameState =
    before.commit === now.commit &&
    isDeepStrictEqual(before.settings, now.settings) &&
    now.models.every(({ id, digest }) => before.models.every((one) => one.id !== id || one.digest === digest));
  if (!isSameState) return now;
  const measured = new Set(now.rows.map(({ claim }) => claim));
  const kept = before.rows.filter(({ claim }) => !measured.has(claim));
  return {
    ...now,
    models: [...now.models, ...before.models.filter(({ id }) => now.models.every((one) => one.id !== id))],
    machine: { ...now.machine, minutes: now.machine.minutes + (kept.length > 0 ? before.machine.minutes : 0) },
    missing: now.missing.filter((name) => before.missing.includes(name)),
    rows: [...kept, ...now.rows].sort((a, b) => a.claim - b.claim),
  };
}
