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
  | 'Aborted';

export class PersonascopeError extends Error {
  override readonly name: ErrorName;
  /** What the visitor can do next, a sentence. */
  readonly nextStep: string;

  constructor(name: ErrorName, message: string, nextStep = '', options?: ErrorOptions) {
    super(message, options);
    this.name = name;
    this.nextStep = nextStep;
  }
}

export interface ErrorData {
  name: ErrorName;
  message: string;
  nextStep: string;
}

/** For postMessage: structured clone would drop `nextStep`. An unforeseen error keeps its message and says it is ours to mend. */
export function toErrorData(error: unknown): ErrorData {
  if (error instanceof PersonascopeError) {
    return { name: error.name, message: error.message, nextStep: error.nextStep };
  }
  const message = error instanceof Error ? error.message : String(error);
  return { name: 'BadRequest', message, nextStep: 'Reload the page; if it happens again, it is a fault of ours.' };
}

export function fromErrorData(data: ErrorData): PersonascopeError {
  return new PersonascopeError(data.name, data.message, data.nextStep);
}
