/**
 * GGUF, as far as a control vector needs it: little-endian, versions 2 and 3 (the same layout), F32 tensors.
 *
 *     magic "GGUF" | version u32 | tensors u64 | pairs u64 | pairs… | tensor infos… | padding | tensor data
 *     pair:        key string | type u32 | value          string: bytes u64 | UTF-8
 *     tensor info: name string | dimensions u32 | sizes u64… | type u32 | offset u64, from the start of the data
 *
 * Source: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
 */

/** "GGUF" */
export const ggufMagic = [0x47, 0x47, 0x55, 0x46] as const;
/** ggml_type of f32. */
export const ggmlF32 = 0;
/** Where `general.alignment` is not given. */
export const defaultAlignment = 32;

/** gguf_metadata_value_type */
export const valueType = {
  uint8: 0,
  int8: 1,
  uint16: 2,
  int16: 3,
  uint32: 4,
  int32: 5,
  float32: 6,
  bool: 7,
  string: 8,
  array: 9,
  uint64: 10,
  int64: 11,
  float64: 12,
} as const;

export const pad = (offset: number, alignment: number): number => Math.ceil(offset / alignment) * alignment;
