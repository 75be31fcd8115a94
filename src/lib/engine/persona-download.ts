/** Fetches the persona space that may stand beside a checkpoint. */
import { PersonascopeError } from '../errors';
import { resolveFolder } from '../llama/source';
import { readPersonaFiles, type PersonaFiles } from './persona-files';

/** Bytes of either file; hundreds of vectors of a large model are below it. */
const MAX_BYTES = 2 ** 28;

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
  const [json, bytes] = await Promise.all(
    ['personas.json', 'personas.safetensors'].map((name) => download(fileUrl(name), name, signal)),
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

/** Null if the folder does not have it, also where a server answers every address with its page. */
async function download(url: URL, name: string, signal: AbortSignal): Promise<Uint8Array<ArrayBuffer> | null> {
  let response: Response;
  try {
    response = await fetch(url, { signal });
  } catch (cause) {
    signal.throwIfAborted();
    throw new PersonascopeError(
      'DownloadFailed',
      `${name} could not be fetched.`,
      'Check the connection and try again.',
      { cause },
    );
  }
  if (!response.ok || response.headers.get('content-type')?.includes('text/html')) return null;
  const bytes = new Uint8Array(await response.arrayBuffer());
  if (bytes.length > MAX_BYTES) throw new PersonascopeError('BadModel', `${name} is larger than ${MAX_BYTES} bytes.`);
  return bytes;
}
