/** Whatever was thrown, as an error a visitor can read. */
import { PersonascopeError, fromErrorData, toErrorData } from '../errors';

export function asError(cause: unknown): PersonascopeError {
  return cause instanceof PersonascopeError ? cause : fromErrorData(toErrorData(cause));
}
