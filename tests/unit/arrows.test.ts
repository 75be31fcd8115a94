import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const source = fileURLToPath(new URL('../../src/', import.meta.url));

/**
 * Folders of `src/lib` (files that stand alone there, and `routes`), the lowest first: each may import only what stands above it in
 * this list, types included. README's table is this one.
 */
const layers: [name: string, holds: string][] = [
  ['errors', 'the named errors'],
  ['silence', 'noticing that something no longer answers'],
  ['browser', 'what Chrome 113 lacks, done by hand'],
  ['limits', 'the one list of bounds on what comes from outside'],
  ['maths', 'linear algebra, statistics, proportions, random numbers, PCA'],
  ['formats', 'safetensors, GGUF, pickled tensors, untrusted JSON, SHA-256, typed numbers'],
  ['storage', 'what the browser keeps, or memory instead'],
  ['engine', 'the contract: Engine, messages, interventions and their checks, sampling'],
  ['gpu', 'device, tensors, kernel cache, readback; the only reader of shaders/'],
  ['taps', 'interventions and probes as kernels on a residual buffer'],
  ['personas', 'persona space, axis, position, dials, vectors by name'],
  ['vectors', 'persona vectors as files, in and out'],
  ['chat', 'what both engines do: tokenizer, template, reply'],
  ['downloads', 'retried, limited, verified, stored; mirrors; the catalogue'],
  ['llama', 'the wgsl engine: config, weights, forward pass'],
  ['webllm', 'the web-llm engine: interposer, check, runtime'],
  ['conversation', 'a conversation as link, file and record'],
  ['extract', 'persona vectors, roles and axis, on any Engine'],
  ['worker', 'the worker that owns the GPU, its protocol and client; the only importer of the engines'],
  ['science', 'the shape of the table of claims'],
  ['plot', 'the sky in three.js, the drift chart'],
  ['state', 'what the page holds'],
  ['components', 'Svelte'],
  ['routes', 'thin pages'],
];
const order = layers.map(([name]) => name);

interface Import {
  from: string;
  to: string;
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && /\.(ts|js|svelte)$/.test(entry.name))
    .map((entry) => path.join(entry.parentPath, entry.name));
}

const withoutExtension = (file: string) => file.replace(/(\.svelte)?\.(ts|js)$|\.svelte$/, '');

/** Imports of this repository's own files, types too, static, dynamic or re-exported, as paths below `src/`. */
function importsOf(file: string, text = readFileSync(file, 'utf8')): Import[] {
  const statements =
    /(?:\b(?:import|export)\s+(?:[^'"`;()]*?\bfrom\s*)?|\bimport\s*\(\s*|\bnew URL\(\s*)(?<quote>['"`])(?<target>[^'"`\n]+)\k<quote>/g;
  return [...text.matchAll(statements)].flatMap(({ groups }) => {
    const target = groups!['target']!;
    const absolute = target.startsWith('$lib/')
      ? path.join(source, 'lib', target.slice(5))
      : target.startsWith('.')
        ? path.resolve(path.dirname(file), target)
        : null;
    if (!absolute?.startsWith(source) || absolute.endsWith('.css')) return [];
    return [{ from: path.relative(source, file), to: withoutExtension(absolute.slice(source.length)) }];
  });
}

/** `maths` of `lib/maths/pca`; `errors` of `lib/errors`; `routes`; what starts the page stands beside them. */
function layerOf(file: string): string {
  const [first, second] = withoutExtension(file).split('/');
  return first === 'lib' ? second! : first === 'hooks.client' ? 'routes' : first!;
}

function faultOf({ from, to }: Import): string | null {
  return order.indexOf(layerOf(to)) <= order.indexOf(layerOf(from)) ? null : `${from} imports ${to}`;
}

/** Groups of files that reach each other (Tarjan's strongly connected components of more than one). */
function circlesOf(imports: readonly Import[]): string[][] {
  const reached = new Map<string, Set<string>>();
  for (const { from, to } of imports) {
    const file = withoutExtension(from);
    reached.set(file, (reached.get(file) ?? new Set()).add(to));
  }
  const found: string[][] = [];
  const places = new Map<string, { index: number; low: number; isOpen: boolean }>();
  const open: string[] = [];
  const visit = (file: string) => {
    const place = { index: places.size, low: places.size, isOpen: true };
    places.set(file, place);
    open.push(file);
    for (const next of reached.get(file) ?? []) {
      const known = places.get(next) ?? visit(next);
      if (known.isOpen) place.low = Math.min(place.low, known.low);
    }
    if (place.low < place.index) return place;
    const circle = open.splice(open.indexOf(file));
    for (const one of circle) places.get(one)!.isOpen = false;
    if (circle.length > 1) found.push(circle);
    return place;
  };
  for (const file of reached.keys()) if (!places.has(file)) visit(file);
  return found;
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
      "new Worker(new URL('../worker/worker.ts', import.meta.url));",
      "import three from 'three';",
      "import { type G } from '../vectors/g.svelte.ts';",
    ].join('\n');
    expect(importsOf(path.join(source, 'lib/x/x.ts'), text).map(({ to }) => to)).toEqual([
      'lib/gpu/device',
      'lib/engine/engine',
      'lib/x/d',
      'lib/e/e',
      'lib/llama/f',
      'lib/worker/worker',
      'lib/vectors/g',
    ]);
    expect(faultOf({ from: 'lib/maths/a.ts', to: 'lib/gpu/b' })).toBe('lib/maths/a.ts imports lib/gpu/b');
    expect(faultOf({ from: 'lib/llama/a.ts', to: 'lib/engine/engine' })).toBeNull();
    expect(imports.length).toBeGreaterThan(100);
  });

  it('point down only', () => {
    expect(imports.map(faultOf).filter(Boolean)).toEqual([]);
  });

  it('go in no circle', () => {
    const arrow = (from: string, to: string) => ({ from: `${from}.ts`, to });
    expect(circlesOf([arrow('a', 'b'), arrow('b', 'c'), arrow('c', 'a'), arrow('c', 'd')])).toEqual([['a', 'b', 'c']]);
    expect(circlesOf(imports)).toEqual([]);
  });

  it('know every folder, and README has the same table', () => {
    const present = new Set(files.map((file) => layerOf(path.relative(source, file))));
    for (const other of ['app.d', 'service-worker']) present.delete(other);
    expect([...present].filter((layer) => !order.includes(layer))).toEqual([]);
    const readme = readFileSync(path.join(source, '../README.md'), 'utf8');
    const table = layers.map(([name, holds]) => `| \`${name}\` | ${holds} |`).join('\n');
    expect(readme).toContain(table);
  });

  it('reach an engine from the worker’s side only', () => {
    const engines = ['llama', 'webllm'];
    const readers = imports.filter(({ to }) => engines.includes(layerOf(to))).map(({ from }) => layerOf(from));
    expect(new Set(readers.filter((from) => !engines.includes(from)))).toEqual(new Set(['worker']));
  });

  it('leave files of vectors to the worker: 128 MB of JSON would hold up the page', () => {
    const readers = imports.filter(({ to }) => to === 'lib/vectors/read-vector-file').map(({ from }) => layerOf(from));
    expect([...new Set(readers.filter((from) => from !== 'vectors'))]).toEqual(['worker']);
  });

  it('leave shaders to the GPU layer', () => {
    const readers = files.filter((file) =>
      /['"`](?:\$shaders|[./]*shaders)\/[^'"`]*['"`]/.test(readFileSync(file, 'utf8')),
    );
    expect([...new Set(readers.map((file) => layerOf(path.relative(source, file))))]).toEqual(['gpu']);
  });
});
