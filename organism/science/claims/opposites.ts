/** Does subtracting a vector take a trait away from a model that was asked to show it? */
import { coherentShare } from '../../../src/lib/extract/coherence';
import { randomTwin } from '../../../src/lib/extract/controls';
import type { Trait } from '../../../src/lib/extract/prompts';
import { measureCell, type Trials } from '../../../src/lib/extract/trial';
import { Random } from '../../../src/lib/maths/random';
import type { Row } from '../../../src/lib/science/report';
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
    const { opposedHeldOut, opposedControls } = settings;
    const count = tested(lab, settings).length;
    return { replies: count * (2 * opposedHeldOut + opposedControls), scores: count * 3 * opposedHeldOut };
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
  const coefficient = lab.measuredAt(trait).negative;
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
      share('unsteered', plain, { atLeast: 0.25 }),
      share('coherent', steered.coherence, { atLeast: coherentShare }),
    ],
    controls: [share('random vector', twin.expression)],
    note: `The limit is half of the unsteered share, which must be a quarter at least (half, until a table had poetic fail by that alone). Coefficient chosen on other questions under other prompts. Coherence is scored under the prompt in force, the opposite ones and none.`,
  });
}
