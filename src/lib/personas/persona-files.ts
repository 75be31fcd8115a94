/** A persona space as files: `personas.json` (`PersonaSpace`) and `personas.safetensors` (its tensors, f32). */
import { PersonascopeError } from '../errors';
import { limits } from '../limits';
import { parsePersonaSpace } from './persona-schema';
import type { PersonaSpace } from './persona-space';
import { checkTensors, expectedTensors, type NamedTensor, type NamedTensors } from './persona-tensors';
import { sha256 } from '../formats/sha256';
import { decodeFloats, encodeSafetensors, isStorageType, parseHeader } from '../formats/safetensors';
import { parseUntrusted } from '../formats/untrusted-json';

export interface PersonaFiles {
  space: PersonaSpace;
  tensors: NamedTensors;
}

/**
 * Reads and checks both files. Tensors that the space does not name are left out.
 *
 * @throws PersonascopeError `BadModel` naming the file, the field or tensor, and the reason
 */
export function readPersonaFiles(json: Uint8Array, safetensors: Uint8Array): PersonaFiles {
  const space = parsePersonaSpace(parseJson(json));
  const file = 'personas.safetensors';
  const { tensors: entries } = parseHeader(safetensors, file, safetensors.length);
  const tensors = new Map<string, NamedTensor>();
  for (const name of expectedTensors(space).keys()) {
    const entry = entries.get(name);
    // A missing one is reported by checkTensors.
    if (!entry) continue;
    if (!isStorageType(entry.dtype)) {
      throw new PersonascopeError('BadModel', `${file}: ${name} is ${entry.dtype}, not F32, F16 or BF16.`);
    }
    const data = decodeFloats(safetensors.subarray(entry.begin, entry.end), entry.dtype);
    tensors.set(name, { shape: entry.shape, data });
  }
  checkTensors(space, tensors, space);
  return { space, tensors };
}

/** @throws PersonascopeError `BadModel` if they could not be read again */
export function writePersonaFiles({ space, tensors }: PersonaFiles): {
  json: string;
  safetensors: Uint8Array<ArrayBuffer>;
} {
  const json = `${JSON.stringify(space, null, 1)}\n`;
  const safetensors = encodeTensors(tensors);
  readPersonaFiles(new TextEncoder().encode(json), safetensors);
  return { json, safetensors };
}

export function encodeTensors(tensors: NamedTensors): Uint8Array<ArrayBuffer> {
  return encodeSafetensors([...tensors].map(([name, { shape, data }]) => ({ name, shape: [...shape], data })));
}

/** SHA-256 of a persona space: its fields, and its tensors in the order of their names. Null without one. */
export async function digestPersonas({
  space,
  tensors,
}: {
  space: PersonaSpace | null;
  tensors: NamedTensors;
}): Promise<string | null> {
  if (!space) return null;
  const named = [...tensors].sort(([a], [b]) => (a < b ? -1 : 1));
  const digests = await Promise.all(
    named.map(async ([name, { data }]) => [name, await sha256(Float32Array.from(data))]),
  );
  return sha256(new TextEncoder().encode(JSON.stringify([space, digests])));
}

function parseJson(bytes: Uint8Array): unknown {
  const refuse = (reason: string, options?: ErrorOptions) => {
    const nextStep = 'The model still answers without it; make it again with `npm run vectors`.';
    return new PersonascopeError('BadModel', `personas.json can't be used: it ${reason}.`, nextStep, options);
  };
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw refuse('is not JSON', { cause });
  }
  return parseUntrusted(text, { maxCharacters: limits.personasJson, refuse });
}
