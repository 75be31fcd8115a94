/** `fetch` of a folder on disk, for tests and tools that run the engine in Node. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const HOST = 'http://files.local/';

/** Address under which `fetchLocal` serves the folder. */
export function localUrl(folder: string): string {
  return HOST + pathToFileURL(folder).pathname.slice(1) + '/';
}

export const fetchLocal: typeof fetch = async (input) => {
  const { pathname } = new URL(String(input instanceof Request ? input.url : input));
  try {
    return new Response(await readFile(join('/', decodeURIComponent(pathname))));
  } catch {
    return new Response('not found', { status: 404 });
  }
};
