/** A vector as a file of any format that `readVectorFile` reads. */
import { isPartlyDelayed } from './control-vector';
import { delayNotice } from './gguf-pairs';
import type { VectorFile, VectorFormat } from './vector-file';
import { writeVectorGguf } from './vector-gguf';
import { writeVectorJson } from './vector-json';
import { writeVectorSafetensors } from './vector-safetensors';

/**
 * JSON and safetensors hold the vector's own numbers; so does a control vector, for us, but its directions are what its dial
 * adds at coefficient 1, as llama.cpp adds it.
 *
 * @throws PersonascopeError `BadRequest` if it could not be read again
 */
export function writeVectorFile(vector: VectorFile, format: VectorFormat): Uint8Array<ArrayBuffer> | string {
  switch (format) {
    case 'json':
      return writeVectorJson(vector);
    case 'safetensors':
      return writeVectorSafetensors([vector]);
    case 'gguf':
      return writeVectorGguf(vector);
  }
}

/** What a file of that format does not carry for others than us; null: nothing. */
export function noticeOf(vector: VectorFile, format: VectorFormat): string | null {
  return format === 'gguf' && isPartlyDelayed(vector) ? delayNotice : null;
}
