import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { packageFolder, writeNotices } from '../../tools/licences';

let root: string;
beforeEach(() => void (root = mkdtempSync(path.join(tmpdir(), 'personascope-licences-'))));
afterEach(() => rmSync(root, { recursive: true }));

function install(name: string, files: Record<string, string>, version = '1.0.0'): string {
  const folder = path.join(root, 'node_modules', name);
  mkdirSync(folder, { recursive: true });
  const json = JSON.stringify({ name, version, license: 'MIT', homepage: `https://${version}.test` });
  for (const [file, text] of Object.entries({ 'package.json': json, ...files })) {
    writeFileSync(path.join(folder, file), text);
  }
  return folder;
}

it.each([
  ['/a/node_modules/three/build/three.module.js', '/a/node_modules/three'],
  ['/a/node_modules/@floating-ui/core/dist/core.mjs?v=1', '/a/node_modules/@floating-ui/core'],
  ['/a/node_modules/x/node_modules/y/index.js', '/a/node_modules/x/node_modules/y'],
  ['/a/node_modules/.vite/deps/three.js', null],
  ['\0/a/node_modules/three/index.js?commonjs-helper', null],
  ['/a/src/lib/errors.ts', null],
])('the package of %s', (id, folder) => {
  expect(packageFolder(id)).toBe(folder);
});

it('the texts of each package, once, in the order of their names', () => {
  const folders = [
    install('b', { 'LICENSE-MIT': 'text of b', NOTICE: 'notice of b' }),
    install('@s/a', { licence: 'text of a' }),
  ];
  const notices = writeNotices([...folders, folders[0]!]);
  expect(notices).toMatch(/@s\/a 1\.0\.0 \(MIT\)[\s\S]*text of a[\s\S]*b 1\.0\.0[\s\S]*text of b\n\nnotice of b/);
  expect(notices.startsWith('\ufeffPersonascope')).toBe(true);
  expect(notices.match(/text of b/g)).toHaveLength(1);
});

it('packages without a text fail the build, each by name', () => {
  const folders = [install('good', { LICENSE: 'text' }), install('bad', { 'readme.md': 'x' }), install('@s/worse', {})];
  expect(() => writeNotices(folders)).toThrow('No licence text for @s/worse 1.0.0, bad 1.0.0.');
});
