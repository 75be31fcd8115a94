/** A model's folder, from the address that someone pasted. */
import { PersonascopeError } from '../errors';

const HUB = ['huggingface.co', 'www.huggingface.co', 'hf.co'];

/** Views of a repository's files at a revision. */
const VIEWS = ['tree', 'blob', 'raw', 'resolve', 'commit', 'commits'];

/**
 * The folder that an address means; its path ends in a slash. The address may be the folder's, with or without that slash, one of its
 * files', or that of any page of a model on huggingface.co, with or without `https://`.
 * @param base what a relative address starts from
 * @throws PersonascopeError `BadRequest` for an unusable address
 */
export function folderAddress(address: string, base: string | undefined = globalThis.location?.href): URL {
  const isBare = HUB.some((host) => address.startsWith(`${host}/`));
  let folder: URL;
  try {
    folder = new URL(isBare ? `https://${address}` : address, base);
  } catch (cause) {
    throw badAddress(`"${address}" is no address`, cause);
  }
  if (!['http:', 'https:'].includes(folder.protocol)) throw badAddress(`${folder.protocol} can't be read`);
  folder.hash = '';
  // A page for readers, a model for us: its query (?download=true) means nothing to the files.
  if (HUB.includes(folder.hostname)) folder = new URL(hubPath(folder), 'https://huggingface.co');
  folder.pathname = folder.pathname.replace(/[^/]+\.(?:json|safetensors|jinja|md)$/i, '');
  if (!folder.pathname.endsWith('/')) folder.pathname += '/';
  return folder;
}

/**
 * @returns the address of a file in the folder; a query (a signature, say) is kept for every file
 * @throws PersonascopeError `BadRequest` for an unusable address
 */
export function resolveFolder(address: string): (name: string) => URL {
  const folder = folderAddress(address);
  return (name) => {
    const file = new URL(name, folder);
    file.search = folder.search;
    return file;
  };
}

/** What a reader calls the model in that folder: its repository's name, else the folder's. */
export function folderLabel(folder: URL): string {
  const parts = folder.pathname.split('/').filter(Boolean);
  const name = HUB.includes(folder.hostname) ? parts[parts.indexOf('resolve') - 1] : parts.at(-1);
  return name ?? folder.host;
}

/** `/owner/name/resolve/revision/…` of any page of a model; old models have no owner. */
function hubPath({ pathname, href }: URL): string {
  const parts = pathname.split('/').filter(Boolean);
  const length = parts.length > 1 && !VIEWS.includes(parts[1]!) ? 2 : 1;
  const [view, revision = 'main', ...inside] = parts.slice(length);
  const repository = parts.slice(0, length).join('/');
  if (!repository) throw badAddress(`${href} is no model's`);
  const isFiles = view !== undefined && VIEWS.includes(view);
  return `/${[repository, 'resolve', ...(isFiles ? [revision, ...inside] : ['main'])].join('/')}`;
}

function badAddress(reason: string, cause?: unknown): PersonascopeError {
  const nextStep = "Give the https address of a model's folder.";
  return new PersonascopeError('BadRequest', `The model's address: ${reason}.`, nextStep, { cause });
}
