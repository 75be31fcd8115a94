/** A server on the local network from which models are downloaded instead: set by the visitor, or offered by a link and asked about. */
import { PersonascopeError } from '../errors';

const storageKey = 'personascope-mirror';

export class Mirror {
  /** Empty: none. */
  #url = $state(localStorage.getItem(storageKey) ?? '');
  /** What the address of the page proposes, until the visitor answers. */
  offered = $state<string | null>(null);

  get url(): string {
    return this.#url;
  }

  /** @throws PersonascopeError `BadRequest` for what is no http(s) address */
  set(url: string): void {
    this.#url = url.trim() && normalize(url.trim());
    if (this.#url) localStorage.setItem(storageKey, this.#url);
    else localStorage.removeItem(storageKey);
  }

  /** Reads `?mirror=` and takes it out of the address. Nothing is fetched from there before the visitor agrees. */
  read(): void {
    const address = new URL(location.href);
    const proposed = address.searchParams.get('mirror');
    if (proposed === null) return;
    address.searchParams.delete('mirror');
    history.replaceState(history.state, '', address);
    const url = normalize(proposed);
    if (url !== this.#url) this.offered = url;
  }

  answer(isAccepted: boolean): void {
    if (isAccepted && this.offered) this.set(this.offered);
    this.offered = null;
  }
}

function normalize(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url && ['http:', 'https:'].includes(url.protocol) && !url.username && !url.password) {
    return (url.origin + url.pathname).replace(/\/*$/, '');
  }
  const nextStep = 'Give an address like http://192.168.0.2:8080.';
  throw new PersonascopeError('BadRequest', `The mirror "${text}" is not an http(s) address.`, nextStep);
}
