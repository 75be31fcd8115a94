import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { version } from '../../package.json';

const read = (file: string) => readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8');

it('the version is the newest one of the changelog, the one to cite, and the lock file’s', () => {
  const [newest] = [...read('CHANGELOG.md').matchAll(/^## \[(\d[^\]]*)\] - (\S+)$/gm)];
  expect(newest?.[1]).toBe(version);
  expect(/^version: (.+)$/m.exec(read('CITATION.cff'))?.[1]).toBe(version);
  expect(/^date-released: '(.+)'$/m.exec(read('CITATION.cff'))?.[1]).toBe(newest?.[2]);
  expect(JSON.parse(read('package-lock.json'))).toMatchObject({ version, packages: { '': { version } } });
});
