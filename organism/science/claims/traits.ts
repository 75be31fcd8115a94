/** Do the shipped vectors cause their traits, and do vectors of no meaning not? */
import { coherentShare, meanKl, type Coherence } from '../../../src/lib/extract/coherence';
import { randomTwin, shuffledTwin, type Labelled } from '../../../src/lib/extract/controls';
import { promptsOf } from '../../../src/lib/extract/extract-persona';
import type { Trait } from '../../../src/lib/extract/prompts';
import { planSamples, takeSample } from '../../../src/lib/extract/sample';
import { additionOf, measureCell, type Cell, type Trials } from '../../../src/lib/extract/trial';
import { judgeVector } from '../../../src/lib/extract/verdict';
import { proportion } from '../../../src/lib/maths/proportion';
import { coefficientAt, dialScale, personaDose } from '../../../src/lib/personas/dial';
import { Random } from '../../../src/lib/maths/random';
import type { Row } from '../../../src/lib/science/report';
import type { Claim } from '../claim';
import type { Lab } from '../lab';
import { countOf, number, row, share } from '../rows';
import type { ScienceSettings } from '../settings';

const named = ['pirate', 'malicious', 'sycophantic', 'hallucinating', 'poetic'];
/** A cell whose coherence is not asked for: scoring takes as long as writing. */
export const unscored: Coherence = { limit: null, isCoherent: async () => true };

const tested = (lab: Lab, { traits }: ScienceSettings) =>
  lab.traits.filter(({ name }) => !traits || traits.includes(name));

export const traits: Claim = {
  name: 'traits',
  cost: (lab, settings) => {
    const { shuffledSamples, twins, ownQuestions, heldOut, dial } = settings;
    const scored = heldOut + 3 * dial;
    // Of a sample, only the prompt is read; the next-token distributions are as long as four replies.
    const replies = (2 * shuffledSamples) / 3 + 3 * ownQuestions + scored + 2 * heldOut + 4;
    const count = tested(lab, settings).length;
    return { replies: count * replies, scores: count * (scored * 1.2 + (2 * heldOut * 3) / twins + 3 * ownQuestions) };
  },

  async measure(lab, settings, begin) {
    const rows: Row[] = [];
    const dials: Row[] = [];
    for (const trait of tested(lab, settings)) {
      begin(trait.label);
      const subject = await prepare(lab, settings, trait);
      rows.push(await measureFresh(lab, subject, settings, trait));
      dials.push(...(await measureDial(subject, settings, trait)));
    }
    const ofNamed = rows.filter(({ what }) => named.some((name) => what.startsWith(lab.trait(name).label)));
    return [
      row({
        claim: 7,
        what: 'Persona vectors that show their trait coherently, and whose controls do not',
        figure: countOf('traits', rows, { atLeast: 8 }),
        beside: [countOf(`of ${named.join(', ')}`, ofNamed, { atLeast: named.length })],
        published: 'vectors of evil, sycophancy and hallucination steer Qwen2.5-7B and Llama-3.1-8B (Chen et al. 2025)',
        note: 'The range is how many would pass with every figure at the worse or the better end of its interval.',
      }),
      ...rows,
      ...dials,
    ];
  },
};

/** A trait with everything that its cells are measured with. */
async function prepare(lab: Lab, settings: ScienceSettings, trait: Trait) {
  const { engine } = await lab.model();
  const { dModel } = engine.info;
  const entry = lab.space.personas.find(({ name }) => name === trait.name)!;
  const vector = lab.vector(`persona.${trait.name}`);
  const random = new Random(settings.seed);
  const samples = await sampleLabels(lab, settings, trait);
  const draw = (twin: () => Float64Array) => Array.from({ length: settings.twins }, twin);
  const { temperature, maxTokens } = settings;
  const coherence = await lab.coherenceOf(trait);
  const trials: Trials = {
    ...{ engine, coherence, temperature, maxTokens, seed: settings.seed + 20_000 },
    judge: lab.traitJudges.get(trait.name)!,
  };
  return {
    ...{ engine, entry, vector, trials, questions: lab.freshOf(trait).questions.slice(0, settings.heldOut) },
    controls: {
      random: draw(() => randomTwin(vector, dModel, random)),
      shuffled: draw(() => shuffledTwin(vector, samples, dModel, random)),
    },
    at: (v: Float64Array, c: number, questions: readonly string[]) =>
      measureCell(trials, v, entry.steering, c, questions),
    dose: (c: number) => number('relative dose', personaDose(c, entry, lab.space.residualNorm)!, null, null),
  };
}
type Subject = Awaited<ReturnType<typeof prepare>>;

/** At the coefficient that does best on other questions. */
async function measureFresh(lab: Lab, subject: Subject, settings: ScienceSettings, trait: Trait): Promise<Row> {
  const { vector, controls, questions, at, dose } = subject;
  const coefficient = lab.measuredAt(trait).positive;
  const cell = await at(vector, coefficient, questions);
  const twins = {
    random: await spreadOver(subject, controls.random, coefficient, questions),
    shuffled: await spreadOver(subject, controls.shuffled, coefficient, questions),
  };
  const { isEstablished, margins, reasons } = judgeVector(cell, twins);
  const margin = (x: number) => x.toFixed(2).replace('-', '−');
  const apart = `margins ${margin(margins.random)} (random) and ${margin(margins.shuffled)} (shuffled)`;
  const verdict = [isEstablished ? 'Established' : 'Not established', apart, ...reasons].join('; ');
  return row({
    claim: 7,
    what: `${trait.label} at ${coefficient}, fresh questions`,
    figure: share('shows it', cell.expression, { atLeast: 0.8 }),
    beside: [
      share('coherent', cell.coherence, { atLeast: coherentShare }),
      share('both in one reply', cell.both),
      dose(coefficient),
    ],
    controls: [
      share('random vector', twins.random.expression, { atMost: 0.05 }),
      share('random vector, coherent', twins.random.coherence),
      share('shuffled labels', twins.shuffled.expression, { atMost: 0.05 }),
      share('shuffled labels, coherent', twins.shuffled.coherence),
    ],
    note: `Coefficient chosen on other questions. Controls are ${settings.twins} draws each, and of the first the coherence is measured. ${verdict}.`,
  });
}

/** Each of the twins answers its part of the questions; coherence is that of the first. */
async function spreadOver(
  { trials, entry }: Subject,
  twins: readonly Float64Array[],
  coefficient: number,
  questions: readonly string[],
): Promise<Cell> {
  const cells: Cell[] = [];
  for (const [t, twin] of twins.entries()) {
    const part = questions.filter((_, i) => i % twins.length === t);
    const scored = t === 0 ? trials : { ...trials, coherence: unscored };
    cells.push(await measureCell(scored, twin, entry.steering, coefficient, part));
  }
  const shown = cells.reduce((sum, { expression }) => sum + Math.round(expression.rate * expression.n), 0);
  return { ...cells[0]!, expression: proportion(shown, questions.length) };
}

/** At the ends and the middle of what the page lets a visitor add. */
async function measureDial(subject: Subject, settings: ScienceSettings, trait: Trait): Promise<Row[]> {
  const { engine, entry, vector, trials, questions, at, dose } = subject;
  const asked = questions.slice(0, settings.dial);
  const scale = dialScale(entry.coherentUpTo, entry);
  const places = {
    unsteered: 0,
    'half scale of the dial': coefficientAt(scale, 50),
    'full scale of the dial': coefficientAt(scale, 100),
  };
  const rows: Row[] = [];
  for (const [place, c] of Object.entries(places)) {
    const steered = await at(vector, c, asked);
    const addition = additionOf(vector, entry.steering, engine.info.dModel, c);
    const kl = c === 0 ? 0 : await meanKl(engine, asked.slice(0, 1), [addition]);
    rows.push(
      row({
        claim: 7,
        what: `${trait.label}, ${place}, ${c.toFixed(2)}`,
        figure: share('shows it', steered.expression),
        beside: [share('coherent', steered.coherence), dose(c), number('KL of the next token, nats', kl, null, null)],
        note: `Coherent below ${trials.coherence.limit!.toFixed(2)} nats a token.`,
      }),
    );
  }
  return rows;
}

/** What shuffled labels are dealt from; nothing is dropped, so of a reply only one token is needed. */
async function sampleLabels(
  lab: Lab,
  { seed, temperature, maxTokens, shuffledSamples }: ScienceSettings,
  trait: Trait,
): Promise<Labelled[][]> {
  const { engine } = await lab.model();
  const site = lab.space.personas.find(({ name }) => name === trait.name)!.positions ?? 'response';
  const labels: Labelled[][] = [];
  for (const polarity of ['positive', 'negative'] as const) {
    const samples: Labelled[] = [];
    for (const [i, { prompt, question }] of planSamples(promptsOf(trait, polarity, lab.made.contrast), trait.questions, shuffledSamples).entries()) {
      const sampling = { temperature, topP: 0.95, seed: seed + i, maxTokens: site === 'response' ? maxTokens : 1 };
      const { mean } = await takeSample(engine, { system: prompt, question, site, sampling });
      if (mean) samples.push({ prompt, mean });
    }
    labels.push(samples);
  }
  return labels;
}
