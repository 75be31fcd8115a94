/**
 * `npm run science`: the table of claims about the embedded model, measured through the project's own engine.
 *
 * `--claims roles,coin` measures those alone; `--small` runs everything on a few replies, which shows that it runs; `--write` puts the
 * table into `static/science.json`, which the page shows, claim by claim: a run that was stopped goes on with `--claims` and `--write`.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { scorerOf } from '../../src/lib/worker/score-reply';
import { asMessages } from '../../src/lib/extract/coherence';
import { parseScienceReport, type Row, type ScienceReport } from '../../src/lib/science/report';
import type { Claim } from './claim';
import { baseAxis } from './claims/base-axis';
import { cap } from './claims/cap';
import { coin } from './claims/coin';
import { definitions } from './claims/definitions';
import { drift } from './claims/drift';
import { identity } from './claims/identity';
import { monitoring } from './claims/monitoring';
import { opposites } from './claims/opposites';
import { refusals } from './claims/refusals';
import { roles } from './claims/roles';
import { space } from './claims/space';
import { traits } from './claims/traits';
import { wellFormed } from './claims/well-formed';
import { Lab } from './lab';
import { mergeReports } from './merge';
import { describeCommit, describeMachine } from './provenance';
import { full, small, type ScienceSettings } from './settings';
import { printRow } from './table';

export const claims: readonly Claim[] = [
  ...[roles, definitions, wellFormed, refusals, space, baseAxis, traits],
  ...[opposites, monitoring, cap, drift, identity, coin],
];

const shipped = new URL('../../static/science.json', import.meta.url);

export async function run(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      claims: { type: 'string' },
      small: { type: 'boolean', default: false },
      write: { type: 'boolean', default: false },
    },
  });
  if (values.write) checkWritable(values.small);
  const chosen = chooseClaims(values.claims?.split(','));
  const settings = values.small ? small : full;
  const lab = await Lab.open(settings);
  try {
    // What was measured of other claims in the same state of the project stays, be it by a run beside this one.
    const write = async (now: ScienceReport) => {
      const before = parseScienceReport(JSON.parse(await readFile(shipped, 'utf8')));
      await writeFile(shipped, `${JSON.stringify(mergeReports(before, now), null, 1)}\n`);
    };
    const { rows } = await measureClaims(lab, settings, chosen, values.write ? write : undefined);
    printVerdict(rows);
    if (values.write) console.log(`Written to ${shipped.pathname}.`);
  } finally {
    await lab.close();
  }
}

/** The table says at which commit it was measured, and a run of one claim adds to what others measured there. */
function checkWritable(isSmall: boolean): void {
  if (isSmall) throw new Error('--small measures too little to be written: leave --write out.');
  const commit = describeCommit();
  if (!/^[0-9a-f]+$/.test(commit))
    throw new Error(`--write needs a commit to name, and files differ from it (${commit}): commit them first.`);
}

function chooseClaims(wanted: readonly string[] | undefined): readonly Claim[] {
  const unknown = wanted?.find((name) => !claims.some((claim) => claim.name === name));
  if (unknown !== undefined)
    throw new Error(`There is no claim "${unknown}". There are ${claims.map(({ name }) => name).join(', ')}.`);
  return claims.filter(({ name }) => !wanted || wanted.includes(name));
}

/**
 * Prints each row as it is there.
 * @param onClaim gets the report of each claim by itself
 */
export async function measureClaims(
  lab: Lab,
  settings: ScienceSettings,
  chosen: readonly Claim[],
  onClaim: (report: ScienceReport) => Promise<void> = async () => {},
): Promise<ScienceReport> {
  const started = performance.now();
  const commit = describeCommit();
  await printEstimate(lab, settings, chosen);
  const rows: Row[] = [];
  for (const claim of chosen) {
    const begun = performance.now();
    const measured = await claim.measure(lab, settings, (what) => console.log(`${claim.name}: ${what}`));
    console.log(`\n${claim.name} (${((performance.now() - begun) / 60_000).toFixed(1)} min)`);
    for (const row of measured) printRow(row);
    rows.push(...measured);
    await onClaim(await report([claim], measured, begun));
  }
  return report(chosen, rows, started);

  async function report(measured: readonly Claim[], rows: Row[], since: number): Promise<ScienceReport> {
    const { gpu } = (await lab.model()).engine.info;
    return parseScienceReport({
      format: 'personascope/science@1',
      createdAt: new Date().toISOString(),
      commit,
      models: lab.opened.map(({ engine, digest }) => ({ id: engine.info.id, digest })),
      settings: { ...settings },
      machine: { ...describeMachine(), gpu, minutes: Math.round((performance.now() - since) / 6_000) / 10 },
      missing: claims.filter((claim) => !measured.includes(claim)).map(({ name }) => name),
      rows,
    });
  }
}

/** Times a few replies, and says how long all of them will take. */
async function printEstimate(lab: Lab, settings: ScienceSettings, chosen: readonly Claim[]): Promise<void> {
  const { engine, tokenizer } = await lab.model();
  const score = scorerOf(engine, tokenizer)!;
  const [warmUp, ...questions] = lab.questions.slice(0, 3) as [string, ...string[]];
  await score(asMessages(null, warmUp), (await lab.ask(null, warmUp, { seed: 0 })).text);
  const seconds = { reply: 0, score: 0 };
  for (const question of questions) {
    const began = performance.now();
    const { text } = await lab.ask(null, question, { seed: 0 });
    const replied = performance.now();
    await score(asMessages(null, question), text);
    seconds.reply += (replied - began) / 1000 / questions.length;
    seconds.score += (performance.now() - replied) / 1000 / questions.length;
  }
  const costs = chosen.map((claim) => claim.cost(lab, settings));
  const [replies, scores] = [
    costs.reduce((sum, cost) => sum + cost.replies, 0),
    costs.reduce((sum, cost) => sum + cost.scores, 0),
  ];
  const minutes = (replies * seconds.reply + scores * seconds.score) / 60;
  const each = `${seconds.reply.toFixed(2)} s a reply and ${seconds.score.toFixed(2)} s a scored text`;
  console.log(
    `${settings.size} run: about ${Math.round(replies)} replies and ${Math.round(scores)} scored texts; at ${each} here, about ${Math.ceil(minutes)} minutes.`,
  );
}

function printVerdict(rows: readonly Row[]): void {
  const judged = rows.filter(({ verdict }) => verdict !== null);
  const met = judged.filter(({ verdict }) => verdict === 'met');
  console.log(`\n${met.length} of ${judged.length} rows with a target meet it.`);
}
