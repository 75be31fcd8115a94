/**
 * Vectors in a file of torch.save, as those of Chen et al. 2025 (`<trait>_response_avg_diff.pt`, a tensor), of Lu et al. 2026
 * (`{"axis": …}`, `{"vector": …, "role": …}`) and of many others: a zip archive with `<name>/data.pkl`, which says what is
 * there, and `<name>/data/<key>`, the numbers.
 *
 * Source: PyTorch's `torch/serialization.py`, `_save` and `_load`.
 */
import type { ModelSize } from '../engine/intervention-check';
import { vectorsOf } from './foreign-tensors';
import { tensorsIn } from './foreign-tree';
import { readPickle } from '../formats/pickle-tensors';
import { readStoredZip } from '../formats/stored-zip';
import { badFile } from '../formats/bad-file';
import type { VectorFile } from './vector-file';

const pickleName = 'data.pkl';

/**
 * @param model the loaded one: its width and number of blocks tell what is what
 * @throws PersonascopeError `BadRequest` naming the file, the entry or tensor, and the reason
 */
export function readVectorTorch(bytes: Uint8Array, file: string, model: ModelSize): VectorFile[] {
  const entries = readStoredZip(bytes, file);
  const names = [...entries.keys()].filter((name) => name === pickleName || name.endsWith(`/${pickleName}`));
  const [name, ...others] = names;
  if (name === undefined || others.length > 0) {
    throw badFile(`${file}:`, 'is a zip archive, but not one of torch.save: it has no data.pkl of its own');
  }
  const folder = name.slice(0, -pickleName.length);
  const order = entries.get(`${folder}byteorder`);
  if (order && new TextDecoder().decode(order.subarray(0, 10)).trim() !== 'little') {
    throw badFile(`${file}: byteorder`, 'is not little; only little-endian files can be read');
  }
  const storageBytes = (key: string) => entries.get(`${folder}data/${key}`);
  const root = readPickle(entries.get(name)!, storageBytes, `${file}: ${pickleName}`);
  return vectorsOf({ file, kind: 'a PyTorch file', tensors: tensorsIn(root, file) }, model);
}
