/** `npm test`: types, lint, Python and build beside unit, shaders and engine on Dawn and shaders in Chromium; then the built site end to end. Ends with one line of totals. */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findChromium } from './chromium.js';

/** @typedef {{ passed: number, failed: number, skipped: number }} Totals */

process.env.CHROME_PATH = findChromium();
const reports = mkdtempSync(join(tmpdir(), 'personascope-test-'));

/**
 * Runs one step. What it says is shown as it says it, or, beside other steps, in one piece when it is done.
 * @param {string} name @param {string[]} command @param {(report: string) => Totals} [count] @param {{ isAlone?: boolean }} [how]
 */
async function step(name, command, count, { isAlone = false } = {}) {
  const title = `\n── ${name}\n`;
  const report = join(reports, `${name}.json`);
  const args = command.map((word) => word.replace('{report}', report));
  const began = performance.now();
  if (isAlone) process.stdout.write(title);
  const isScript = args[0]?.endsWith('.js');
  const child = spawn(isScript ? process.execPath : 'npx', [...(isScript ? [] : ['--no-install']), ...args], {
    stdio: isAlone ? 'inherit' : ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, PLAYWRIGHT_JSON_OUTPUT_NAME: report },
  });
  /** @type {Buffer[]} */
  const said = [];
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk) => said.push(chunk));
  const status = await new Promise((resolve) => {
    child.on('error', (error) => {
      console.error(`${name} could not be started: ${error.message}`);
      resolve(null);
    });
    child.on('close', resolve);
  });
  const seconds = (performance.now() - began) / 1000;
  if (!isAlone) process.stdout.write(Buffer.concat([Buffer.from(title), ...said]));
  let totals = { passed: 0, failed: 0, skipped: 0 };
  if (count) {
    try {
      totals = count(readFileSync(report, 'utf8'));
    } catch (error) {
      console.error(`${name} left no readable report: ${error}`);
      totals.failed = 1;
    }
  } else if (status === 0) totals.passed = 1;
  if (status !== 0 && totals.failed === 0) totals.failed = 1;
  return { name, seconds, ...totals };
}

/** @param {string} report @returns {Totals} */
function countVitest(report) {
  const { numPassedTests, numFailedTests, numPendingTests, testResults } = JSON.parse(report);
  const brokenFiles = testResults.filter(
    (/** @type {any} */ file) => file.status === 'failed' && file.assertionResults.length === 0,
  );
  return { passed: numPassedTests, failed: numFailedTests + brokenFiles.length, skipped: numPendingTests };
}

/** @param {string} report @returns {Totals} */
function countPlaywright(report) {
  const { stats } = JSON.parse(report);
  return { passed: stats.expected, failed: stats.unexpected + stats.flaky, skipped: stats.skipped };
}

/** @template T @param {(() => Promise<T>)[]} tasks */
async function inTurn(tasks) {
  const results = [];
  for (const task of tasks) results.push(await task());
  return results;
}

/** @param {string} project */
const vitest = (project) => [
  'vitest',
  'run',
  '--project',
  project,
  '--reporter=default',
  '--reporter=json',
  '--outputFile.json={report}',
];

const sync = await step('sync', ['svelte-kit', 'sync'], undefined, { isAlone: true });
// Each of these keeps about one core busy; the software GPU of the second list also another, at times.
const beside = await Promise.all([
  inTurn([
    () => step('types', ['svelte-check', '--fail-on-warnings']),
    () => step('lint', ['eslint', '.', '--max-warnings', '0']),
    () => step('dead exports', ['knip', '--no-progress']),
    () => step('format', ['prettier', '--check', '.']),
    () => step('python', ['tools/python.js', '{report}'], JSON.parse),
    () => step('build', ['vite', 'build', '--logLevel', 'warn']),
  ]),
  inTurn([
    () => step('unit', vitest('unit'), countVitest),
    () => step('shaders', vitest('shaders'), countVitest),
    () => step('engine', vitest('engine'), countVitest),
    () => step('chromium', vitest('chromium'), countVitest),
  ]),
]);
const endToEnd = ['playwright', 'test', '--reporter=list,json'];
const steps = [sync, ...beside.flat(), await step('e2e', endToEnd, countPlaywright, { isAlone: true })];
rmSync(reports, { recursive: true });
const total = (/** @type {keyof Totals} */ key) => steps.reduce((sum, totals) => sum + totals[key], 0);
console.log(`\nseconds: ${steps.map(({ name, seconds }) => `${name} ${Math.round(seconds)}`).join(', ')}`);
console.log(`\n${total('passed')} passed, ${total('failed')} failed, ${total('skipped')} skipped`);
process.exit(total('failed') > 0 ? 1 : 0);
