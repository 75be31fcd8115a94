/** A mirror: a server (a workshop's laptop) that has the files of huggingface.co and raw.githubusercontent.com under the same paths. */
import { parseUrl } from '../browser';
import { PersonascopeError } from '../errors';

const mirrored = ['https://huggingface.co', 'https://raw.githubusercontent.com'];

/**
 * Where a file is fetched from: on a mirror the host is another, the path is the same, so
 * `<mirror>/mlc-ai/<repository>/resolve/main/<file>` and `<mirror>/mlc-ai/binary-mlc-llm-libs/main/web-llm-models/<library>`.
 * Files of other hosts are fetched from there.
 *
 * @throws PersonascopeError `BadRequest` if the mirror is no http(s) address
 */
export function mirrorUrl(url: string, mirror: string | undefined): URL {
  const canonical = new URL(url);
  if (!mirror || !mirrored.includes(canonical.origin)) return canonical;
  return new URL(normalizeMirror(mirror) + canonical.pathname);
}

/** @returns the page's address without `?mirror=`, and what it proposed; null if nothing */
export function takeProposal(href: string): { address: string; proposed: string } | null {
  const url = new URL(href);
  const proposed = url.searchParams.get('mirror');
  if (proposed === null) return null;
  url.searchParams.delete('mirror');
  return { address: url.href, proposed };
}

/**
 * The mirror's address with no slash at its end.
 * @throws PersonascopeError `BadRequest` if it is no http(s) address
 */
export function normalizeMirror(mirror: string): string {
  const base = parseUrl(mirror);
  if (!base || !['http:', 'https:'].includes(base.protocol) || base.username || base.password) {
    const nextStep = 'Give an address like http://192.168.0.2:8080, or leave it empty.';
    throw new PersonascopeError('BadRequest', `The mirror "${mirror}" is not an http(s) address.`, nextStep);
  }
  return (base.origin + base.pathname).replace(/\/*$/, '');
}
