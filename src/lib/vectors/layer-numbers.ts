/** The numbers that files give to layers, as blocks counted from 0. */

export interface PlacedRows<T> {
  /** block -> row, ascending. */
  rows: Map<number, T>;
  /** What was chosen because the file did not say, each in a few words. */
  notes: string[];
}

/**
 * A number equal to the count of blocks tells that blocks are counted from 1, as Hugging Face's `hidden_states` do: 0 is the
 * embeddings, to which nothing can be added. Else they are counted from 0.
 *
 * @param numbered by the file's number, at least one
 * @param nLayers blocks of the loaded model
 */
export function toBlocks<T>(numbered: ReadonlyMap<number, T>, nLayers: number): PlacedRows<T> {
  const rows = [...numbered].sort(([a], [b]) => a - b);
  if (!numbered.has(nLayers)) return { rows: new Map(rows), notes: ['layers taken as counted from 0'] };
  const blocks = rows.filter(([number]) => number > 0).map(([number, row]) => [number - 1, row] as const);
  const notes = [`layer ${nLayers} of ${nLayers} is there: layer k taken as block k − 1`];
  if (numbered.has(0)) notes.push('layer 0, the embeddings, dropped');
  return { rows: new Map(blocks), notes };
}
