/** On what, and at which state of the project, something was measured. */
import { execFileSync } from 'node:child_process';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';

/** Short hash of the last commit that changed more than the suite's own table, with a plus where tracked files had been changed since. */
export function describeCommit(): string {
  const git = (...args: string[]) =>
    execFileSync('git', args, { cwd: fileURLToPath(new URL('.', import.meta.url)), encoding: 'utf8' }).trim();
  try {
    return (
      git('log', '-1', '--format=%h', '--', ':/', ':(top,exclude)static/science.json') +
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
