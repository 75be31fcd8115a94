/** Does the projection at the last prompt token tell how much of a trait the reply will show? */
import { randomTwin } from '../../../src/lib/extract/controls';
import { asMessages } from '../../../src/lib/extract/coherence';
import type { Trait } from '../../../src/lib/extract/prompts';
import type { ResolvedProbe } from '../../../src/lib/engine/intervention';
import { layerOf } from '../../../src/lib/maths/linear';
import { Random } from '../../../src/lib/maths/random';
import type { Quantity, Row } from '../../../src/lib/science/report';
import { bootstrapInterval, mean, pearson } from '../../../src/lib/maths/stats';
import type { Claim } from '../claim';
import type { Fresh } from '../files';
import type { Lab } from '../lab';
import { number, row } from '../rows';
import type { ScienceSettings } from '../settings';

interface Point {
  kind: 'asks for it' | 'asks for the opposite' | 'no system prompt';
  /** <h, v> and <h, its random twin> at the last prompt token. */
  projection: number;
  random: number;
  /** The judge's probability that the reply shows the trait. */
  trait: number;
}

const correlation = (points: readonly Point[]) =>
  pearson(
    points.map((p) => p.projection),
    points.map((p) => p.trait),
  );
const promptsOf = ({ positive, negative }: Fresh[string]) => [
  ...positive.map((system) => ({ kind: 'asks for it' as const, system })),
  ...negative.map((system) => ({ kind: 'asks for the opposite' as const, system })),
  { kind: 'no system prompt' as const, system: null },
];

export const monitoring: Claim = {
  name: 'monitoring',
  cost: (lab, { monitored, monitoredQuestions }) => ({
    replies: monitored.reduce((sum, name) => sum + promptsOf(lab.freshOf(lab.trait(name))).length * monitoredQuestions, 0),
    scores: 0,
  }),

  async measure(lab, settings) {
    const rows: Row[] = [];
    const groups: Point[][] = [];
    for (const name of settings.monitored) {
      const points = await collect(lab, settings, lab.trait(name));
      groups.push(points);
      rows.push(describe(lab.trait(name).label, points, settings.seed));
    }
    const all = groups.flatMap((points, g) => points.map((point) => ({ ...point, g })));
    const meanR = (some: readonly (typeof all)[number][]) =>
      mean(groups.map((_, g) => correlation(some.filter((point) => point.g === g))));
    const meanOf = (label: string) => {
      const found = rows.flatMap(({ beside, controls }) =>
        [...beside, ...controls].filter((quantity) => quantity.label === label),
      );
      return found.length > 0 ? [number(label, mean(found.map(({ value }) => value)), null, found.length)] : [];
    };
    return [
      row({
        claim: 9,
        what: `Projection at the last prompt token against trait of the reply, mean r over ${groups.length} traits`,
        figure: number('r', meanR(all), finite(bootstrapInterval(all, meanR, { seed: settings.seed })), all.length, {
          atLeast: 0.75,
        }),
        beside: ['asks for it', 'asks for the opposite', 'no system prompt'].flatMap((kind) =>
          meanOf(`within “${kind}”`),
        ),
        controls: meanOf('random vector'),
        published: 'r = 0.75 to 0.83, weaker within one kind of prompt (Chen et al. 2025)',
        note: `Read at the last block at which the vector is added (${[...new Set(settings.monitored.map((name) => lastSteered(lab, name)))].join(', ')}). Fresh prompts that ask for the trait or its opposite, and none; the trait is the judge's probability. Interval: bootstrap over replies.`,
      }),
      ...rows,
    ];
  },
};

/** Where all of the vector is in the residual stream. */
function lastSteered(lab: Lab, name: string): number {
  return Math.max(...lab.space.personas.find((persona) => persona.name === name)!.steering.layers);
}

async function collect(lab: Lab, settings: ScienceSettings, trait: Trait): Promise<Point[]> {
  const { dModel } = lab.space;
  const layer = lastSteered(lab, trait.name);
  const vector = lab.vector(`persona.${trait.name}`);
  const probe = (name: string, numbers: Float64Array): ResolvedProbe => ({
    name,
    vectors: new Map([[layer, Float32Array.from(layerOf(numbers, layer, dModel))]]),
  });
  const probes = [probe('vector', vector), probe('random', randomTwin(vector, dModel, new Random(settings.seed)))];
  const judge = lab.traitJudges.get(trait.name)!;
  const points: Point[] = [];
  const fresh = lab.freshOf(trait);
  for (const [p, { kind, system }] of promptsOf(fresh).entries()) {
    for (const [i, question] of fresh.questions.slice(0, settings.monitoredQuestions).entries()) {
      const { text, readings } = await lab.chat(asMessages(system, question), { seed: 50_000 + 100 * p + i, probes });
      const last = (name: string) =>
        readings
          .filter((reading) => reading.probe === name && reading.phase === 'prompt')
          .at(-1)!
          .values.at(-1)!;
      const logOdds = await judge.score({ question, text });
      points.push({ kind, projection: last('vector'), random: last('random'), trait: 1 / (1 + Math.exp(-logOdds)) });
    }
  }
  return points;
}

function describe(label: string, points: readonly Point[], seed: number): Row {
  const r = (name: string, some: readonly Point[], value = correlation(some)): Quantity[] =>
    Number.isFinite(value) ? [number(name, value, null, some.length)] : [];
  const kinds = [...new Set(points.map(({ kind }) => kind))];
  return row({
    claim: 9,
    what: `${label}: r over graded prompts`,
    figure: number('r', correlation(points), finite(bootstrapInterval(points, correlation, { seed })), points.length),
    beside: kinds.flatMap((kind) =>
      r(
        `within “${kind}”`,
        points.filter((point) => point.kind === kind),
      ),
    ),
    controls: r(
      'random vector',
      points,
      pearson(
        points.map((p) => p.random),
        points.map((p) => p.trait),
      ),
    ),
  });
}

/** A resample of few replies may not vary, and then has no correlation. */
function finite({ low, high }: { low: number; high: number }) {
  return Number.isFinite(low) && Number.isFinite(high) ? { low, high } : null;
}
