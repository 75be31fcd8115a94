/** Is persona space what the paper found it to be in large models? Computed from the shipped means; nothing is asked. */
import { reportSpace } from '../../../src/lib/extract/space-report';
import { computeAxis } from '../../../src/lib/personas/axis';
import { cosine, layerOf, meanVector, subtract } from '../../../src/lib/maths/linear';
import { computePca } from '../../../src/lib/maths/pca';
import { rankOnAxis, rankOnPc1 } from '../../../src/lib/personas/position';
import { Random } from '../../../src/lib/maths/random';
import { jackknifeInterval, mean } from '../../../src/lib/maths/stats';
import type { Claim } from '../claim';
import { number, row } from '../rows';

const source = 'Lu et al. 2026';

export const space: Claim = {
  name: 'space',
  cost: () => ({ replies: 0, scores: 0 }),

  async measure(lab, { seed }) {
    const { roles, pca, targetLayer, dModel, axis } = lab.space;
    const at = (vector: Float64Array) => layerOf(vector, targetLayer, dModel);
    const means = roles.map(({ name }) => lab.vector(`role.${name}`));
    const rows = means.map(at);
    const assistant = at(lab.vector('default'));
    const cosPc1 = (some: readonly Float64Array[]) =>
      Math.abs(cosine(computePca(some, 1).components[0]!, computeAxis(assistant, some)));
    const topThree = (some: readonly Float64Array[]) =>
      computePca(some, 3).explainedVariance.reduce((a, b) => a + b, 0);
    const interval = (statistic: (some: readonly Float64Array[]) => number) => jackknifeInterval(rows, statistic);
    const others = (i: number) => subtract(rows[i]!, meanVector(rows.filter((_, k) => k !== i)));
    const pc1 = computePca(rows, 1).components[0]!;
    const random = new Random(seed);
    const noise = rows.map(() => Float64Array.from({ length: dModel }, () => random.normal()));
    const report = reportSpace(
      {
        ...{ roleMeans: means, axisVector: lab.vector('assistant-axis'), pca, roles, kept: [] },
        defaultRank: rankOnAxis(roles, axis.assistant.mean),
      },
      dModel,
      0,
    );
    const { rank, of } = rankOnPc1(lab.space);
    const n = roles.length;
    const whole = (label: string, value: number) => number(label, value, null, null, { digits: 0 });
    return [
      row({
        claim: 5,
        what: `|cos(axis, PC1)| at block ${targetLayer}`,
        figure: number('|cos|', cosPc1(rows), interval(cosPc1), n, { atLeast: 0.71 }),
        beside: report.cosPc1Axis.map((value, layer) => number(`block ${layer}`, value, null, null)),
        controls: [
          number(
            'a role in place of the Assistant, mean over roles',
            mean(rows.map((_, i) => Math.abs(cosine(pc1, others(i))))),
            null,
            n,
          ),
        ],
        published: `> 0.60 at all layers, > 0.71 in the middle one (${source})`,
        note: 'Interval: jackknife over roles. That such an axis exists here is by design.',
      }),
      row({
        claim: 5,
        what: 'Variance of the roles on PC1 to PC3',
        figure: number('share', topThree(rows), interval(topThree), n, { atLeast: 0.5 }),
        beside: [
          ...report.explainedVariance.slice(0, 3).map((value, k) => number(`PC${k + 1}`, value, null, null)),
          whole('components for 70%', report.componentsFor70),
        ],
        controls: [number('as many random vectors', topThree(noise), null, n)],
        published: `PC1 48.8%, PC1 to 3 65.6% (Gemma-2-27B); 4 to 19 components for 70% (${source})`,
      }),
      row({
        claim: 5,
        what: "The Assistant's rank at its end of PC1",
        figure: number('rank', rank, null, of, { digits: 0, atMost: 1 }),
        beside: [whole('rank on the axis', report.defaultRank)],
        published: `at one end, next to helpful professionals (${source})`,
        note: 'The role “assistant”, which is the Assistant too, is left out of the rank on PC1.',
      }),
    ];
  },
};
