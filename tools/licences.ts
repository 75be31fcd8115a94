/**
 * Writes `third-party.txt` beside the site: every package of others whose code was bundled, the worker's too, with the text of its licence.
 * A bundled package without such a text fails the build.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { Plugin, Rolldown } from 'vite';

/** What a package brings in one file with its own code, where no module's path tells; installed as its dependencies. */
const contained: Record<string, string[]> = { '@mlc-ai/web-llm': ['loglevel'] };

/** Begins with a byte order mark: a host may serve text without saying that it is UTF-8. */
const introduction = `\ufeffPersonascope is under the MIT licence. The built site contains the code of others below, under the licences given.
`;

const conclusion = `@mlc-ai/web-llm contains the TVM runtime, web-tokenizers and web-xgrammar of the same project, under the same licence as itself.

Fonts are under the SIL Open Font License 1.1: fonts/instrument-OFL.txt, fonts/voice-OFL.txt.

Models that a visitor downloads, and their libraries, are not part of the site and come under licences of their own.
The embedded checkpoints in models/ were trained by this project on text it generated, and are under the MIT licence.
`;

interface Package {
  name: string;
  version: string;
  /** As package.json names it; empty where it does not. */
  licence: string;
  homepage: string;
  /** Folder it is installed in. */
  folder: string;
}

/** The two halves share what they found: a worker is bundled on its own, before the page that starts it. */
export function licences(): { page: Plugin; worker: () => Plugin } {
  const folders = new Set<string>();
  const collect = (_options: unknown, bundle: Rolldown.OutputBundle): void => {
    for (const output of Object.values(bundle)) {
      if (output.type !== 'chunk') continue;
      for (const id of output.moduleIds) {
        const folder = packageFolder(id);
        if (folder) folders.add(folder);
      }
    }
  };
  return {
    worker: () => ({ name: 'licences-of-worker', generateBundle: collect }),
    page: {
      name: 'licences',
      apply: 'build',
      applyToEnvironment: ({ name }) => name === 'client',
      generateBundle(options, bundle) {
        collect(options, bundle);
        this.emitFile({ type: 'asset', fileName: 'third-party.txt', source: writeNotices([...folders]) });
      },
    },
  };
}

/** `/…/node_modules/@scope/name` of a module's path; null for our own modules and those that the bundler makes up. */
export function packageFolder(id: string): string | null {
  return /^(?!\0).*\/node_modules\/(?:@[^/]+\/)?[^/@.][^/]*(?=\/)/.exec(id)?.[0] ?? null;
}

/**
 * @param folders of packages, in any order; two versions of one are two
 * @throws Error that names every package without a licence's text
 */
export function writeNotices(folders: readonly string[]): string {
  const packages = folders.flatMap((folder) => {
    const one = readPackage(folder);
    const root = folder.slice(0, folder.lastIndexOf('/node_modules/'));
    const inside = (contained[one.name] ?? []).map((name) => readPackage(path.join(root, 'node_modules', name)));
    return [one, ...inside];
  });
  const named = new Map(packages.map((one) => [`${one.name} ${one.version}`, one]));
  const sorted = [...named].sort(([a], [b]) => (a < b ? -1 : 1));
  const silent = sorted.filter(([, { folder }]) => licenceTexts(folder).length === 0).map(([title]) => title);
  if (silent.length > 0) {
    throw new Error(
      `No licence text for ${silent.join(', ')}. Ask for the text upstream and put it into licences/<name>.txt, with its source.`,
    );
  }
  const sections = sorted.map(([title, { licence, homepage, folder }]) => {
    const head = [licence ? `${title} (${licence})` : title, homepage].filter(Boolean).join('\n');
    return `${head}\n\n${licenceTexts(folder).join('\n\n')}\n`;
  });
  return [introduction, ...sections, conclusion].join(`\n${'-'.repeat(80)}\n\n`);
}

function readPackage(folder: string): Package {
  const { name, version, license, homepage, repository } = JSON.parse(
    readFileSync(path.join(folder, 'package.json'), 'utf8'),
  );
  const address = homepage ?? repository?.url ?? repository ?? '';
  return { name, version, licence: license ?? '', homepage: address.replace(/^git\+|\.git$/g, ''), folder };
}

/** Its own files; where it has none, the text that was asked for upstream. */
function licenceTexts(folder: string): string[] {
  const own = readdirSync(folder)
    .filter((file) => /^(licen[cs]e|copying|notice)\b/i.test(file))
    .sort()
    .map((file) => path.join(folder, file));
  const asked = path.resolve('licences', `${folder.split('/node_modules/').at(-1)!.replace('/', '+')}.txt`);
  const files = own.length > 0 ? own : [asked].filter(existsSync);
  return files.map((file) => readFileSync(file, 'utf8').trim());
}
