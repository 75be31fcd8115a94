/** A model folder on disk, opened by the wgsl engine as the page opens it over HTTP. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { ChatTokenizer } from '../src/lib/chat/tokenizer';
import { readPersonaFiles, type PersonaFiles } from '../src/lib/personas/persona-files';
import { openGpu } from '../src/lib/gpu/device';
import { LlamaEngine } from '../src/lib/llama/engine';
import { openModelFolder } from '../src/lib/llama/source';
import { fetchLocal, localUrl } from '../tests/engine/local-files';
import '../tools/dawn';

export async function openFolder(folder: string, targetLayer: number): Promise<{ engine: LlamaEngine; digest: string; tokenizer: ChatTokenizer }> {
  const files = await openModelFolder(localUrl(folder), { fetch: fetchLocal });
  const gpu = await openGpu();
  const id = path.basename(folder);
  const engine = await LlamaEngine.open({ gpu, files, id, label: id, targetLayer });
  return { engine, digest: await files.digest(), tokenizer: files.tokenizer };
}

export async function readPersonaFolder(folder: string): Promise<PersonaFiles> {
  // Node's small Buffers share one pool; copies have an ArrayBuffer of their own.
  const read = async (name: string) => new Uint8Array(await readFile(path.join(folder, name)));
  return readPersonaFiles(await read('personas.json'), await read('personas.safetensors'));
}
