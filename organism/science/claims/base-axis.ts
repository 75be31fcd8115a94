/** Is the axis there before post-training? Role means of BASE, collected as ASSISTANT's were. */
import { sampleSpace } from '../../../src/lib/extract/extract-space';
import { computeAxis } from '../../../src/lib/personas/axis';
import { cosine, layerOf, meanVector, scale, subtract } from '../../../src/lib/maths/linear';
import { bootstrapInterval, mean } from '../../../src/lib/maths/stats';
import type { Claim } from '../claim';
import { number, row, spread } from '../rows';

export const baseAxis: Claim = {
  name: 'base-axis',
  cost: (lab, { roles, baseSamples }) => ({
    replies: spread(lab.roles.roles, roles).length * baseSamples.role + baseSamples.default + 1,
    scores: 0,
  }),

  async measure(lab, { seed, temperature, maxTokens, baseSamples, roles: most }) {
    const { targetLayer, dModel, cap, roles: known } = lab.space;
    const { engine } = await lab.model('base');
    const at = (vector: Float64Array) => layerOf(vector, targetLayer, dModel);
    const asked = spread(lab.roles.roles, most).filter(({ name }) => known.some((role) => role.name === name));
    // The same for roles and default, so that the questions' share of a mean cancels.
    const questions = lab.questions.slice(0, baseSamples.role);
    const sums = await sampleSpace(engine, { ...lab.roles, roles: asked }, questions, {
      ...{ targetLayer, cap, temperature, maxTokens, seed, normReplies: 1 },
      ...{ samplesPerRole: baseSamples.role, samplesOfDefault: baseSamples.default },
    });
    const pairs = sums.roles.map(({ name, sum, count }) => ({
      base: at(scale(sum, 1 / count)),
      assistant: at(lab.vector(`role.${name}`)),
    }));
    const defaults = {
      base: meanVector(sums.defaults.map((row) => at(Float64Array.from(row)))),
      assistant: at(lab.vector('default')),
    };
    const axisOf = (model: 'base' | 'assistant', some: typeof pairs) =>
      computeAxis(
        defaults[model],
        some.map((pair) => pair[model]),
      );
    const agreement = (some: readonly (typeof pairs)[number][]) =>
      cosine(axisOf('base', [...some]), axisOf('assistant', [...some]));
    const ours = axisOf('assistant', pairs);
    const others = (i: number) =>
      subtract(pairs[i]!.base, meanVector(pairs.filter((_, k) => k !== i).map(({ base }) => base)));
    return [
      row({
        claim: 6,
        model: 'both',
        what: `The axis of BASE against ASSISTANT's at block ${targetLayer}`,
        figure: number('cosine', agreement(pairs), bootstrapInterval(pairs, agreement, { seed }), pairs.length, {
          atLeast: 0.7,
        }),
        controls: [
          number(
            'a role of BASE in place of its Assistant, mean |cos| over roles',
            mean(pairs.map((_, i) => Math.abs(cosine(others(i), ours)))),
            null,
            pairs.length,
          ),
        ],
        published: 'the axis exists in base models already (Lu et al. 2026; PSM essay)',
        note: `${baseSamples.role} replies a role, ${baseSamples.default} of the default. Interval: bootstrap over roles. With no system prompt any character of BASE may answer; three of the four default prompts ask for an assistant.`,
      }),
    ];
  },
};
