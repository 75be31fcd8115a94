/** A server on the local network from which models are downloaded instead: set by the visitor, or offered by a link and asked about. */
import { normalizeMirror, takeProposal } from '../downloads/mirror';
import { preferences } from '../storage/preferences';

const storageKey = 'personascope-mirror';

export interface MirrorMemento {
  url: string;
  isFormer: boolean;
}

export class Mirror {
  /** Empty: none. */
  #url = $state(readKept());
  /** It was set in an earlier visit, maybe by somebody else. */
  isFormer = $state(this.#url !== '');
  /** What the address of the page proposes, until the visitor answers. */
  offered = $state<string | null>(null);

  get url(): string {
    return this.#url;
  }

  /** @throws PersonascopeError `BadRequest` for what is no http(s) address */
  set(url: string): void {
    this.#url = url.trim() && normalizeMirror(url.trim());
    this.isFormer = false;
    if (this.#url) preferences.set(storageKey, this.#url);
    else preferences.remove(storageKey);
  }

  /** Reads `?mirror=` and takes it out of the address. Nothing is fetched from there before the visitor agrees. */
  read(): void {
    const proposal = takeProposal(location.href);
    if (!proposal) return;
    history.replaceState(history.state, '', proposal.address);
    const url = normalizeMirror(proposal.proposed);
    if (url !== this.#url) this.offered = url;
  }

  memento(): MirrorMemento {
    return { url: this.#url, isFormer: this.isFormer };
  }

  recall({ url, isFormer }: MirrorMemento): void {
    if (url !== this.#url) this.set(url);
    this.isFormer = isFormer;
  }

  answer(isAccepted: boolean): void {
    if (isAccepted && this.offered) this.set(this.offered);
    this.offered = null;
  }
}

/** What is no address, another version or another hand has left there. */
function readKept(): string {
  const kept = preferences.get(storageKey);
  try {
    return kept ? normalizeMirror(kept) : '';
  } catch {
    return '';
  }
}
