/** A vector as a file of any format that `readVectorFile` reads. */
import type { VectorFormat } from './read-vector-file';
import type { VectorFile } from './vector-file';
import { toControlVector, writeVectorGguf } from './vector-gguf';
import { writeVectorJson } from './vector-json';
import { writeVectorSafetensors } from './vector-safetensors';

/**
 * JSON and safetensors hold the vector's own numbers. A control vector holds what its dial adds at coefficient 1, as
 * llama.cpp adds it; of a vector that is added after block 0 alone, where llama.cpp adds nothing, its own numbers.
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
      return writeVectorGguf(vector.steering.layers.some((layer) => layer > 0) ? toControlVector(vector) : vector);
  }
}
