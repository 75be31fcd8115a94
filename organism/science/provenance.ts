/** On what, and at which state of the project, something was measured. */
import { execFileSync } from 'node:child_process';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';

/** Short hash of HEAD, with a plus where tracked files, but for the suite's own table, had been changed since. */
export function describeCommit(): string {
  const git = (...args: string[]) =>
    execFileSync('git', args, { cwd: fileURLToPath(new URL('.', import.meta.url)), encoding: 'utf8' }).trim();
  try {
    return (
      git('rev-parse', '--short', 'HEAD') +
      (git('status', '--porcelain', '--untracked-files=no', '--', ':/', ':(top,exclude)static/science.json') === ''
        ? ''
        : '+')
    );
  } catch {
    // A copy of the project without its history.
    return 'unknown';
  }
}

export function describeMachine(): { processor: string; cores: number } {
  const all = cpus();
  return { processor: all[0]?.model.trim() || 'unknown', cores: all.length };
}
