/** Files as torch.save (PyTorch 1.6 and later) writes them, byte by byte: a pickle of protocol 2 in a zip archive of stored entries. */

export interface TorchTensor {
  /** FloatStorage, HalfStorage, BFloat16Storage, DoubleStorage, LongStorage. */
  storage: string;
  /** All of its bytes, little-endian. */
  bytes: Uint8Array;
  shape: number[];
  /** In elements; default: contiguous, from the first. */
  stride?: number[];
  offset?: number;
  elementBytes: number;
}

export class Tensor {
  readonly is: TorchTensor;
  constructor(is: TorchTensor) {
    this.is = is;
  }
}

/** A tuple is `{ tuple: [ … ] }`, and `{ raw: [ … ] }` is opcodes as they are. */
export type Pickled =
  | null
  | boolean
  | number
  | string
  | Tensor
  | Pickled[]
  | Map<string | number, Pickled>
  | { tuple: Pickled[] }
  | { raw: number[] };

export function f32(
  shape: number[],
  values: ArrayLike<number>,
  layout: { stride?: number[]; offset?: number } = {},
): Tensor {
  const bytes = new Uint8Array(Float32Array.from(values).buffer);
  return new Tensor({ storage: 'FloatStorage', bytes, elementBytes: 4, shape, ...layout });
}

export const ascii = (text: string): number[] => [...new TextEncoder().encode(text)];
export const u16 = (value: number): number[] => [value & 0xff, (value >> 8) & 0xff];
export const u32 = (value: number): number[] => [0, 8, 16, 24].map((shift) => (value >>> shift) & 0xff);
/** GLOBAL */
export const global = (module: string, name: string): number[] => [0x63, ...ascii(`${module}\n${name}\n`)];

/** The pickle, and the storages that it refers to, by number. */
export function pickle(root: Pickled): { bytes: Uint8Array; storages: Uint8Array[] } {
  const storages: Uint8Array[] = [];
  const text = (value: string) => [0x58, ...u32(ascii(value).length), ...ascii(value)];
  const number = (value: number): number[] => {
    if (!Number.isInteger(value)) return [0x47, ...new Uint8Array(Float64Array.of(value).buffer).reverse()];
    return value >= 0 && value < 256 ? [0x4b, value] : [0x4a, ...u32(value)];
  };
  const tuple = (...items: number[][]) => [0x28, ...items.flat(), 0x74];
  const tensor = ({ storage, bytes, shape, stride, offset = 0, elementBytes }: TorchTensor): number[] => {
    const known = storages.indexOf(bytes);
    const key = known < 0 ? storages.push(bytes) - 1 : known;
    const strides = stride ?? shape.map((_, i) => shape.slice(i + 1).reduce((a, b) => a * b, 1));
    const id = tuple(
      text('storage'),
      global('torch', storage),
      text(String(key)),
      text('cpu'),
      number(bytes.length / elementBytes),
    );
    const sizes = [shape, strides].map((counts) => tuple(...counts.map(number)));
    const hooks = [...global('collections', 'OrderedDict'), 0x29, 0x52];
    const args = tuple([...id, 0x51], number(offset), ...sizes, [0x89], hooks);
    return [...global('torch._utils', '_rebuild_tensor_v2'), ...args, 0x52];
  };
  const write = (value: Pickled): number[] => {
    if (value === null) return [0x4e];
    if (typeof value === 'boolean') return [value ? 0x88 : 0x89];
    if (typeof value === 'number') return number(value);
    if (typeof value === 'string') return text(value);
    if (value instanceof Tensor) return tensor(value.is);
    if (Array.isArray(value)) return [0x5d, 0x28, ...value.flatMap(write), 0x65];
    if (value instanceof Map) return [0x7d, 0x28, ...[...value].flatMap((pair) => pair.flatMap(write)), 0x75];
    return 'raw' in value ? value.raw : tuple(...value.tuple.map(write));
  };
  return { bytes: Uint8Array.from([0x80, 2, ...write(root), 0x2e]), storages };
}

export interface ZipOptions {
  /** Compression method that every entry declares. */
  method?: number;
  flags?: number;
  /** What torch.save puts before the end record. */
  hasZip64?: boolean;
}

/** Sizes and checksum stand after the data, as miniz writes them, and data begins at a multiple of 64. */
export function zip(entries: readonly [name: string, data: Uint8Array][], options: ZipOptions = {}): Uint8Array {
  const { method = 0, flags = 0x0808, hasZip64 = true } = options;
  const body: number[] = [];
  const directory: number[] = [];
  for (const [name, data] of entries) {
    const local = body.length;
    const padding = (64 - ((local + 34 + name.length) % 64)) % 64;
    const extra = [...ascii('FB'), ...u16(padding), ...Array<number>(padding).fill(0x5a)];
    const common = [...u16(20), ...u16(flags), ...u16(method), ...u32(0)];
    body.push(
      ...u32(0x04034b50),
      ...common,
      ...u32(0),
      ...u32(0),
      ...u32(0),
      ...u16(name.length),
      ...u16(extra.length),
    );
    body.push(...ascii(name), ...extra, ...data);
    body.push(...u32(0x08074b50), ...u32(0), ...u32(data.length), ...u32(data.length));
    directory.push(...u32(0x02014b50), ...u16(0), ...common, ...u32(0), ...u32(data.length), ...u32(data.length));
    directory.push(...u16(name.length), ...Array<number>(12).fill(0), ...u32(local), ...ascii(name));
  }
  const zip64 = hasZip64
    ? [...u32(0x06064b50), ...Array<number>(52).fill(0), ...u32(0x07064b50), ...Array<number>(16).fill(0)]
    : [];
  const counts = [...u16(entries.length), ...u16(entries.length)];
  const end = [...u32(0x06054b50), ...u32(0), ...counts, ...u32(directory.length), ...u32(body.length), ...u16(0)];
  return Uint8Array.from([...body, ...directory, ...zip64, ...end]);
}

export function torchFile(root: Pickled, options: ZipOptions & { byteorder?: string } = {}): Uint8Array {
  const { bytes, storages } = pickle(root);
  return zip(
    [
      ['archive/data.pkl', bytes],
      ...(options.byteorder ? [['archive/byteorder', Uint8Array.from(ascii(options.byteorder))] as const] : []),
      ...storages.map((data, key) => [`archive/data/${key}`, data] as const),
      ['archive/version', Uint8Array.from(ascii('3\n'))],
    ].map(([name, data]) => [name as string, data as Uint8Array]),
    options,
  );
}
