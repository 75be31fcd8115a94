/**
 * `npm run vectors`: persona vectors, role vectors, axis, PCA and cap of the embedded model, by the page's own extraction
 * on the page's own engine. Settings are in `vectors.json`, prompts in `prompts/`. Writes `personas.json` and
 * `personas.safetensors` beside the checkpoint.
 */
import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { Engine } from '../src/lib/engine/engine';
import { writePersonaFiles, type PersonaFiles } from '../src/lib/personas/persona-files';
import {
  assemblePersonas,
  personaEntries,
  personaTensors,
  type PersonaParts,
} from '../src/lib/extract/assemble';
import { extractPersona, type ExtractedPersona, type JudgedReply } from '../src/lib/extract/extract-persona';
import { extractMessageCap, extractSpace } from '../src/lib/extract/extract-space';
import { parseQuestions, parseRoles, parseTraits, type Trait } from '../src/lib/extract/prompts';
import type { ExtractProgress } from '../src/lib/extract/sample';
import type { PersonaSpace } from '../src/lib/personas/persona-space';
import { rankOnAxis } from '../src/lib/personas/position';
import { readJudges } from './judge';
import { openFolder, readPersonaFolder } from './model-folder';
import { readJson, readSettings, type Settings } from './settings';

/**
 * @param args the model's folder in `static/models/`, default `organism-assistant`; a file of settings, default `vectors.json`;
 * and what alone to compute anew, with commas: names of traits, "space" for roles, axis, PCA and cap, or
 * "cap" for the axis that is capped and its floors
 */
export async function run([model = 'organism-assistant', settingsFile = 'vectors.json', only]: string[]): Promise<void> {
  const started = performance.now();
  const folder = fileURLToPath(new URL(`../static/models/${model}/`, import.meta.url));
  const settings = await readSettings(settingsFile);
  const { engine, digest } = await openFolder(folder, settings.targetLayer);
  const names = only?.split(',');
  const traits = parseTraits(await readJson('prompts/traits.json'));
  const unknown = names?.find((name) => !['space', 'cap', ...traits.map((trait) => trait.name)].includes(name));
  if (unknown) throw new Error(`There is no trait "${unknown}" in prompts/traits.json; besides traits there are "space" and "cap".`);
  const personas = await extractPersonas(engine, settings, traits, names);
  const makesSpace = !names || names.includes('space');
  const made = makesSpace ? await withSpace(engine, digest, settings, personas) : null;
  const all = names ? replaceIn(await readPersonaFolder(folder), engine, settings, personas, made) : made!;
  // A new space has a new cap already.
  const files = names?.includes('cap') && !made ? await withCap(all, engine, settings) : all;
  const { json, safetensors } = writePersonaFiles(files);
  await writeFile(`${folder}personas.json`, json);
  await writeFile(`${folder}personas.safetensors`, safetensors);
  const extracted = personas.map((persona) => persona.extracted);
  engine.destroy();
  printReport(files.space, extracted);
  console.log(`\n${folder}personas.{json,safetensors}, ${safetensors.length} bytes; ${seconds(started)} s`);
}

async function extractPersonas(engine: Engine, settings: Settings, traits: readonly Trait[], only?: string[]): Promise<PersonaParts[]> {
  const { steering, positions, contrast, ...rest } = settings;
  const showsTrait = await readJudges();
  const judge = ({ trait, polarity, text }: JudgedReply) => showsTrait(trait.name, text) === (polarity === 'positive');
  const personas: PersonaParts[] = [];
  for (const trait of traits) {
    if (only && !only.includes(trait.name)) continue;
    personas.push({
      ...{ label: trait.label, description: trait.description, positions, contrast },
      steering,
      coherentUpTo: settings.traits[trait.name]?.coherentUpTo ?? null,
      onset: settings.traits[trait.name]?.onset ?? null,
      extracted: await extractPersona(engine, trait, { ...rest, positions, contrast, judge, onProgress: printProgress }),
    });
  }
  return personas;
}

async function readAsked() {
  return {
    roles: parseRoles(await readJson('prompts/roles.json')),
    questions: parseQuestions(await readJson('prompts/questions.json')),
  };
}

async function withCap({ space, tensors }: PersonaFiles, engine: Engine, settings: Settings): Promise<PersonaFiles> {
  if (settings.cap.positions === 'response') throw new Error('cap.positions is "response": that cap comes with the space, ask for "space"');
  const { roles, questions } = await readAsked();
  const { capAxis, cap } = await extractMessageCap(engine, roles, questions, { ...settings, onProgress: printProgress }, space.cap);
  const { nLayers, dModel } = engine.info;
  const tensor = { shape: [nLayers, dModel], data: Float32Array.from(capAxis) };
  return { space: { ...space, cap }, tensors: new Map([...tensors, ['cap-axis', tensor]]) };
}

async function withSpace(engine: Engine, modelDigest: string, settings: Settings, personas: PersonaParts[]): Promise<PersonaFiles> {
  const { roles, questions } = await readAsked();
  const space = await extractSpace(engine, roles, questions, { ...settings, onProgress: printProgress });
  const provenance = { modelDigest, promptSet: settings.promptSet, createdAt: new Date().toISOString() };
  return assemblePersonas(engine.info, provenance, space, personas, settings.axisCoherentUpTo);
}

/** @param made a new space to take the place of the one that is there; null: that one stays */
function replaceIn(
  { space, tensors }: PersonaFiles,
  engine: Engine,
  { promptSet }: Settings,
  personas: PersonaParts[],
  made: PersonaFiles | null,
): PersonaFiles {
  const fresh = new Map(personaEntries(personas).map((entry) => [entry.name, entry]));
  const known = new Map(space.personas.map((entry) => [entry.name, entry]));
  const header = made?.space ?? { ...space, promptSet, createdAt: new Date().toISOString() };
  return {
    space: { ...header, personas: [...new Map([...known, ...fresh]).values()] },
    tensors: new Map([...tensors, ...(made?.tensors ?? personaTensors(engine.info, personas))]),
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
  const rank = rankOnAxis(roles, axis.assistant.mean);
  console.log(`\ncos(PC1, axis)   ${cell(pca.cosPc1Axis)}`);
  console.log(`variance PC1-3   ${pca.explainedVariance.map(cell).join('')}`);
  console.log(`default on axis  ${cell(axis.assistant.mean)} (sd${cell(axis.assistant.sd)}), rank ${rank} of ${roles.length + 1}`);
  const ordered = [...roles].sort((a, b) => b.axis - a.axis);
  const list = (some: typeof roles) => some.map((role) => `${role.name} ${role.axis.toFixed(2)}`).join(', ');
  console.log(`nearest the Assistant: ${list(ordered.slice(0, 5))}\nfarthest: ${list(ordered.slice(-5).reverse())}`);
}
