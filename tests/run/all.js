/** `npm test`: types, lint, unit, shaders and engine on Dawn, shaders in Chromium, then the built site end to end. Ends with one line of totals. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findChromium } from './chromium.js';

/** @typedef {{ passed: number, failed: number, skipped: number }} Totals */

process.env.CHROME_PATH = findChromium();
const reports = mkdtempSync(join(tmpdir(), 'personascope-test-'));

/** @param {string} name @param {string[]} command @param {(report: string) => Totals} [count] */
function step(name, command, count) {
  console.log(`\n── ${name}`);
  const report = join(reports, `${name}.json`);
  const args = command.map((word) => word.replace('{report}', report));
  const { status } = spawnSync('npx', ['--no-install', ...args], {
    stdio: 'inherit',
    env: { ...process.env, PLAYWRIGHT_JSON_OUTPUT_NAME: report },
  });
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
  return totals;
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

const steps = [
  step('sync', ['svelte-kit', 'sync']),
  step('types', ['svelte-check', '--fail-on-warnings']),
  step('lint', ['eslint', '.']),
  step('format', ['prettier', '--check', '.']),
  step('unit', vitest('unit'), countVitest),
  step('shaders', vitest('shaders'), countVitest),
  step('engine', vitest('engine'), countVitest),
  step('chromium', vitest('chromium'), countVitest),
  step('build', ['vite', 'build', '--logLevel', 'warn']),
  step('e2e', ['playwright', 'test', '--reporter=list,json'], countPlaywright),
];
rmSync(reports, { recursive: true });
const total = (/** @type {keyof Totals} */ key) => steps.reduce((sum, totals) => sum + totals[key], 0);
console.log(`\n${total('passed')} passed, ${total('failed')} failed, ${total('skipped')} skipped`);
process.exit(total('failed') > 0 ? 1 : 0);
