/**
 * `npm run vectors`: persona vectors, role vectors, axis, PCA and cap of the embedded model, by the page's own extraction
 * on the page's own engine. Settings are in `vectors.json`, prompts in `prompts/`. Writes `personas.json` and
 * `personas.safetensors` beside the checkpoint, and the controls for the evaluation into `.cache/`.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { Engine } from '../src/lib/engine/engine';
import { encodeTensors, writePersonaFiles, type PersonaFiles } from '../src/lib/engine/persona-files';
import {
  assemblePersonas,
  controlTensors,
  personaEntries,
  personaTensors,
  type PersonaParts,
} from '../src/lib/extract/assemble';
import { extractPersona, type ExtractedPersona, type JudgedReply } from '../src/lib/extract/extract-persona';
import { extractSpace } from '../src/lib/extract/extract-space';
import { parseQuestions, parseRoles, parseTraits } from '../src/lib/extract/prompts';
import type { ExtractProgress } from '../src/lib/extract/sample';
import type { PersonaSpace } from '../src/lib/interp/persona-space';
import { readJudges } from './judge';
import { openFolder, readPersonaFolder } from './model-folder';
import { readJson, readSettings, type Settings } from './settings';

/**
 * @param args the model's folder in `static/models/`, default `organism-assistant`; a file of settings, default `vectors.json`;
 * and names of traits, with commas, to compute only those anew, beside everything else that is there
 */
export async function run([model = 'organism-assistant', settingsFile = 'vectors.json', only]: string[]): Promise<void> {
  const started = performance.now();
  const folder = fileURLToPath(new URL(`../static/models/${model}/`, import.meta.url));
  const settings = await readSettings(settingsFile);
  const { engine, digest } = await openFolder(folder, settings.targetLayer);
  const personas = await extractPersonas(engine, settings, only?.split(','));
  const files = only ? await replacePersonas(folder, engine, settings, personas) : await extractAll(engine, digest, settings, personas);
  const { json, safetensors } = writePersonaFiles(files);
  await writeFile(`${folder}personas.json`, json);
  await writeFile(`${folder}personas.safetensors`, safetensors);
  const extracted = personas.map((persona) => persona.extracted);
  const cache = fileURLToPath(new URL('.cache/', import.meta.url));
  await mkdir(cache, { recursive: true });
  await writeFile(`${cache}controls${only ? `-${only}` : ''}.safetensors`, encodeTensors(controlTensors(engine.info, extracted)));
  engine.destroy();
  printReport(files.space, extracted);
  console.log(`\n${folder}personas.{json,safetensors}, ${safetensors.length} bytes; ${seconds(started)} s`);
}

async function extractPersonas(engine: Engine, settings: Settings, only?: string[]): Promise<PersonaParts[]> {
  const { steering, positions, contrast, ...rest } = settings;
  const showsTrait = await readJudges();
  const judge = ({ trait, polarity, text }: JudgedReply) => showsTrait(trait.name, text) === (polarity === 'positive');
  const personas: PersonaParts[] = [];
  for (const trait of parseTraits(await readJson('prompts/traits.json'))) {
    if (only && !only.includes(trait.name)) continue;
    personas.push({
      ...{ label: trait.label, description: trait.description, positions, contrast },
      steering,
      coherentUpTo: settings.traits[trait.name]?.coherentUpTo ?? null,
      extracted: await extractPersona(engine, trait, { ...rest, positions, contrast, judge, onProgress: printProgress }),
    });
  }
  return personas;
}

async function extractAll(engine: Engine, modelDigest: string, settings: Settings, personas: PersonaParts[]): Promise<PersonaFiles> {
  const roles = parseRoles(await readJson('prompts/roles.json'));
  const questions = parseQuestions(await readJson('prompts/questions.json'));
  const space = await extractSpace(engine, roles, questions, { ...settings, onProgress: printProgress });
  const provenance = { modelDigest, promptSet: settings.promptSet, createdAt: new Date().toISOString() };
  return assemblePersonas(engine.info, provenance, space, personas, settings.axisCoherentUpTo);
}

async function replacePersonas(
  folder: string,
  engine: Engine,
  { promptSet }: Settings,
  personas: PersonaParts[],
): Promise<PersonaFiles> {
  const { space, tensors } = await readPersonaFolder(folder);
  const fresh = new Map(personaEntries(personas).map((entry) => [entry.name, entry]));
  return {
    space: { ...space, promptSet, createdAt: new Date().toISOString(), personas: space.personas.map((entry) => fresh.get(entry.name) ?? entry) },
    tensors: new Map([...tensors, ...personaTensors(engine.info, personas)]),
  };
}

function seconds(since: number): string {
  return ((performance.now() - since) / 1000).toFixed(0);
}

let printed = '';
/** One line a subject; a counter that overwrites itself on a terminal. */
function printProgress({ subject, done, total }: ExtractProgress): void {
  if (process.stdout.isTTY) process.stdout.write(`\r\x1b[K${subject} ${done}/${total}${done === total ? '\n' : ''}`);
  else if (subject !== printed) console.log(`${subject} (${total})`);
  printed = subject;
}

function printReport({ targetLayer, residualNorm, pca, axis, roles }: PersonaSpace, personas: readonly ExtractedPersona[]): void {
  const cell = (x: number) => x.toFixed(3).padStart(8);
  console.log(`\nlayer ${targetLayer}          kept +    -   AUROC    half   |v|/|h|`);
  for (const { name, kept, auroc, splitHalfCosine, norm } of personas) {
    const counts = `${String(kept.positive).padStart(6)}${String(kept.negative).padStart(5)}`;
    const dose = norm[targetLayer]! / residualNorm[targetLayer]!;
    console.log(`${name.padEnd(16)}${counts}${cell(auroc)}${cell(splitHalfCosine)}${cell(dose)}`);
  }
  const rank = roles.filter((role) => role.axis > axis.assistant.mean).length + 1;
  console.log(`\ncos(PC1, axis)   ${cell(pca.cosPc1Axis)}`);
  console.log(`variance PC1-3   ${pca.explainedVariance.map(cell).join('')}`);
  console.log(`default on axis  ${cell(axis.assistant.mean)} (sd${cell(axis.assistant.sd)}), rank ${rank} of ${roles.length + 1}`);
  const ordered = [...roles].sort((a, b) => b.axis - a.axis);
  const list = (some: typeof roles) => some.map((role) => `${role.name} ${role.axis.toFixed(2)}`).join(', ');
  console.log(`nearest the Assistant: ${list(ordered.slice(0, 5))}\nfarthest: ${list(ordered.slice(-5).reverse())}`);
}
