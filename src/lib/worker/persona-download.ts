/** Fetches the persona space that may stand beside a checkpoint. */
import { anySignal } from '../browser';
import { PersonascopeError } from '../errors';
import { limits } from '../limits';
import { downloadBytes, type DownloadOptions } from '../downloads/download';
import { resolveFolder } from '../downloads/folder';
import { readPersonaFiles, type PersonaFiles } from '../personas/persona-files';

/**
 * `personas.json` and `personas.safetensors` of the model's folder; null if it has none.
 * @throws PersonascopeError `DownloadFailed` if the server would not say, `Aborted`; `BadModel` if they are damaged, or belong to other weights
 */
export async function downloadPersonaSpace(
  url: string,
  digest: () => Promise<string>,
  options: DownloadOptions,
): Promise<PersonaFiles | null> {
  const fileUrl = resolveFolder(url);
  // One that is refused ends the other's download too.
  const refused = new AbortController();
  const both = options.signal ? anySignal([options.signal, refused.signal]) : refused.signal;
  const download = (name: string, limit: number) =>
    downloadBytes(fileUrl(name), limit, { ...options, signal: both, isOptional: true });
  const [json, bytes] = await Promise.all([
    download('personas.json', limits.personasJson),
    download('personas.safetensors', limits.personasTensors),
  ]).catch((cause: unknown) => {
    refused.abort(cause);
    throw cause;
  });
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
