import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const source = fileURLToPath(new URL('../../src/', import.meta.url));

/**
 * Who may import whom, by folder of `src/lib` (and `routes`). `browser.ts`, `errors.ts` and `silence.ts` may be imported by all, `shaders/` by gpu.
 * interp, pure maths and types, lies beneath taps and plot: what may import those may import it too.
 */
const arrows: Record<string, string[]> = {
  net: ['interp'],
  storage: [],
  gpu: [],
  interp: [],
  taps: ['gpu', 'interp'],
  chat: ['taps', 'interp'],
  llama: ['gpu', 'taps', 'chat', 'interp', 'net'],
  webllm: ['gpu', 'taps', 'chat', 'interp', 'net', 'storage'],
  extract: ['interp'],
  engine: ['storage', 'share', 'gpu', 'interp', 'chat', 'extract', 'llama', 'webllm', 'net'],
  share: ['storage', 'interp'],
  plot: ['interp'],
  state: ['net', 'storage', 'gpu', 'engine', 'extract', 'share', 'plot', 'interp'],
  components: ['state', 'plot', 'interp'],
  routes: ['components', 'state'],
};

const forAll = ['browser', 'errors', 'silence'];

/**
 * The engines implement `engine/engine.ts`, an interface, and extraction runs on it, in the worker: its types cross against the
 * arrow, code never does.
 */
const typesOnly: Record<string, RegExp> = {
  chat: /^engine\/engine$/,
  llama: /^engine\/engine$/,
  webllm: /^engine\/engine$/,
  extract: /^engine\/(engine|persona-files)$/,
};

/** The engines are reached from the worker alone: elsewhere the page would load a second copy, with no GPU worker around it. */
const engineReaders = /^lib\/engine\//;

interface Import {
  from: string;
  to: string;
  isType: boolean;
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && /\.(ts|js|svelte)$/.test(entry.name))
    .map((entry) => path.join(entry.parentPath, entry.name));
}

/** Imports of this repository's own files, static, dynamic or re-exported, as paths below `src/`. */
function importsOf(file: string, text = readFileSync(file, 'utf8')): Import[] {
  const statements =
    /(?:\b(?<keyword>import|export)\s+(?<type>type\b(?!\s+from\b)\s*)?(?:[^'"`;()]*?\bfrom\s*)?|\bimport\s*\(\s*|\bnew URL\(\s*)(?<quote>['"`])(?<target>[^'"`\n]+)\k<quote>/g;
  return [...text.matchAll(statements)].flatMap(({ groups }) => {
    const target = groups!['target']!;
    const absolute = target.startsWith('$lib/')
      ? path.join(source, 'lib', target.slice(5))
      : target.startsWith('.')
        ? path.resolve(path.dirname(file), target)
        : null;
    if (!absolute?.startsWith(source) || absolute.endsWith('.css')) return [];
    const clean = absolute.slice(source.length).replace(/(\.svelte)?\.(ts|js)$|\.svelte$/, '');
    return [{ from: path.relative(source, file), to: clean, isType: groups!['type'] !== undefined }];
  });
}

/** `interp` of `lib/interp/pca`; `errors` of `lib/errors`; `routes`. */
function layerOf(file: string): string {
  const parts = file.split('/');
  return parts[0] === 'lib' ? parts[1]!.replace(/\.ts$/, '') : parts[0]!;
}

function faultOf({ from, to, isType }: Import): string | null {
  const [layer, target] = [layerOf(from), layerOf(to)];
  if (target === layer || forAll.includes(target)) return null;
  if (arrows[layer]?.includes(target)) return null;
  if (isType && typesOnly[layer]?.test(to.replace('lib/', ''))) return null;
  // Components and pages name the types of what state hands them.
  if (isType && ['components', 'routes'].includes(layer) && arrows['state']!.includes(target)) return null;
  return `${from} imports ${to}`;
}

const files = filesBelow(source);
const imports = files.flatMap((file) => importsOf(file));

describe('import arrows', () => {
  it('are read at all: static, dynamic, typed, re-exported, with extensions and aliases', () => {
    const text = [
      "import { a,\n  b } from '../gpu/device';",
      "import type { C } from '../engine/engine';",
      "export { d } from './d.ts';",
      "import '../e/e.svelte';",
      "const f = await import('$lib/llama/f');",
      "new Worker(new URL('../engine/worker.ts', import.meta.url));",
      "import three from 'three';",
      "import { type G } from '../share/g.svelte.ts';",
    ].join('\n');
    expect(importsOf(path.join(source, 'lib/x/x.ts'), text)).toEqual(
      [
        { to: 'lib/gpu/device', isType: false },
        { to: 'lib/engine/engine', isType: true },
        { to: 'lib/x/d', isType: false },
        { to: 'lib/e/e', isType: false },
        { to: 'lib/llama/f', isType: false },
        { to: 'lib/engine/worker', isType: false },
        { to: 'lib/share/g', isType: false },
      ].map((found) => ({ from: 'lib/x/x.ts', ...found })),
    );
    expect(faultOf({ from: 'lib/interp/a.ts', to: 'lib/gpu/b', isType: true })).toBe(
      'lib/interp/a.ts imports lib/gpu/b',
    );
    expect(faultOf({ from: 'lib/llama/a.ts', to: 'lib/engine/engine', isType: false })).not.toBeNull();
    expect(imports.length).toBeGreaterThan(100);
  });

  it('point the way the layout says', () => {
    expect(imports.map(faultOf).filter(Boolean)).toEqual([]);
  });

  it('know every folder', () => {
    const layers = new Set(files.map((file) => layerOf(path.relative(source, file))));
    for (const layer of [...forAll, 'app.d.ts', 'hooks.client.ts', 'service-worker.ts']) layers.delete(layer);
    expect([...layers].filter((layer) => !(layer in arrows))).toEqual([]);
  });

  it('reach an engine from the worker’s side only', () => {
    const readers = imports.filter(({ to }) => ['llama', 'webllm'].includes(layerOf(to))).map(({ from }) => from);
    const others = readers.filter((from) => !engineReaders.test(from) && !['llama', 'webllm'].includes(layerOf(from)));
    expect(others).toEqual([]);
    expect(readers.some((from) => engineReaders.test(from))).toBe(true);
  });

  it('leave files of vectors to the worker: 128 MB of JSON would hold up the page', () => {
    const readers = imports.filter(({ to, isType }) => to === 'lib/share/read-vector-file' && !isType);
    expect([...new Set(readers.map(({ from }) => layerOf(from)))]).toEqual(['engine']);
  });

  it('leave shaders to the GPU layer', () => {
    const readers = files.filter((file) =>
      /['"`](?:\$shaders|[./]*shaders)\/[^'"`]*['"`]/.test(readFileSync(file, 'utf8')),
    );
    expect([...new Set(readers.map((file) => layerOf(path.relative(source, file))))]).toEqual(['gpu']);
  });
});
