/**
 * Vectors among the tensors of a file that does not describe itself as ours do, held against the loaded model: its width
 * tells which tensors are vectors, its number of blocks which rows are which layers.
 *
 * | tensor, sizes of 1 apart | its rows |
 * |---|---|
 * | (rows, dModel), layers named beside it | those layers |
 * | (blocks, dModel) | the blocks, in order |
 * | (blocks + 1, dModel) | as `hidden_states` has them: the embeddings, which are dropped, then the blocks |
 * | (dModel), the layer in its name or beside it | that layer; those whose names differ in the layer alone are one vector |
 *
 * Whatever else is there is left out and named in the vector's source, unless nothing is left: then the file is refused.
 */
import { limits } from '../limits';
import type { ModelSize } from '../engine/intervention-check';
import type { StorageType } from '../formats/safetensors';
import { describeHints, hookElsewhere, layerInName, layersBeside, type Facts, type NamedLayer } from './layer-hints';
import { toBlocks } from './layer-numbers';
import type { Leaf } from '../formats/tensor-tree';
import { checkVector, refuseSameNames } from './vector-check';
import { badFile } from '../formats/bad-file';
import type { VectorFile } from './vector-file';
import { baseName, foreignHeader, nameFrom } from './vector-foreign';

export interface ForeignTensor extends Leaf {
  /** Keys on the way to it, the outermost first; none of a bare tensor. */
  path: readonly string[];
  facts: Facts;
}

export interface ForeignFile {
  file: string;
  /** "a PyTorch file" */
  kind: string;
  tensors: readonly ForeignTensor[];
}

/** A vector as its rows are found. */
interface Found {
  name: string;
  /** By the file's number of the layer, or by block. */
  rows: Map<number, { tensor: ForeignTensor; row: number }>;
  isByBlock: boolean;
  /** Blocks of the model, where the count of rows tells. */
  nLayers: number | null;
  notes: string[];
}

/** A part of a name that says no more than that it is a vector. */
const isPlain =
  /^(vectors?|axis|directions?|tensors?|data|values?|(steering|control|persona)_vectors?|layers?|state_dict)?$/i;

/** @throws PersonascopeError `BadRequest` naming the file, a tensor and the reason */
export function vectorsOf({ file, kind, tensors }: ForeignFile, model: ModelSize): VectorFile[] {
  if (tensors.length === 0) throw badFile(`${file}:`, 'holds no tensor');
  const weight = tensors.find(({ path }) => /\.(weight|bias)$/.test(path.join('.')));
  if (weight) throw badFile(`${file}: ${quote(weight)}`, "is a model's weight: the file is no vector file");
  const found = new Map<string, Found>();
  const ignored: { tensor: ForeignTensor; reason: string }[] = [];
  for (const tensor of tensors) {
    const reason = place(tensor, found, model, file);
    if (reason !== null) ignored.push({ tensor, reason });
  }
  if (found.size === 0) throw refuse(ignored, model, file);
  refuseTooMany([...found.values()], model, file);
  const left = ignored.length ? [describeIgnored(ignored.map(({ tensor }) => tensor))] : [];
  const vectors = [...found.values()].map((one) => toVector(one, { file, kind, model, left }));
  refuseSameNames(vectors, `${file}:`);
  return vectors;
}

/** @returns null if it is a vector or a row of one; else why it is none */
function place(tensor: ForeignTensor, found: Map<string, Found>, model: ModelSize, file: string): string | null {
  const { path, shape, dtype, precision, facts } = tensor;
  const rows = countRows(shape, model.dModel);
  if (rows === null) return `is (${shape.join(', ')}), not (layers, ${model.dModel}) as the loaded model needs it`;
  if (precision === null) return `is stored as ${dtype.slice(0, 40)}; F64, F32, F16 and BF16 can be read`;
  const hook = hookElsewhere(facts);
  if (hook !== null) return `is for ${hook}, and not for the residual stream between two blocks`;
  const named = layerInName(path);
  if (named) return placeNamed(tensor, rows, named, found, file);
  const one = placeRows(tensor, rows, model);
  if (typeof one === 'string') return one;
  found.set(JSON.stringify(path), one);
  return null;
}

function placeNamed(
  tensor: ForeignTensor,
  rows: number,
  { layer, isByBlock, rest }: NamedLayer,
  found: Map<string, Found>,
  file: string,
): string | null {
  if (rows !== 1) return `is named for layer ${layer}, and has ${rows} rows`;
  if (layer < 0) return 'is for the place before block 0, where nothing can be added';
  const key = `layers of ${rest}`;
  const one = found.get(key) ?? { name: rest, rows: new Map(), isByBlock, nLayers: null, notes: [] };
  if (one.rows.has(layer)) throw badFile(`${file}: ${quote(tensor)}`, `is a second row for layer ${layer}`);
  one.rows.set(layer, { tensor, row: 0 });
  found.set(key, one);
  return null;
}

function placeRows(tensor: ForeignTensor, rows: number, { nLayers }: ModelSize): Found | string {
  const { path, facts } = tensor;
  const name = path.join('.');
  const number = (layers: readonly number[], first = 0): Found['rows'] =>
    new Map(layers.map((layer, i) => [layer, { tensor, row: first + i }]));
  const told = layersBeside(facts, rows);
  if (told) {
    if (new Set(told.numbers).size !== rows) return `is for a layer twice: ${describeHints(facts)}`;
    if (told.numbers.some((layer) => layer < 0)) return 'is for the place before block 0, where nothing can be added';
    return { name, rows: number(told.numbers), isByBlock: told.isByBlock, nLayers: null, notes: [] };
  }
  const blocks = Array.from({ length: nLayers }, (_, layer) => layer);
  const stack = { name, isByBlock: true, nLayers };
  if (rows === nLayers)
    return { ...stack, rows: number(blocks), notes: [`${rows} rows taken as the ${nLayers} blocks`] };
  if (rows === nLayers + 1) {
    const notes = [`${rows} rows for ${nLayers} blocks: row 0, the embeddings, dropped, row k taken as block k − 1`];
    return { ...stack, rows: number(blocks, 1), notes };
  }
  const hints = describeHints(facts);
  const said = hints === '' ? 'and nothing says which' : `and of layers there is no more than ${hints}`;
  return `has ${rows === 1 ? 'one row' : `${rows} rows`} for the loaded model's ${nLayers} blocks, ${said}`;
}

/** Rows of the model's width; sizes of 1 count for nothing. Null: it is of another width. */
function countRows(shape: readonly number[], dModel: number): number | null {
  const sizes = shape.filter((size) => size !== 1);
  if (dModel === 1 && shape.length > 0) sizes.push(1);
  if (sizes.length > 2 || sizes.at(-1) !== dModel) return null;
  return sizes.length === 2 ? sizes[0]! || null : 1;
}

interface Place {
  file: string;
  kind: string;
  model: ModelSize;
  /** What was left out. */
  left: string[];
}

function toVector(
  { name, rows: found, isByBlock, nLayers, notes }: Found,
  { file, kind, model, left }: Place,
): VectorFile {
  const { rows, notes: counted } = isByBlock ? { rows: found, notes: [] } : toBlocks(found, model.nLayers);
  const own = withoutPlain(name) || baseName(file);
  const layers = [...rows.keys()];
  const read = new Map<ForeignTensor, Float32Array>();
  const numbersOf = (tensor: ForeignTensor) => {
    if (!read.has(tensor)) read.set(tensor, tensor.read());
    return read.get(tensor)!;
  };
  const { dModel } = model;
  const vectors = [...rows].map(
    ([layer, { tensor, row }]) => [layer, numbersOf(tensor).subarray(row * dModel, (row + 1) * dModel)] as const,
  );
  const tensors = [...read.keys()];
  const isRounded = tensors.some(({ dtype }) => dtype === 'F64');
  const header = foreignHeader({
    ...{ name: nameFrom(own), label: own || 'vector', layers, dModel, nLayers, source: kind },
    precision: coarsest(tensors),
    notes: [...notes, ...counted, ...(isRounded ? ['F64 rounded to F32'] : []), ...left],
  });
  return checkVector({ ...header, vectors: new Map(vectors) }, `${file}: ${JSON.stringify(own.slice(0, 120))}:`);
}

/** Of a name that says nothing the file's name says more. */
function withoutPlain(name: string): string {
  return name
    .split('.')
    .filter((part) => !isPlain.test(part))
    .join('.');
}

function coarsest(tensors: readonly ForeignTensor[]): StorageType {
  const types = tensors.map(({ precision }) => precision);
  return types.includes('BF16') ? 'BF16' : types.includes('F16') ? 'F16' : 'F32';
}

/** Rows may be views of one storage, so that a small file holds more numbers than bytes. */
function refuseTooMany(found: readonly Found[], { dModel }: ModelSize, file: string): void {
  if (found.length > limits.vectors) {
    throw badFile(`${file}:`, `holds ${found.length} vectors, more than ${limits.vectors}`);
  }
  const numbers = found.reduce((sum, { rows }) => sum + rows.size * dModel, 0);
  /** As many as the largest file has, all of it F16. */
  const most = limits.vectorFile / 2;
  if (numbers > most) throw badFile(`${file}:`, `holds ${numbers} numbers, more than ${most}`);
}

/** Of a file with no vector: a tensor of the model's width tells more than one that is something else. */
function refuse(
  ignored: readonly { tensor: ForeignTensor; reason: string }[],
  { dModel }: ModelSize,
  file: string,
): Error {
  const { tensor, reason } = ignored.find(({ tensor }) => countRows(tensor.shape, dModel) !== null) ?? ignored[0]!;
  return badFile(`${file}: ${quote(tensor)}`, reason);
}

function describeIgnored(tensors: readonly ForeignTensor[]): string {
  const named = tensors.slice(0, 2).map((tensor) => `${quote(tensor).slice(0, 40)} (${tensor.shape.join(', ')})`);
  const more = tensors.length > 2 ? ` and ${tensors.length - 2} more` : '';
  return `left out: ${named.join(', ')}${more}`;
}

function quote({ path }: ForeignTensor): string {
  return path.length ? JSON.stringify(path.join('.').slice(0, 120)) : 'the tensor';
}
