/**
 * Lint, format, types and tests of the Python in organism/, where Python and its tools are at hand; what can't run is reported as skipped.
 * `node tools/python.js [report.json]`; PYTHON names the interpreter (default: python3).
 */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';

const python = process.env.PYTHON ?? 'python3';
const totals = { passed: 0, failed: 0, skipped: 0 };

/** Each a module that is run, and what it needs beside itself. */
const checks = [
  { needs: ['ruff'], command: ['ruff', 'check', '.'] },
  { needs: ['ruff'], command: ['ruff', 'format', '--check', '.'] },
  { needs: ['mypy', 'torch', 'numpy'], command: ['mypy'] },
  { needs: ['pytest'], command: ['pytest', '-q'] },
];

for (const { needs, command } of checks) {
  const missing = whatIsMissing(needs);
  if (missing) {
    console.log(`${command.join(' ')}: skipped: no ${missing}`);
    totals.skipped += 1;
    continue;
  }
  const { status } = spawnSync(python, ['-m', ...command], { stdio: 'inherit' });
  totals[status === 0 ? 'passed' : 'failed'] += 1;
}
if (process.argv[2]) writeFileSync(process.argv[2], JSON.stringify(totals));
process.exit(totals.failed > 0 ? 1 : 0);

/**
 * @param {string[]} modules
 * @returns {string} empty: nothing
 */
function whatIsMissing(modules) {
  const code = `import sys, importlib.util as u
print('Python 3.11' if sys.version_info < (3, 11) else ', '.join(m for m in sys.argv[1:] if u.find_spec(m) is None))`;
  const { status, stdout } = spawnSync(python, ['-c', code, ...modules], { encoding: 'utf8' });
  return status === 0 ? stdout.trim() : 'Python';
}
