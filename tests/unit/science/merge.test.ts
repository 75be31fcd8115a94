/** A suite that is measured in parts. */
import { describe, expect, it } from 'vitest';
import { mergeReports } from '../../../organism/science/merge';
import { row } from '../../../organism/science/rows';
import type { ScienceReport } from '../../../src/lib/science/report';

const rowOf = (claim: number, value: number) =>
  row({ claim, what: `claim ${claim}`, figure: { label: 'x', value, interval: null, n: 9 } });
const reportOf = (change: Partial<ScienceReport>): ScienceReport => ({
  format: 'personascope/science@1',
  createdAt: '2026-01-02T03:04:05.000Z',
  commit: 'abc1234',
  models: [{ id: 'organism-assistant', digest: 'a'.repeat(64) }],
  settings: { size: 'full', seed: 1 },
  machine: { processor: 'p', cores: 2, gpu: 'g', minutes: 3 },
  missing: ['two', 'three'],
  rows: [rowOf(1, 0.1)],
  ...change,
});
const valuesOf = ({ rows }: ScienceReport) => rows.map(({ claim, figure }) => [claim, figure.value]);

describe('mergeReports', () => {
  const now = reportOf({ missing: ['one', 'three'], rows: [rowOf(2, 0.2)] });

  it('keeps the claims that were not measured again, in their order', () => {
    const merged = mergeReports(reportOf({}), now);
    expect(valuesOf(merged)).toEqual([
      [1, 0.1],
      [2, 0.2],
    ]);
    expect(merged.missing).toEqual(['three']);
    expect(merged.machine.minutes).toBe(6);
  });

  it('replaces those that were', () => {
    const merged = mergeReports(reportOf({ rows: [rowOf(2, 0.9)], missing: ['one', 'three'] }), now);
    expect(valuesOf(merged)).toEqual([[2, 0.2]]);
    expect(merged.machine.minutes).toBe(3);
  });

  it('keeps nothing of another commit, other settings or other weights', () => {
    const others = [
      { commit: 'def5678' },
      { settings: { size: 'full' as const, seed: 2 } },
      { models: [{ id: 'organism-assistant', digest: 'b'.repeat(64) }] },
    ];
    for (const other of others) expect(mergeReports(reportOf(other), now)).toEqual(now);
  });

  it('names both models where each part read another', () => {
    const base = { id: 'organism-base', digest: 'c'.repeat(64) };
    expect(mergeReports(reportOf({ models: [base] }), now).models).toEqual([...now.models, base]);
  });
});
