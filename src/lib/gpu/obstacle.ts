/** The one place that decides why there is no GPU for the page, and says it. */
import { PersonascopeError, type GpuObstacle } from '../errors';
import { watchSilence } from '../silence';

/** Milliseconds that the browser may take to answer a request for a GPU: one whose GPU process starts anew takes some seconds. */
const PATIENCE = 15_000;

const words: Record<GpuObstacle, { message: string; nextStep: string }> = {
  insecure: {
    message: 'This page was not opened over https, and browsers offer WebGPU on secure pages only.',
    nextStep: 'Open it over https, or on the machine that serves it as http://localhost.',
  },
  missing: {
    message: 'This browser has no WebGPU.',
    nextStep:
      'Use Chrome or Edge 113 and later, Safari 26 and later, or Firefox 141 and later on Windows; on Linux turn on chrome://flags/#enable-unsafe-webgpu.',
  },
  'no-adapter': {
    message: 'The browser has WebGPU, and found no GPU that it can use.',
    nextStep: 'Turn on hardware acceleration in its settings and update the graphics driver; chrome://gpu says more.',
  },
  refused: {
    message: 'The GPU refused to open',
    nextStep: 'Close other pages that use the GPU, start the browser again, or update the graphics driver.',
  },
  silent: {
    message: `The browser was asked for a GPU and has not answered for ${PATIENCE / 1000} s.`,
    nextStep: 'Try again; if it stays silent, start the browser again.',
  },
  withdrawn: {
    message: 'The browser gives no GPU any more.',
    nextStep: 'Reload the page, or start the browser again.',
  },
};

/** @param reason the browser's own words, if it gave any */
export function obstacleError(obstacle: GpuObstacle, reason = '', cause?: unknown): PersonascopeError {
  const { message, nextStep } = words[obstacle];
  const said = reason ? `${message.replace(/\.$/, '')}: ${reason.replace(/\.$/, '')}.` : message;
  return new PersonascopeError('WebGpuUnavailable', said, nextStep, { obstacle, cause });
}

/** What can be told without asking for a GPU; null: nothing stands in the way so far. */
export function findObstacle(
  gpu: GPU | undefined = globalThis.navigator?.gpu,
  isSecure: boolean = globalThis.isSecureContext,
): PersonascopeError | null {
  if (gpu) return null;
  return obstacleError(isSecure === false ? 'insecure' : 'missing');
}

/** What the browser was asked for. @throws PersonascopeError `WebGpuUnavailable` if it refuses, in its words, or does not answer */
export async function granted<T>(request: Promise<T>, patience = PATIENCE): Promise<T> {
  let stop = () => {};
  const silent = new Promise<never>((_, reject) => {
    const watch = watchSilence(patience / 10, (silence) => {
      if (silence >= patience) reject(obstacleError('silent'));
    });
    stop = () => watch.stop();
  });
  try {
    return await Promise.race([request, silent]);
  } catch (cause) {
    if (cause instanceof PersonascopeError) throw cause;
    throw obstacleError('refused', cause instanceof Error ? cause.message : String(cause), cause);
  } finally {
    stop();
  }
}
