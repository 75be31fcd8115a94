/**
 * What a pickle of torch.save holds: dicts and lists of tensors, numbers and texts. Nothing in it is run: of the few things
 * that it may call by name each is done here, and every other opcode or name is refused.
 *
 * A tensor is `_rebuild_tensor_v2(storage, offset, size, stride, …)`, offset and strides in elements; its storage is a
 * persistent id `('storage', <type>, <key>, <device>, <elements>)`, whose bytes lie elsewhere in the file.
 *
 * Sources: CPython's `Lib/pickletools.py` (opcodes); PyTorch's `torch/serialization.py` and `torch/_utils.py`.
 */
import { badFile } from './bad-file';
import { TensorNode, type Tree } from './tensor-tree';
import { isStoredFloats, precisionOf, readStoredFloats } from './stored-floats';

/** Bytes a pickle may have: it names tensors, their numbers lie elsewhere. */
const maxBytes = 16 * 1024 * 1024;
const maxDimensions = 8;
/** Of a tuple that is a key. */
const maxKeyParts = 8;

/** dtype and bytes an element, by the name a pickle gives; those of no float are known only to be left out. */
const storages: Record<string, readonly [dtype: string, bytes: number]> = {
  'torch.FloatStorage': ['F32', 4],
  'torch.HalfStorage': ['F16', 2],
  'torch.BFloat16Storage': ['BF16', 2],
  'torch.DoubleStorage': ['F64', 8],
  'torch.LongStorage': ['I64', 8],
  'torch.IntStorage': ['I32', 4],
  'torch.ShortStorage': ['I16', 2],
  'torch.CharStorage': ['I8', 1],
  'torch.ByteStorage': ['U8', 1],
  'torch.BoolStorage': ['BOOL', 1],
};
const rebuildTensor = 'torch._utils._rebuild_tensor_v2';
const rebuildParameter = 'torch._utils._rebuild_parameter';
const orderedDict = 'collections.OrderedDict';
const allowed = new Set([...Object.keys(storages), rebuildTensor, rebuildParameter, orderedDict]);

/** Opcodes that are refused, for the message. */
/* prettier-ignore */
const refused: Record<number, string> = {
  0x30: 'POP', 0x31: 'POP_MARK', 0x32: 'DUP', 0x42: 'BINBYTES', 0x43: 'SHORT_BINBYTES', 0x46: 'FLOAT', 0x49: 'INT',
  0x4c: 'LONG', 0x50: 'PERSID', 0x53: 'STRING', 0x54: 'BINSTRING', 0x55: 'SHORT_BINSTRING', 0x56: 'UNICODE',
  0x64: 'DICT', 0x67: 'GET', 0x69: 'INST', 0x6c: 'LIST', 0x6f: 'OBJ', 0x70: 'PUT', 0x81: 'NEWOBJ', 0x82: 'EXT1',
  0x83: 'EXT2', 0x84: 'EXT4', 0x8b: 'LONG4', 0x8d: 'BINUNICODE8', 0x8e: 'BINBYTES8', 0x8f: 'EMPTY_SET',
  0x90: 'ADDITEMS', 0x91: 'FROZENSET', 0x92: 'NEWOBJ_EX', 0x96: 'BYTEARRAY8', 0x97: 'NEXT_BUFFER', 0x98: 'READONLY_BUFFER',
};

class Global {
  readonly name: string;
  constructor(name: string) {
    this.name = name;
  }
}

class Storage {
  readonly dtype: string;
  readonly elementBytes: number;
  readonly bytes: Uint8Array;
  constructor(dtype: string, elementBytes: number, bytes: Uint8Array) {
    this.dtype = dtype;
    this.elementBytes = elementBytes;
    this.bytes = bytes;
  }
  get elements(): number {
    return this.bytes.length / this.elementBytes;
  }
}

/** Tuples are lists here. What is called with them, names and storages, is no tensor: whoever walks the tree passes over it. */
type Value = Tree | Global | Storage;

/**
 * @param storageBytes the bytes of a storage by its key; undefined if there are none
 * @param where the file, and the pickle in it
 * @throws PersonascopeError `BadRequest` naming the opcode, or what it would call, its byte, and the reason
 */
export function readPickle(
  bytes: Uint8Array,
  storageBytes: (key: string) => Uint8Array | undefined,
  where: string,
): Tree {
  if (bytes.length > maxBytes) throw badFile(`${where}:`, `${bytes.length} bytes are more than ${maxBytes}`);
  return new Unpickler(bytes, storageBytes, where).read();
}

class Unpickler {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #storageBytes: (key: string) => Uint8Array | undefined;
  readonly #where: string;
  readonly #stack: Value[] = [];
  /** Heights of the stack where a MARK was. */
  readonly #marks: number[] = [];
  readonly #memo = new Map<number, Value>();
  #at = 0;
  /** Of the opcode that is being read. */
  #start = 0;

  constructor(bytes: Uint8Array, storageBytes: (key: string) => Uint8Array | undefined, where: string) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.#storageBytes = storageBytes;
    this.#where = where;
  }

  read(): Tree {
    for (;;) {
      this.#start = this.#at;
      const opcode = this.#take(1).getUint8(0);
      if (opcode === 0x2e) return this.#finish();
      this.#step(opcode);
    }
  }

  #finish(): Tree {
    const root = this.#popTree();
    if (this.#stack.length > 0 || this.#marks.length > 0) throw this.#bad('ends with more than one value');
    return root;
  }

  #step(opcode: number): void {
    const stack = this.#stack;
    switch (opcode) {
      case 0x80: // PROTO
        return this.#protocol(this.#take(1).getUint8(0));
      case 0x95: // FRAME: how much follows; it is read as it comes
        return void this.#take(8);
      case 0x28: // MARK
        return void this.#marks.push(stack.length);
      case 0x4e: // NONE
        return this.#push(null);
      case 0x88: // NEWTRUE
        return this.#push(true);
      case 0x89: // NEWFALSE
        return this.#push(false);
      case 0x4a: // BININT
        return this.#push(this.#take(4).getInt32(0, true));
      case 0x4b: // BININT1
        return this.#push(this.#take(1).getUint8(0));
      case 0x4d: // BININT2
        return this.#push(this.#take(2).getUint16(0, true));
      case 0x8a: // LONG1
        return this.#push(this.#long(this.#take(1).getUint8(0)));
      case 0x47: // BINFLOAT
        return this.#push(this.#take(8).getFloat64(0, false));
      case 0x58: // BINUNICODE
        return this.#push(this.#text(this.#take(4).getUint32(0, true)));
      case 0x8c: // SHORT_BINUNICODE
        return this.#push(this.#text(this.#take(1).getUint8(0)));
      case 0x7d: // EMPTY_DICT
        return this.#push(new Map<string, Tree>());
      case 0x5d: // EMPTY_LIST
      case 0x29: // EMPTY_TUPLE
        return this.#push([]);
      case 0x74: // TUPLE
        return this.#push(this.#popToMark() as Tree);
      case 0x85: // TUPLE1, TUPLE2, TUPLE3
      case 0x86:
      case 0x87:
        return this.#push(this.#popMany(opcode - 0x84) as Tree);
      case 0x61: // APPEND
        return this.#append([this.#popTree()]);
      case 0x65: // APPENDS
        return this.#append(this.#popToMark());
      case 0x73: // SETITEM
        return this.#setItems(this.#popMany(2));
      case 0x75: // SETITEMS
        return this.#setItems(this.#popToMark());
      case 0x71: // BINPUT
        return this.#remember(this.#take(1).getUint8(0));
      case 0x72: // LONG_BINPUT
        return this.#remember(this.#take(4).getUint32(0, true));
      case 0x94: // MEMOIZE
        return this.#remember(this.#memo.size);
      case 0x68: // BINGET
        return this.#recall(this.#take(1).getUint8(0));
      case 0x6a: // LONG_BINGET
        return this.#recall(this.#take(4).getUint32(0, true));
      case 0x63: // GLOBAL
        return this.#global(this.#line(), this.#line());
      case 0x93: {
        // STACK_GLOBAL
        const [module, name] = this.#popMany(2);
        return this.#global(module, name);
      }
      case 0x51: // BINPERSID
        return this.#push(this.#storage(this.#pop()));
      case 0x52: {
        // REDUCE
        const [callable, args] = this.#popMany(2);
        return this.#push(this.#call(callable!, args!));
      }
      case 0x62: // BUILD
        return this.#build();
      default: {
        const name = refused[opcode] ?? `opcode 0x${opcode.toString(16).padStart(2, '0')}`;
        throw this.#bad(`has ${name}, which files of tensors do not need`);
      }
    }
  }

  #protocol(version: number): void {
    if (version < 2 || version > 5) throw this.#bad(`has protocol ${version}; 2 to 5 can be read`);
  }

  /** Little-endian, two's complement. Past 2^53 it is rounded: no layer is that large. */
  #long(length: number): number {
    const bytes = this.#takeBytes(length);
    let value = 0;
    for (let i = length - 1; i >= 0; i--) value = value * 256 + bytes[i]!;
    return length > 0 && bytes[length - 1]! >= 0x80 ? value - 256 ** length : value;
  }

  #text(length: number): string {
    return new TextDecoder('utf-8', { ignoreBOM: true }).decode(this.#takeBytes(length));
  }

  /** Up to a line break. */
  #line(): string {
    const end = this.#bytes.indexOf(0x0a, this.#at);
    if (end < 0 || end - this.#at > 200) throw this.#bad('has a name without an end');
    const line = this.#text(end - this.#at);
    this.#at = end + 1;
    return line;
  }

  #global(module: Value | undefined, name: Value | undefined): void {
    if (typeof module !== 'string' || typeof name !== 'string') throw this.#bad('has a name that is no text');
    const full = `${module}.${name}`;
    if (!allowed.has(full)) throw this.#bad(`refers to ${full.slice(0, 120)}, which is not run: only tensors are read`);
    this.#push(new Global(full));
  }

  #storage(id: Value): Storage {
    const [kind, type, key, , elements] = Array.isArray(id) ? (id as Value[]) : [];
    if (kind !== 'storage' || !(type instanceof Global) || typeof key !== 'string') {
      throw this.#bad('refers to something that is no storage');
    }
    const known = Object.hasOwn(storages, type.name) ? storages[type.name]! : undefined;
    if (!known) throw this.#bad(`has a storage of ${type.name}`);
    const bytes = this.#storageBytes(key);
    if (!bytes) throw this.#bad(`refers to storage ${JSON.stringify(key.slice(0, 40))}, which is not in the file`);
    const [dtype, elementBytes] = known;
    if (elements !== bytes.length / elementBytes) {
      throw this.#bad(
        `has ${String(elements).slice(0, 20)} elements of ${dtype} in storage ${JSON.stringify(key.slice(0, 40))}, whose bytes are ${bytes.length}`,
      );
    }
    return new Storage(dtype, elementBytes, bytes);
  }

  #call(callable: Value, args: Value): Value {
    const given = Array.isArray(args) ? (args as Value[]) : [];
    if (!(callable instanceof Global)) throw this.#bad('calls something that is no name');
    if (callable.name === orderedDict && given.length === 0) return new Map<string, Tree>();
    if (callable.name === rebuildParameter && given[0] instanceof TensorNode) return given[0];
    if (callable.name === rebuildTensor) return this.#tensor(given);
    throw this.#bad(`calls ${callable.name} in a way that torch.save does not`);
  }

  #tensor([storage, offset, size, stride]: Value[]): TensorNode {
    if (!(storage instanceof Storage)) throw this.#bad('has a tensor without a storage');
    const isShape = isCounts(size) && isCounts(stride) && size.length === stride.length && size.length <= maxDimensions;
    if (!isShape || !isCount(offset))
      throw this.#bad('has a tensor whose offset, size or strides are no whole numbers');
    const elements = size.reduce((product, n) => product * n, 1);
    const last = size.reduce((at, n, i) => at + (n - 1) * stride[i]!, offset);
    if (elements > 0 && !(last < storage.elements)) {
      throw this.#bad(`has a tensor that ends at element ${last}, its storage at ${storage.elements}`);
    }
    const { dtype } = storage;
    if (!isStoredFloats(dtype))
      return new TensorNode({ shape: size, dtype, precision: null, read: () => new Float32Array() });
    const read = () => readStoredFloats(gather(storage, offset, size, stride), dtype);
    return new TensorNode({ shape: size, dtype, precision: precisionOf(dtype), read });
  }

  /** The state of an OrderedDict is its attributes, as a model's `_metadata`: no tensor is in there. */
  #build(): void {
    this.#pop();
    if (!(this.#stack.at(-1) instanceof Map)) throw this.#bad('has BUILD on something that is no dict');
  }

  #append(items: readonly Value[]): void {
    const list = this.#stack.at(-1);
    if (!Array.isArray(list)) throw this.#bad('appends to something that is no list');
    for (const item of items) list.push(this.#asTree(item));
  }

  #setItems(items: readonly Value[]): void {
    const dict = this.#stack.at(-1);
    if (!(dict instanceof Map) || items.length % 2 > 0) throw this.#bad('sets items of something that is no dict');
    for (let i = 0; i < items.length; i += 2) dict.set(this.#asKey(items[i]!), this.#asTree(items[i + 1]!));
  }

  /** 12 and "12" are one key here, and so are (1, "a") and "1.a". */
  #asKey(value: Value): string {
    const parts = Array.isArray(value) ? (value as Value[]) : [value];
    if (parts.length > maxKeyParts || !parts.every((part) => ['string', 'number', 'boolean'].includes(typeof part))) {
      throw this.#bad('has a key that is neither text nor number, nor a few of them');
    }
    return parts.join('.');
  }

  #asTree(value: Value): Tree {
    if (value instanceof Global) throw this.#bad(`holds ${value.name} itself`);
    if (value instanceof Storage) throw this.#bad('holds a storage that is no tensor');
    return value;
  }

  #remember(index: number): void {
    const top = this.#stack.at(-1);
    if (top === undefined) throw this.#bad('remembers a value before there is one');
    this.#memo.set(index, top);
  }

  #recall(index: number): void {
    const value = this.#memo.get(index);
    if (value === undefined) throw this.#bad(`recalls value ${index}, which there is not`);
    this.#push(value);
  }

  #push(value: Value): void {
    this.#stack.push(value);
  }

  #pop(): Value {
    return this.#popMany(1)[0]!;
  }

  #popTree(): Tree {
    return this.#asTree(this.#pop());
  }

  #popMany(count: number): Value[] {
    const height = this.#stack.length - count;
    if (height < (this.#marks.at(-1) ?? 0)) throw this.#bad('takes a value that there is not');
    return this.#stack.splice(height);
  }

  #popToMark(): Value[] {
    const mark = this.#marks.pop();
    if (mark === undefined) throw this.#bad('goes back to a mark that there is not');
    return this.#stack.splice(mark);
  }

  #take(length: number): DataView {
    const bytes = this.#takeBytes(length);
    return new DataView(bytes.buffer, bytes.byteOffset, length);
  }

  #takeBytes(length: number): Uint8Array {
    if (this.#at + length > this.#bytes.length)
      throw this.#bad(`ends within a value: it has ${this.#bytes.length} bytes`);
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }

  #bad(reason: string): Error {
    return badFile(`${this.#where}, byte ${this.#start}:`, reason);
  }
}

function isCount(value: Value | undefined): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isCounts(value: Value | undefined): value is number[] {
  return Array.isArray(value) && (value as Value[]).every(isCount);
}

/** A tensor's elements in the order of its indices, the last the fastest; its storage has them where the strides say. */
function gather(
  { bytes, elementBytes }: Storage,
  offset: number,
  size: readonly number[],
  stride: readonly number[],
): Uint8Array {
  const elements = size.reduce((product, n) => product * n, 1);
  const contiguous = size.map((_, i) => size.slice(i + 1).reduce((product, n) => product * n, 1));
  if (size.every((n, i) => n === 1 || stride[i] === contiguous[i])) {
    return bytes.subarray(offset * elementBytes, (offset + elements) * elementBytes);
  }
  const all = new Uint8Array(elements * elementBytes);
  for (let i = 0; i < elements; i++) {
    const at = size.reduce((sum, n, k) => sum + (Math.floor(i / contiguous[k]!) % n) * stride[k]!, offset);
    all.set(bytes.subarray(at * elementBytes, (at + 1) * elementBytes), i * elementBytes);
  }
  return all;
}
