/** What a file from outside is refused with. */
import { PersonascopeError } from '../errors';

export const fileNextStep = 'Nothing was changed: mend the file, or choose another.';

/** @param where the file, and the field or tensor in it: "evil.gguf: direction.3" */
export function badFile(where: string, reason: string, options?: ErrorOptions): PersonascopeError {
  return new PersonascopeError('BadRequest', `${where} ${reason}.`, fileNextStep, options);
}
