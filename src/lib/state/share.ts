/** What is offered to somebody who shares a conversation. */
import { encode } from 'uqr';
import { PersonascopeError } from '../errors';
import { asError } from './as-error';

export interface Share {
  link: string | null;
  error: PersonascopeError | null;
  /** Chat programs cut it. */
  isLong: boolean;
  /** Vectors of this browser that the link only names. */
  missing: string[];
  /** Rows of dark (true) and light squares; null where it does not fit into a code that cameras read. */
  qr: boolean[][] | null;
}

/** Characters after which chat programs cut a message. */
const longLink = 2_000;
/** Above this a code has more than 113 squares a side: too fine for a camera across a room. */
const longestQr = 1_000;

/** @param permalink makes the link, and says which vectors it only names */
export async function makeShare(
  permalink: (parameters: readonly string[]) => Promise<{ link: string; missing: string[] }>,
  parameters: readonly string[],
): Promise<Share> {
  try {
    const { link, missing } = await permalink(parameters);
    const qr = link.length <= longestQr ? encode(link, { ecc: 'L', border: 4 }).data : null;
    return { link, error: null, isLong: link.length > longLink, missing, qr };
  } catch (cause) {
    return { link: null, error: asError(cause), isLong: true, missing: [], qr: null };
  }
}

/** Documented parameters of the page's address that a link may carry, if the sender wants it. */
const sharedParameters = ['model'];

/** @param search of the page's address */
export function sharableParameters(search: string): string[] {
  const here = new URLSearchParams(search);
  return sharedParameters.filter((name) => here.has(name));
}

/** Nothing of the sender's address goes along unasked: not a mirror, nor what a mail program put there. */
export function linkTo(page: string, search: string, parameters: readonly string[], fragment: string): string {
  const here = new URLSearchParams(search);
  const chosen = sharableParameters(search).filter((name) => parameters.includes(name));
  const kept = new URLSearchParams(chosen.map((name) => [name, here.get(name)!]));
  return `${page}${kept.size ? `?${kept}` : ''}#${fragment}`;
}
