/** What a host of static files is told, by files and by the build's settings. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
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

/** Header lines by the path they are for. */
function readHeaders(): Map<string, string[]> {
  const rules = new Map<string, string[]>();
  let lines: string[] = [];
  for (const line of readFileSync('static/_headers', 'utf8').split('\n')) {
    if (line.startsWith('/')) rules.set(line, (lines = []));
    else if (line.startsWith('  ')) lines.push(line.trim());
  }
  return rules;
}

it('no page of ours may be framed, but for one that is made to be', () => {
  const rules = readHeaders();
  const pages = readdirSync('src/routes', { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && entry.name !== 'embed')
    .map(({ name }) => `/${name}/*`);
  expect(pages).toContain('/extract/*');
  for (const page of ['/', ...pages]) {
    expect([page, rules.get(page)]).toEqual([page, ["Content-Security-Policy: frame-ancestors 'none'"]]);
  }
  const framing = [...rules].filter(([, lines]) => lines.some((line) => /frame/i.test(line)));
  expect(framing.map(([path]) => path).filter((path) => path === '/*' || path.startsWith('/embed'))).toEqual([]);
  expect(rules.get('/*')).toContain('X-Content-Type-Options: nosniff');
});

it('the policy of the pages lets no script run that is not a file of the site', async () => {
  const { csp } = await configUnder('');
  expect(csp?.mode).toBe('hash');
  const sources = Object.values(csp!.directives!).flat();
  expect(
    sources.filter((source) => /unsafe-(inline|eval)$/.test(String(source)) && source !== 'wasm-unsafe-eval'),
  ).toEqual([]);
  expect(csp!.directives).toMatchObject({ 'default-src': ['self'], 'object-src': ['none'], 'base-uri': ['none'] });
});
