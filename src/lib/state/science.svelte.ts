/** The table of measurements that ships with the page, and whether it is of the model that is loaded. */
import { asset } from '$app/paths';
import { PersonascopeError } from '../errors';
import { limits } from '../limits';
import { parseScienceReport, type ScienceReport } from '../science/report';
import { downloadJson } from '../downloads/download';
import { asError } from './as-error';
import type { Session } from './session.svelte';

export class Science {
  readonly #session: Session;
  report = $state.raw<ScienceReport | null>(null);
  error = $state.raw<PersonascopeError | null>(null);

  constructor(session: Session) {
    this.#session = session;
  }

  async open(): Promise<void> {
    if (this.report) return;
    try {
      this.report = parseScienceReport(await download());
      this.error = null;
    } catch (cause) {
      this.error = asError(cause);
    }
  }

  /** True if the loaded model's weights were measured; null while that is not known. */
  async isOfLoaded(): Promise<boolean | null> {
    const report = this.report;
    if (!report || this.#session.phase !== 'ready') return null;
    const loaded = await this.#session.call('digest', null);
    return report.models.some(({ digest }) => digest === loaded);
  }
}

/** @throws PersonascopeError `DownloadFailed` */
async function download(): Promise<unknown> {
  try {
    return await downloadJson(new URL(asset('/science.json'), location.href), limits.science, { attempts: 1 });
  } catch (cause) {
    throw new PersonascopeError(
      'DownloadFailed',
      `The table of measurements could not be read: ${asError(cause).message}`,
      'Reload the page to try again.',
      { cause },
    );
  }
}
