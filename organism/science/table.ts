/** A row as lines of text. */
import { formatQuantity, formatTarget, type Quantity, type Row } from '../../src/lib/science/report';

export function printRow(row: Row): void {
  const target = formatTarget(row);
  const verdict = row.verdict === null ? '' : `  ${row.verdict.toUpperCase()} (target ${target})`;
  console.log(`${row.claim}. ${row.what} [${row.model}]\n   ${describe(row.figure)}${verdict}`);
  if (row.beside.length > 0) console.log(`   ${row.beside.map(describe).join(' · ')}`);
  if (row.controls.length > 0) console.log(`   controls: ${row.controls.map(describe).join(' · ')}`);
  if (row.published) console.log(`   published: ${row.published}`);
  if (row.note) console.log(`   ${row.note}`);
}

function describe(quantity: Quantity): string {
  return `${quantity.label} ${formatQuantity(quantity)}${quantity.n === null ? '' : ` (n = ${quantity.n})`}`;
}
