/** What a host of static files is told, by files and by the build's settings. */
import { existsSync } from 'node:fs';
import { afterEach, expect, it, vi } from 'vitest';

afterEach(() => vi.unstubAllEnvs());

async function configUnder(basePath: string) {
  vi.resetModules();
  vi.stubEnv('BASE_PATH', basePath);
  return (await import('../../svelte.config.js')).default.kit!;
}

it.each([
  ['', ''],
  ['/', ''],
  ['/sub', '/sub'],
  ['/a/b/', '/a/b'],
])('BASE_PATH=%s builds a site for "%s"', async (given, base) => {
  expect((await configUnder(given)).paths).toEqual({ base, relative: true });
});

it('GitHub Pages serves _app: it leaves out names with an underscore unless .nojekyll is there', () => {
  expect(existsSync('static/.nojekyll')).toBe(true);
});
