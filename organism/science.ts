/**
 * `npm run science`: what the shipped vectors of the embedded model do, beside their controls, and what its persona space is beside the
 * papers' figures. Expression is judged by the model's classifiers, coherence by the page's own thresholds (`coherence.ts`), on held-out
 * questions. `npm run science -- --questions 40 --traits pirate,poetic`
 */
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { scorerOf } from '../src/lib/engine/score-reply';
import { readClassifiers } from '../src/lib/extract/classifier';
import { coherentShare, measureCoherence, meanKl } from '../src/lib/extract/coherence';
import { randomTwin, shuffledTwin, type Labelled } from '../src/lib/extract/controls';
import { ownReplies } from '../src/lib/extract/own-replies';
import { parseTraits, type Trait } from '../src/lib/extract/prompts';
import { MemoryRecords } from '../src/lib/extract/records';
import { RememberingEngine, ReplyMemory } from '../src/lib/extract/reply-memory';
import { planSamples, takeSample } from '../src/lib/extract/sample';
import { reportSpace } from '../src/lib/extract/space-report';
import { additionOf, measureCell, type Cell, type Trials } from '../src/lib/extract/trial';
import { judgeVector } from '../src/lib/extract/verdict';
import { relativeDose } from '../src/lib/interp/dial';
import { Random } from '../src/lib/interp/random';
import { openFolder, readPersonaFolder } from './model-folder';
import { readJson, readSettings } from './settings';

const folder = fileURLToPath(new URL('../static/models/organism-assistant/', import.meta.url));
const seed = 1;

export async function run(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: { questions: { type: 'string', default: '12' }, traits: { type: 'string' } },
  });
  const { space, tensors } = await readPersonaFolder(folder);
  const settings = await readSettings('vectors.json');
  const { engine: bare, tokenizer } = await openFolder(folder, space.targetLayer);
  const engine = new RememberingEngine(bare, new ReplyMemory(new MemoryRecords()));
  const classifiers = readClassifiers(JSON.parse(await readFile(new URL('../organism-judges.json', `file://${folder}`), 'utf8')));
  const score = scorerOf(bare, tokenizer)!;
  const dModel = space.dModel;
  const wanted = values.traits?.split(',');
  const traits = parseTraits(await readJson('prompts/traits.json')).filter(({ name }) => !wanted || wanted.includes(name));
  let established = 0;

  for (const trait of traits) {
    const entry = space.personas.find(({ name }) => name === trait.name)!;
    const vector = Float64Array.from(tensors.get(`persona.${trait.name}`)!.data);
    const random = new Random(seed);
    const controls = {
      random: randomTwin(vector, dModel, random),
      shuffled: await shuffled(trait, vector, random),
    };
    const own = await ownReplies(engine, trait, trait.tuning.slice(0, 8), settings);
    const trials: Trials = {
      ...{ engine, temperature: settings.temperature, maxTokens: settings.maxTokens, seed: seed + 20_000 },
      judge: classifiers.get(trait.name)!,
      coherence: await measureCoherence(score, { positive: trait.positive[0]!, negative: trait.negative[0]! }, own),
    };
    const questions = trait.held_out.slice(0, Number(values.questions));
    const full = entry.coherentUpTo?.positive ?? 1;
    const at = (v: Float64Array, c: number) => measureCell(trials, v, entry.steering, c, questions);
    const limit = trials.coherence.limit!;
    console.log(`\n${trait.label}: dial to ${full}, n = ${questions.length}, coherent below ${limit.toFixed(2)} nats a token`);
    console.log('  coefficient   dose    KL  | vector: shows it / coherent               | random                | shuffled');
    const cells: Record<string, { vector: Cell; random: Cell; shuffled: Cell }> = {};
    for (const [name, c] of [['unsteered', 0], ['half scale', full / 2], ['full scale', full]] as const) {
      const steered = await at(vector, c);
      // Unsteered, all three are the same.
      const row = { vector: steered, random: c === 0 ? steered : await at(controls.random, c), shuffled: c === 0 ? steered : await at(controls.shuffled, c) };
      cells[name] = row;
      const kl = c === 0 ? 0 : await meanKl(engine, questions.slice(0, 4), [additionOf(vector, entry.steering, dModel, c)]);
      const dose = relativeDose(c, entry.norm, entry.steering.layers, space.residualNorm)!;
      const both = (cell: Cell) => `${share(cell.expression)} / ${share(cell.coherence)}`;
      const lead = `${name.padEnd(11)}${c.toFixed(2).padStart(5)}${dose.toFixed(2).padStart(6)}${kl.toFixed(2).padStart(6)}`;
      console.log(`  ${lead}  | ${both(row.vector)} | ${both(row.random)} | ${both(row.shuffled)}`);
    }
    const { vector: cell, ...twins } = cells['full scale']!;
    const verdict = judgeVector(cell, twins);
    if (verdict.isEstablished) established++;
    const margins = `margins ${verdict.margins.random.toFixed(2)} (random), ${verdict.margins.shuffled.toFixed(2)} (shuffled)`;
    console.log(`  at full scale: ${verdict.isEstablished ? 'established' : 'not established'}; ${margins}${verdict.reasons.map((r) => `; ${r}`).join('')}`);
    const half = cells['half scale']!.vector.expression;
    console.log(`  coherence at full scale ${cell.coherence.rate >= coherentShare ? 'holds' : 'is below'} ${coherentShare}; at half scale ${half.rate.toFixed(2)} show it`);
  }
  console.log(`\nEstablished at the dial's full scale: ${established} of ${traits.length}`);

  const perLayer = (name: string) => Float64Array.from(tensors.get(name)!.data);
  const report = reportSpace(
    {
      roleMeans: space.roles.map(({ name }) => perLayer(`role.${name}`)),
      axisVector: perLayer('assistant-axis'),
      ...{ pca: space.pca, roles: space.roles, kept: [] },
      defaultRank: space.roles.filter(({ axis }) => axis > space.axis.assistant.mean).length + 1,
    },
    dModel,
    0,
  );
  const variance = report.explainedVariance.slice(0, 3);
  const sum = variance.reduce((a, b) => a + b, 0);
  console.log(`\nPersona space, ${report.roles} roles                     here                        published (Lu et al. 2026)`);
  console.log(`|cos(PC1, axis)|, block ${space.targetLayer}            ${report.cosPc1Axis[space.targetLayer]!.toFixed(3)}                       over 0.71 in the middle layer`);
  console.log(`the same in every block          ${report.cosPc1Axis.map((x) => x.toFixed(2)).join(' ')}     over 0.60`);
  console.log(`variance on PC1, 2, 3            ${variance.map((x) => `${(x * 100).toFixed(1)}%`).join(' ')}           PC1 48.8% (Gemma-2-27B)`);
  console.log(`variance on PC1 to 3             ${(sum * 100).toFixed(1)}%                       65.6% (Gemma-2-27B)`);
  console.log(`components for 70%               ${report.componentsFor70}                           4 to 19`);
  console.log(`the default's rank on the axis   ${report.defaultRank} of ${report.roles + 1}                     at the Assistant's end`);
  bare.destroy();

  /** The shipped vector's twin from samples with shuffled labels; nothing is dropped, so no reply is needed. */
  async function shuffled(trait: Trait, vector: Float64Array, random: Random): Promise<Float64Array> {
    const site = space.personas.find(({ name }) => name === trait.name)!.positions ?? 'response';
    const labels: Labelled[][] = [];
    for (const polarity of ['positive', 'negative'] as const) {
      const samples: Labelled[] = [];
      for (const [i, { prompt, question }] of planSamples(trait[polarity], trait.questions, 24).entries()) {
        const sampling = { temperature: settings.temperature, topP: 0.95, seed: seed + i, maxTokens: site === 'response' ? settings.maxTokens : 1 };
        const { mean } = await takeSample(engine, { system: prompt, question, site, sampling });
        if (mean) samples.push({ prompt, mean });
      }
      labels.push(samples);
    }
    return shuffledTwin(vector, labels, dModel, random);
  }
}

function share({ rate, low, high }: Cell['expression']): string {
  return `${rate.toFixed(2)} [${low.toFixed(2)}, ${high.toFixed(2)}]`;
}
