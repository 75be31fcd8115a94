/** Fetches the persona space that may stand beside a checkpoint. */
import { PersonascopeError } from '../errors';
import { limits } from '../interp/limits';
import { resolveFolder } from '../llama/source';
import { fileName, isAbsent, readLimited } from '../net/download';
import { readPersonaFiles, type PersonaFiles } from './persona-files';

/**
 * `personas.json` and `personas.safetensors` of the model's folder; null if it has none.
 * @throws PersonascopeError `BadModel` if they are damaged, or belong to other weights
 */
export async function downloadPersonaSpace(
  url: string,
  digest: () => Promise<string>,
  signal: AbortSignal,
): Promise<PersonaFiles | null> {
  const fileUrl = resolveFolder(url);
  // One that is refused ends the other's download too.
  const refused = new AbortController();
  const both = AbortSignal.any([signal, refused.signal]);
  const [json, bytes] = await Promise.all([
    download(fileUrl('personas.json'), limits.personasJson, both),
    download(fileUrl('personas.safetensors'), limits.personasTensors, both),
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

/**
 * Null if the folder does not have it, also where a server answers every address with its page.
 * @param limit bytes
 * @throws PersonascopeError `DownloadFailed`, `Aborted`, or `BadModel` for a file that is longer
 */
async function download(url: URL, limit: number, signal: AbortSignal): Promise<Uint8Array<ArrayBuffer> | null> {
  const name = fileName(url);
  try {
    const response = await fetch(url, { signal });
    if (!response.ok || isAbsent(response)) return null;
    return new Uint8Array(await (await readLimited(response, name, limit)).arrayBuffer());
  } catch (cause) {
    signal.throwIfAborted();
    if (cause instanceof PersonascopeError) throw cause;
    const nextStep = 'Check the connection and try again.';
    throw new PersonascopeError('DownloadFailed', `${name} could not be fetched.`, nextStep, { cause });
  }
}
