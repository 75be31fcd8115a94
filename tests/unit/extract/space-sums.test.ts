import { describe, expect, it } from 'vitest';
import { decodeSums, encodeSums } from '../../../src/lib/extract/sums-file';
import { sampleSpace } from '../../../src/lib/extract/extract-space';
import { capLayers, reportSpace } from '../../../src/lib/extract/space-report';
import { mergeSums, spaceFromSums, type SpaceSums } from '../../../src/lib/extract/space-sums';
import { dModel, nLayers, SyntheticEngine } from './synthetic-engine';

const names = ['demon', 'nurse', 'cat', 'poet', 'robot', 'child'];
const prompts = {
  roles: names.map((name) => ({ name, label: name, family: 'any', prompts: [`Be a ${name}.`] })),
  neutral: [null],
};
const place = { targetLayer: 1, cap: { layers: [1] } };

async function run(seed: number): Promise<SpaceSums> {
  const engine = new SyntheticEngine({
    noise: 0.3,
    meanFor: (system) => {
      const role = names.findIndex((name) => system?.includes(name));
      return Float64Array.from(
        { length: nLayers * dModel },
        (_, i) => (role < 0 ? 4 : 0) + Math.sin((role + 2) * (i % dModel)),
      );
    },
  });
  const sums = await sampleSpace(engine, prompts, ['a', 'b', 'c'], { ...place, seed, normReplies: 3 });
  return { ...sums, modelDigest: 'ab'.repeat(32), promptSet: 'test', runs: [`machine ${seed}`] };
}

describe('sums of several machines', () => {
  it('give the space that one machine with all replies would have', async () => {
    const [a, b] = [await run(1), await run(1000)];
    const merged = mergeSums([a, b]);
    expect(merged.roles.map(({ count }) => count)).toEqual(Array(names.length).fill(6));
    expect(merged.defaults).toHaveLength(6);
    merged.roles.forEach(({ sum }, r) =>
      sum.forEach((x, i) => expect(x).toBeCloseTo(a.roles[r]!.sum[i]! + b.roles[r]!.sum[i]!, 9)),
    );
    const space = spaceFromSums(merged, place);
    const means = [a, b].map((part) => spaceFromSums(part, place).roleMeans);
    space.roleMeans.forEach((mean, r) =>
      mean.forEach((x, i) => expect(x).toBeCloseTo((means[0]![r]![i]! + means[1]![r]![i]!) / 2, 9)),
    );
    expect(space.residualNorm[0]).toBeCloseTo((a.residualNorm.sum[0]! + b.residualNorm.sum[0]!) / 6, 9);
    expect(a.roles[0]!.count).toBe(3);
  });

  it('keep a role that only one of them ran', async () => {
    const [a, b] = [await run(1), await run(2)];
    const merged = mergeSums([{ ...a, roles: a.roles.slice(0, 5) }, b]);
    expect(merged.roles.find(({ name }) => name === 'child')!.count).toBe(3);
  });

  it.each([
    ['modelDigest', { modelDigest: 'cd'.repeat(32) }],
    ['promptSet', { promptSet: 'other' }],
    ['is there twice', { runs: ['machine 1'] }],
  ])('are refused by %s', async (reason, change) => {
    const [a, b] = [await run(1), await run(2)];
    expect(() => mergeSums([a, { ...b, ...change }])).toThrow(
      expect.objectContaining({ name: 'BadRequest', message: expect.stringContaining(reason) }),
    );
  });

  it('travel as files, rounded to f32', async () => {
    const sums = await run(1);
    const read = decodeSums(encodeSums(sums));
    expect(read).toEqual({
      ...sums,
      roles: sums.roles.map((role) => ({ ...role, sum: Float64Array.from(Float32Array.from(role.sum)) })),
      residualNorm: { ...sums.residualNorm, sum: [...Float32Array.from(sums.residualNorm.sum)] },
    });
    const broken = encodeSums({ ...sums, promptSet: 'x'.repeat(300) });
    expect(() => decodeSums(broken)).toThrow(
      expect.objectContaining({ message: expect.stringContaining('promptSet') }),
    );
    const nan = { ...sums, defaults: sums.defaults.map((mean) => mean.map(() => NaN)) };
    expect(() => decodeSums(encodeSums(nan))).toThrow(
      expect.objectContaining({ message: expect.stringContaining('not finite') }),
    );
  });
});

describe('the report', () => {
  it('has the figures of the papers', async () => {
    const sums = await run(1);
    const report = reportSpace(spaceFromSums(sums, place), dModel, 3);
    expect(report).toMatchObject({ roles: 6, replies: { roles: 18, default: 3 }, defaultRank: 1 });
    expect(report.cosPc1Axis).toHaveLength(nLayers);
    expect(report.explainedVariance.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 6);
    const upTo = (count: number) => report.explainedVariance.slice(0, count).reduce((a, b) => a + b, 0);
    expect(upTo(report.componentsFor70)).toBeGreaterThanOrEqual(0.7);
    expect(upTo(report.componentsFor70 - 1)).toBeLessThan(0.7);
  });

  it('caps about a fifth of the layers, in the upper middle', () => {
    expect(capLayers(64)).toEqual(Array.from({ length: 13 }, (_, i) => 45 + i));
    expect(capLayers(28)).toEqual([20, 21, 22, 23, 24, 25]);
    expect(capLayers(6)).toEqual([4]);
    expect(capLayers(2)).toEqual([1]);
  });
});
