/**
 * `npm run calibrate`: writes the coherent ranges and onsets of `vectors.json`, which `coherent_range.py` measures on the finished vectors,
 * into `personas.json`, and leaves everything else as it was computed.
 */
import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { writePersonaFiles } from '../src/lib/personas/persona-files';
import { steeredAxis } from '../src/lib/personas/dial';
import { readPersonaFolder } from './model-folder';
import { readSettings } from './settings';

/** @param args the model's folder in `static/models/`, default `organism-assistant`; a file of settings, default `vectors.json` */
export async function run([model = 'organism-assistant', settingsFile = 'vectors.json']: string[]): Promise<void> {
  const folder = new URL(`../static/models/${model}/`, import.meta.url);
  const settings = await readSettings(settingsFile);
  const { space, tensors } = await readPersonaFolder(fileURLToPath(folder));
  const personas = space.personas.map((persona) => ({
    ...persona,
    coherentUpTo: settings.traits[persona.name]?.coherentUpTo ?? null,
    onset: settings.traits[persona.name]?.onset ?? null,
  }));
  const axis = { ...space.axis, coherentUpTo: settings.axisCoherentUpTo };
  const written = writePersonaFiles({ space: { ...space, personas, axis }, tensors });
  await writeFile(new URL('personas.json', folder), written.json);
  for (const { name, coherentUpTo } of [...personas, { name: steeredAxis(space), ...axis }]) {
    console.log(`${name.padEnd(16)} ${coherentUpTo ? `${coherentUpTo.negative} to ${coherentUpTo.positive}` : 'not calibrated'}`);
  }
}
