/** Errors a visitor may meet: each says what happened and what to do, and keeps its name across the worker boundary. */

export type ErrorName =
  | 'WebGpuUnavailable'
  | 'DeviceLost'
  | 'EngineStopped'
  | 'OutOfMemory'
  | 'ShaderError'
  | 'NotSupported'
  | 'BadRequest'
  | 'BadModel'
  | 'DownloadFailed'
  | 'StorageFull'
  | 'NoModel'
  | 'Busy'
  | 'ContextOverflow'
  | 'SteeringTooStrong'
  | 'Aborted'
  /** A fault of this page, not of what it was given. */
  | 'Internal';

/** Of `WebGpuUnavailable`: what stands between the page and a GPU; `gpu/obstacle.ts` decides it. */
export type GpuObstacle = 'insecure' | 'missing' | 'no-adapter' | 'refused' | 'silent' | 'withdrawn';

export class PersonascopeError extends Error {
  override readonly name: ErrorName;
  /** What the visitor can do next, a sentence. */
  readonly nextStep: string;
  readonly obstacle?: GpuObstacle;

  constructor(
    name: ErrorName,
    message: string,
    nextStep = '',
    { obstacle, ...options }: ErrorOptions & { obstacle?: GpuObstacle | undefined } = {},
  ) {
    super(message, options);
    this.name = name;
    this.nextStep = nextStep;
    if (obstacle) this.obstacle = obstacle;
  }
}

export interface ErrorData {
  name: ErrorName;
  message: string;
  nextStep: string;
  obstacle?: GpuObstacle;
  /** Of a fault of ours: for a report, never shown as it is. */
  stack?: string;
}

/** How browsers say that a script which is imported when it is needed could not be fetched; Vite, of its style sheet. */
const lostPart = /dynamically imported module|Importing a module script failed|Unable to preload CSS/i;

/**
 * For postMessage: structured clone would drop `nextStep`. What no layer has named is told apart by kind: a part of the page that did
 * not arrive, the browser's own abort and full storage, else a fault of ours, which keeps its message.
 */
export function toErrorData(error: unknown): ErrorData {
  if (error instanceof PersonascopeError) {
    const { name, message, nextStep, obstacle, stack } = error;
    return { name, message, nextStep, ...(obstacle && { obstacle }), ...(name === 'Internal' && stack && { stack }) };
  }
  const message = error instanceof Error ? error.message : String(error);
  if (lostPart.test(message)) {
    const nextStep = 'Check the connection, then reload the page.';
    return { name: 'DownloadFailed', message: 'A part of this page did not arrive.', nextStep };
  }
  switch (error instanceof DOMException && error.name) {
    case 'AbortError':
      return { name: 'Aborted', message: message || 'It was cancelled.', nextStep: '' };
    case 'QuotaExceededError':
      return {
        name: 'StorageFull',
        message: `The browser has no room for what was to be kept (${message}).`,
        nextStep: 'Delete a downloaded model or free disk space, then try again.',
      };
    default:
      return {
        name: 'Internal',
        message: message || 'Something went wrong, and nothing says what.',
        nextStep: 'This is a fault of ours: reload the page, and report it with the message.',
        ...(error instanceof Error && error.stack && { stack: error.stack }),
      };
  }
}

export function fromErrorData(data: ErrorData): PersonascopeError {
  const error = new PersonascopeError(data.name, data.message, data.nextStep, { obstacle: data.obstacle });
  // Where it was thrown, on the other side.
  if (data.stack) error.stack = data.stack;
  return error;
}
