/** A vector file of any format we know, told apart by its content: names lie. */
import type { ModelSize } from '../engine/intervention-check';
import { limits } from '../limits';
import { ggufMagic } from '../formats/gguf';
import { axisOf, isRoleMeans, readRoleMeans } from './role-means';
import { badFile } from '../formats/bad-file';
import type { VectorFile, VectorFormat } from './vector-file';
import { readVectorGguf } from './vector-gguf';
import { readVectorJson } from './vector-json';
import { readVectorSafetensors } from './vector-safetensors';
import { readVectorTorch } from './vector-torch';

/** Those that are written too. */
/**
 * Reads and checks a file from anywhere. Of role means, the axis is the vector. Whether it fits the loaded model is for
 * `checkFits` to say.
 *
 * @param fileName for messages, and for the name of a vector that brings none
 * @param model the loaded one: where a file does not say what its tensors are, its width and number of blocks tell
 * @returns at least one vector, no two of the same name
 * @throws PersonascopeError `BadRequest` naming the file, the field or tensor, and the reason
 */
export function readVectorFile(bytes: Uint8Array, fileName: string, model: ModelSize): VectorFile[] {
  const file = fileName.replace(/\s+/g, ' ').slice(-120) || 'the file';
  if (bytes.length > limits.vectorFile) {
    throw badFile(`${file}:`, `${bytes.length} bytes are more than ${limits.vectorFile}`);
  }
  switch (sniffFormat(bytes)) {
    case 'json':
      return readVectorJson(bytes, file, model);
    case 'safetensors':
      return isRoleMeans(bytes, file)
        ? [axisOf(readRoleMeans(bytes, file))]
        : readVectorSafetensors(bytes, file, model);
    case 'gguf':
      return [readVectorGguf(bytes, file, model)];
    case 'zip':
      return readVectorTorch(bytes, file, model);
    case 'pickle':
      throw badFile(
        `${file}:`,
        'is a pickle by itself, as torch.save wrote it before version 1.6: load it in PyTorch and save it again',
      );
    case null:
      throw badFile(`${file}:`, 'is no vector file: JSON, safetensors, GGUF and files of torch.save can be read');
  }
}

const zipMagic = [0x50, 0x4b, 0x03, 0x04];
const pickleMagic = [0x80, 0x02];

/**
 * GGUF and zip by their magic. A safetensors file begins with a u64 far below 2^32, so that its bytes 4 to 7 are zero, which
 * no JSON text contains, nor the first words of a pickle; JSON by its brace.
 */
export function sniffFormat(bytes: Uint8Array): VectorFormat | 'zip' | 'pickle' | null {
  const begins = (magic: readonly number[]) => magic.every((byte, i) => bytes[i] === byte);
  if (begins(ggufMagic)) return 'gguf';
  if (begins(zipMagic)) return 'zip';
  if (bytes.length >= 8 && bytes.subarray(4, 8).every((byte) => byte === 0)) return 'safetensors';
  if (begins(pickleMagic)) return 'pickle';
  const first = bytes.find((byte) => ![0x20, 0x09, 0x0a, 0x0d].includes(byte));
  return first === 0x7b ? 'json' : null;
}
