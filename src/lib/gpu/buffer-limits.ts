/** Whether what a model needs of a GPU is within what the GPU gives: told before anything is downloaded. */
import { PersonascopeError } from '../errors';

/** One buffer that a model cannot do without. */
export interface BufferNeed {
  /** What lies in it. */
  what: string;
  bytes: number;
}

export type BufferLimits = Pick<GPUSupportedLimits, 'maxBufferSize' | 'maxStorageBufferBindingSize'>;

/** Bytes of the largest buffer that a shader may be given. */
export function largestBuffer({ maxBufferSize, maxStorageBufferBindingSize }: BufferLimits): number {
  return Math.min(maxBufferSize, maxStorageBufferBindingSize);
}

/** @param limit bytes @throws PersonascopeError `NotSupported` with both sizes, for the largest need */
export function requireBuffers(needs: Iterable<BufferNeed>, limit: number): void {
  let largest: BufferNeed = { what: '', bytes: 0 };
  for (const need of needs) if (need.bytes > largest.bytes) largest = need;
  if (largest.bytes <= limit) return;
  throw new PersonascopeError(
    'NotSupported',
    `This model needs a buffer of ${megabytes(largest.bytes, Math.ceil)} (${largest.what}); this GPU gives at most ${megabytes(limit, Math.floor)}.`,
    'Choose a smaller model, or one with a smaller vocabulary.',
  );
}

/** Rounded away from each other, so that need and limit never read the same. */
function megabytes(bytes: number, round: (x: number) => number): string {
  if (bytes < 1e6) return `${round(bytes / 1e3)} kB`;
  return `${round(bytes / 1e6).toLocaleString('en')} MB`;
}
