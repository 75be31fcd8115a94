/** What files hold that nest dicts and lists: numbers, texts, and tensors anywhere among them. */
import type { StorageType } from './safetensors';

/** A tensor on its own, wherever it stands. */
export interface Leaf {
  shape: readonly number[];
  /** As its file calls it: F32, F64, torch.int64. */
  dtype: string;
  /** Of the numbers as they are read; null: that type is not read. */
  precision: StorageType | null;
  /** @throws PersonascopeError `BadRequest` naming what is wrong with its numbers */
  read(): Float32Array;
}

export class TensorNode {
  readonly leaf: Leaf;
  constructor(leaf: Leaf) {
    this.leaf = leaf;
  }
}

export type Tree =
  null | boolean | number | string | TensorNode | Tree[] | ReadonlyMap<string, Tree> | { readonly [key: string]: Tree };
