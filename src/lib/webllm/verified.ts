/** Libraries that passed the self-check, kept so that each is checked once a browser. A failure is not kept: damaged weights may have caused it. */
import { openRecords } from '../storage/records';
import type { ResidualType } from '../taps/tap-program';
import type { Shape } from './forward-tracker';

/** To be raised when the taps or their check change, so that old verdicts are not believed. */
const VERSION = 2;

const verdicts = openRecords('personascope-taps', 'verdicts');
const keyOf = (digest: string, { nLayers, dModel }: Shape) => `${VERSION} ${digest} ${nLayers} ${dModel}`;

/** How the library stores the residual stream; null if it is new here. */
export async function readVerified(digest: string, shape: Shape): Promise<ResidualType | null> {
  const known = await verdicts.get(keyOf(digest, shape));
  return known === 'f16' || known === 'f32' ? known : null;
}

/** Where nothing can be kept, the library is checked again at the next visit. */
export async function writeVerified(digest: string, shape: Shape, type: ResidualType): Promise<void> {
  await verdicts.set(keyOf(digest, shape), type);
}
