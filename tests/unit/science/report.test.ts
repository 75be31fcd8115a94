/** The table of measurements: verdicts follow from figures, and what is shown was checked. */
import { describe, expect, it } from 'vitest';
import {
  formatQuantity,
  formatTarget,
  judgeRow,
  parseScienceReport,
  type Quantity,
  type Row,
} from '../../../src/lib/science/report';

const quantity = (value: number, more: Partial<Quantity> = {}): Quantity => ({
  ...{ label: 'share', value, interval: [value - 0.1, value + 0.1], n: 100 },
  ...more,
});

function row(figure: Quantity, beside: Quantity[] = [], controls: Quantity[] = []): Row {
  const measured = { figure, beside, controls };
  const words = { claim: 7, what: 'Pirate at 0.5', model: 'ASSISTANT' as const, published: null, note: null };
  return { ...words, ...measured, verdict: judgeRow(measured) };
}

const report = (rows: unknown[]) => ({
  format: 'personascope/science@1',
  createdAt: '2026-11-25T00:00:00.000Z',
  commit: 'abc1234',
  models: [{ id: 'organism-assistant', digest: 'a'.repeat(64) }],
  settings: { size: 'small', seed: 1, heldOut: 2 },
  machine: { processor: 'a processor', cores: 2, gpu: 'SwiftShader', minutes: 1.5 },
  rows,
});

describe('a row', () => {
  it('is met if the figure and every limited quantity beside it keep their limits', () => {
    const coherent = quantity(0.81, { label: 'coherent', atLeast: 0.8 });
    const random = quantity(0.05, { label: 'random vector', atMost: 0.05 });
    expect(row(quantity(0.8, { atLeast: 0.8 }), [coherent], [random]).verdict).toBe('met');
    expect(row(quantity(0.79, { atLeast: 0.8 }), [coherent], [random]).verdict).toBe('missed');
    expect(row(quantity(0.8, { atLeast: 0.8 }), [coherent], [{ ...random, value: 0.06 }]).verdict).toBe('missed');
    expect(row(quantity(0.8, { atLeast: 0.8 }), [{ ...coherent, value: 0.7 }], [random]).verdict).toBe('missed');
  });

  it('has no verdict without a limit', () => {
    expect(row(quantity(1)).verdict).toBeNull();
    expect(formatTarget(row(quantity(1)))).toBe('');
  });

  it('says its target, with a true minus and the digits asked for', () => {
    const loss = quantity(-0.0123, { interval: null, atMost: 0.02, digits: 3 });
    expect(formatQuantity(loss)).toBe('−0.012');
    expect(formatQuantity(quantity(0.8))).toBe('0.80 [0.70, 0.90]');
    expect(formatTarget(row(loss, [quantity(1, { label: 'coherent', atLeast: 0.8 })]))).toBe(
      '≤ 0.020; coherent ≥ 0.80',
    );
    expect(formatTarget(row(quantity(0.5, { atLeast: 0.4, atMost: 0.6 })))).toBe('≥ 0.40; ≤ 0.60');
  });
});

describe('a report', () => {
  const good = row(quantity(0.9, { atLeast: 0.8 }));

  it('comes back as it was written', () => {
    const read = parseScienceReport(JSON.parse(JSON.stringify(report([good]))));
    expect(read.rows[0]).toMatchObject({ ...good, figure: { value: 0.9, atLeast: 0.8 } });
    expect(read.settings).toMatchObject({ size: 'small', heldOut: 2 });
  });

  it.each([
    ['rows', report([])],
    ['format', { ...report([good]), format: 'personascope/science@2' }],
    ['models.0.digest', { ...report([good]), models: [{ id: 'x', digest: 'f00' }] }],
    ['models', { ...report([good]), models: [] }],
    ['settings.size', { ...report([good]), settings: { size: 'huge', seed: 1 } }],
    ['rows.0.figure.value', report([{ ...good, figure: { ...good.figure, value: '0.9' } }])],
    ['rows.0.figure.interval', report([{ ...good, figure: { ...good.figure, interval: [0.8] } }])],
    ['rows.0.surprise', report([{ ...good, surprise: 1 }])],
    ['it', null],
  ])('is refused with the name of the field: %s', (field, value) => {
    expect(() => parseScienceReport(value)).toThrow(field);
  });

  it('is refused if a verdict is not what the figures say', () => {
    expect(() => parseScienceReport(report([{ ...good, verdict: 'missed' }]))).toThrow('rows.0.verdict is missed');
    expect(() => parseScienceReport(report([{ ...good, verdict: null }]))).toThrow('make it met');
  });
});
