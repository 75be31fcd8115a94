/**
 * `npm run vectors`: persona vectors, role vectors, axis, PCA and cap of the embedded model, by the page's own extraction
 * on the page's own engine. Settings are in `vectors.json`, prompts in `prompts/`. Writes `personas.json` and
 * `personas.safetensors` beside the checkpoint, and the controls for the evaluation into `.cache/`.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { encodeTensors, writePersonaFiles } from '../src/lib/engine/persona-files';
import { extractPersona, type ExtractedPersona } from '../src/lib/extract/extract-persona';
import { extractSpace, type ExtractedSpace } from '../src/lib/extract/extract-space';
import { assemblePersonas, controlTensors, type PersonaParts } from '../src/lib/extract/assemble';
import { parseQuestions, parseRoles, parseTraits } from '../src/lib/extract/prompts';
import type { ExtractProgress } from '../src/lib/extract/sample';
import { openFolder } from './model-folder';
import { readJson, readSettings } from './settings';


/** @param args the model's folder in `static/models/`, default `organism-assistant`; a file of settings, default `vectors.json` */
export async function run([model = 'organism-assistant', settingsFile = 'vectors.json']: string[]): Promise<void> {
  const started = performance.now();
  const folder = fileURLToPath(new URL(`../static/models/${model}/`, import.meta.url));
  const settings = await readSettings(settingsFile);
  const traits = parseTraits(await readJson('prompts/traits.json'));
  const roles = parseRoles(await readJson('prompts/roles.json'));
  const questions = parseQuestions(await readJson('prompts/questions.json'));
  const { engine, digest } = await openFolder(folder, settings.targetLayer);
  const { targetLayer, temperature, maxTokens, seed, samplesPerPolarity } = settings;
  const common = { targetLayer, temperature, maxTokens, seed, onProgress: printProgress };
  const all = Array.from({ length: engine.info.nLayers }, (_, layer) => layer);

  const personas: PersonaParts[] = [];
  for (const trait of traits) {
    const own = settings.traits[trait.name] ?? {};
    const { mode, layers } = own.steering ?? settings.steering;
    const site = own.positions ?? settings.positions;
    personas.push({
      ...{ label: trait.label, description: trait.description, positions: site },
      steering: { mode, layers: layers ?? all },
      coherentUpTo: own.coherentUpTo ?? null,
      extracted: await extractPersona(engine, trait, { ...common, samplesPerPolarity, positions: site }),
    });
  }
  const { cap, samplesPerRole, samplesOfDefault } = settings;
  const most = { samplesPerRole, samplesOfDefault };
  const space = await extractSpace(engine, roles, questions, { ...common, ...most, cap });

  const provenance = { modelDigest: digest, promptSet: settings.promptSet, createdAt: new Date().toISOString() };
  const files = assemblePersonas(engine.info, provenance, space, personas, settings.axisCoherentUpTo);
  const { json, safetensors } = writePersonaFiles(files);
  await writeFile(`${folder}personas.json`, json);
  await writeFile(`${folder}personas.safetensors`, safetensors);
  const extracted = personas.map((persona) => persona.extracted);
  const cache = fileURLToPath(new URL('.cache/', import.meta.url));
  await mkdir(cache, { recursive: true });
  await writeFile(`${cache}controls.safetensors`, encodeTensors(controlTensors(engine.info, extracted)));
  engine.destroy();
  printReport(extracted, space, targetLayer);
  console.log(`\n${folder}personas.{json,safetensors}, ${safetensors.length} bytes; ${seconds(started)} s`);
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

function printReport(personas: readonly ExtractedPersona[], space: ExtractedSpace, layer: number): void {
  const cell = (x: number) => x.toFixed(3).padStart(8);
  console.log(`\nlayer ${layer}          kept +    -   AUROC    half   |v|/|h|`);
  for (const { name, kept, auroc, splitHalfCosine, norm } of personas) {
    const counts = `${String(kept.positive).padStart(6)}${String(kept.negative).padStart(5)}`;
    const dose = norm[layer]! / space.residualNorm[layer]!;
    console.log(`${name.padEnd(16)}${counts}${cell(auroc)}${cell(splitHalfCosine)}${cell(dose)}`);
  }
  const { pca, axis, defaultRank, roles } = space;
  console.log(`\ncos(PC1, axis)   ${cell(pca.cosPc1Axis)}`);
  console.log(`variance PC1-3   ${pca.explainedVariance.map(cell).join('')}`);
  console.log(`default on axis  ${cell(axis.assistant.mean)} (sd${cell(axis.assistant.sd)}), rank ${defaultRank} of ${roles.length + 1}`);
  const ordered = [...roles].sort((a, b) => b.axis - a.axis);
  const list = (some: typeof roles) => some.map((role) => `${role.name} ${role.axis.toFixed(2)}`).join(', ');
  console.log(`nearest the Assistant: ${list(ordered.slice(0, 5))}\nfarthest: ${list(ordered.slice(-5).reverse())}`);
}
