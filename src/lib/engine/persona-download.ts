/** Fetches the persona space that may stand beside a checkpoint. */
import { PersonascopeError } from '../errors';
import { downloadBytes, type DownloadOptions } from '../net/download';
import { resolveFolder } from '../net/folder';
import { readPersonaFiles, type PersonaFiles } from './persona-files';

/** Bytes of either file; hundreds of vectors of a large model are below it. */
const MAX_BYTES = 2 ** 28;

/**
 * `personas.json` and `personas.safetensors` of the model's folder; null if it has none.
 * @throws PersonascopeError `DownloadFailed` if the server would not say, `BadModel` if they are damaged, or belong to other weights
 */
export async function downloadPersonaSpace(
  url: string,
  digest: () => Promise<string>,
  options: DownloadOptions,
): Promise<PersonaFiles | null> {
  const fileUrl = resolveFolder(url);
  const [json, bytes] = await Promise.all(
    ['personas.json', 'personas.safetensors'].map((name) =>
      downloadBytes(fileUrl(name), MAX_BYTES, { ...options, isOptional: true }),
    ),
  );
  if (!json) return null;
  if (!bytes) throw new PersonascopeError('BadModel', 'personas.json is there, but personas.safetensors is not.');
  const personas = readPersonaFiles(json, bytes);
  if (personas.space.modelDigest !== (await digest())) {
    throw new PersonascopeError(
      'BadModel',
      'personas.json: modelDigest belongs to other weights, so its vectors mean nothing here.',
      'Compute them anew for this checkpoint: npm run vectors.',
    );
  }
  return personas;
}
