/** Another version of the site was put in the place of the open one: files that this one has not fetched yet are gone. */
import { updated } from '$app/state';
import type { PersonascopeError } from '../errors';
import type { Session } from './session.svelte';

/** What is thrown when a file of the engine did not arrive, and of other things too. */
const suspects: string[] = ['EngineStopped', 'DownloadFailed'] satisfies PersonascopeError['name'][];

export class Updates {
  /** The open page lacks something that only a reload brings. */
  isNeeded = $state(false);

  constructor(session: Session) {
    session.onFailed = ({ name }) => {
      if (suspects.includes(name)) void this.check();
    };
  }

  /** Something of the page did not arrive: asks the host whether it has another version by now. Offline, it does not say. */
  async check(): Promise<void> {
    if (await updated.check()) this.isNeeded = true;
  }
}
