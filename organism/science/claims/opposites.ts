/** Does subtracting a vector take a trait away from a model that was asked to show it? */
import { coherentShare } from '../../../src/lib/extract/coherence';
import { randomTwin } from '../../../src/lib/extract/controls';
import type { Trait } from '../../../src/lib/extract/prompts';
import { measureCell, type Cell, type Trials } from '../../../src/lib/extract/trial';
import { Random } from '../../../src/lib/interp/random';
import type { Row } from '../../../src/lib/interp/science';
import type { Claim } from '../claim';
import type { Lab } from '../lab';
import { countOf, row, share } from '../rows';
import type { ScienceSettings } from '../settings';
import { unscored } from './traits';

const tested = (lab: Lab, { opposed }: ScienceSettings) => opposed ?? lab.traits.map(({ name }) => name);

export const opposites: Claim = {
  name: 'opposites',
  // The yardstick of coherence is there from the traits.
  cost: (lab, settings) => {
    const { opposedCoefficients, opposedTuning, opposedHeldOut, opposedControls } = settings;
    const count = tested(lab, settings).length;
    const scored = opposedCoefficients.length * opposedTuning + opposedHeldOut;
    return { replies: count * (scored + opposedTuning + opposedHeldOut + opposedControls), scores: count * 3 * scored };
  },

  async measure(lab, settings, begin) {
    const rows: Row[] = [];
    for (const name of tested(lab, settings)) {
      begin(lab.trait(name).label);
      rows.push(await subtract(lab, settings, lab.trait(name)));
    }
    return [
      row({
        claim: 8,
        what: 'Vectors that, subtracted, at least halve a trait that the system prompt asks for',
        figure: countOf('traits', rows, { atLeast: 5 }),
        published: 'steering against a vector lowers its trait (Chen et al. 2025)',
        note: 'The range is how many would pass with every figure at the worse or the better end of its interval.',
      }),
      ...rows,
    ];
  },
};

/** Where the smaller of two margins is largest: of the trait below its limit, and of coherence above the share that it needs. */
export function chooseOpposite(cells: readonly Cell[], limit: number): Cell {
  const margin = ({ expression, coherence }: Cell) =>
    Math.min(limit - expression.rate, coherence.rate - coherentShare);
  return cells.reduce((best, cell) => (margin(cell) > margin(best) ? cell : best));
}

async function subtract(lab: Lab, settings: ScienceSettings, trait: Trait): Promise<Row> {
  const { engine } = await lab.model();
  const { steering } = lab.space.personas.find(({ name }) => name === trait.name)!;
  const vector = lab.vector(`persona.${trait.name}`);
  const fresh = lab.freshOf(trait);
  const trials: Trials = {
    ...{ engine, temperature: settings.temperature, maxTokens: settings.maxTokens, seed: settings.seed + 40_000 },
    ...{ systems: fresh.positive, judge: lab.traitJudges.get(trait.name)!, coherence: await lab.coherenceOf(trait) },
  };
  const shownOnly: Trials = { ...trials, coherence: unscored };
  const tuning = trait.tuning.slice(0, settings.opposedTuning);
  // Under the prompts that the vector was made from; the figures are under fresh ones.
  const known: Trials = { ...trials, systems: trait.positive };
  const asked = (await measureCell({ ...known, coherence: unscored }, vector, steering, 0, tuning)).expression;
  const tuned: Cell[] = [];
  for (const c of settings.opposedCoefficients) tuned.push(await measureCell(known, vector, steering, c, tuning));
  const { coefficient } = chooseOpposite(tuned, asked.rate / 2);
  const questions = fresh.questions.slice(0, settings.opposedHeldOut);
  const fewer = questions.slice(0, settings.opposedControls);
  const plain = (await measureCell(shownOnly, vector, steering, 0, questions)).expression;
  const steered = await measureCell(trials, vector, steering, coefficient, questions);
  const random = randomTwin(vector, engine.info.dModel, new Random(settings.seed));
  const twin = await measureCell(shownOnly, random, steering, coefficient, fewer);
  return row({
    claim: 8,
    what: `${trait.label}: asked for by fresh prompts, and its vector added at ${coefficient}`,
    figure: share('still shows it', steered.expression, { atMost: plain.rate / 2 }),
    beside: [
      share('unsteered', plain, { atLeast: 0.5 }),
      share('coherent', steered.coherence, { atLeast: coherentShare }),
    ],
    controls: [share('random vector', twin.expression)],
    note: `The limit is half of the unsteered share. Coefficient chosen on ${tuning.length} tuning questions. Coherence is scored under the prompt in force, the opposite ones and none.`,
  });
}
