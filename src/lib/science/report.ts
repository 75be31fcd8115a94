/** The table of claims about the embedded model: what `npm run science` writes as `science.json` and the page shows. */
import * as v from 'valibot';
import { PersonascopeError } from '../errors';

const text = (length: number) => v.pipe(v.string(), v.nonEmpty(), v.maxLength(length));
const finite = v.pipe(v.number(), v.finite());
const digest = v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/, 'must be a SHA-256 in hex'));

const quantity = v.strictObject({
  label: text(200),
  value: finite,
  /** 95% interval; null where there is none: an exact count, a computed dose. */
  interval: v.nullable(v.strictTuple([finite, finite])),
  /** Trials behind it; null where it is computed from others. */
  n: v.nullable(v.pipe(v.number(), v.safeInteger(), v.minValue(0))),
  /** Digits after the point. */
  digits: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(4)), 2),
  /** What it must reach for the row's verdict. */
  atLeast: v.optional(finite),
  atMost: v.optional(finite),
});

const verdict = v.nullable(v.picklist(['met', 'missed']));

const row = v.strictObject({
  /** Number of the claim that it belongs to. */
  claim: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(99)),
  what: text(400),
  model: v.picklist(['ASSISTANT', 'BASE', 'both']),
  figure: quantity,
  /** Measured on the same replies. */
  beside: v.array(quantity),
  controls: v.array(quantity),
  verdict,
  /** The figure of the paper or essay, with its source. */
  published: v.nullable(text(400)),
  /** How it was judged, and the limits of that. */
  note: v.nullable(text(1_000)),
});

const report = v.strictObject({
  format: v.literal('personascope/science@1'),
  createdAt: v.pipe(v.string(), v.isoTimestamp()),
  /** Git commit, with a plus where files had been changed since. */
  commit: text(60),
  models: v.pipe(
    v.array(v.strictObject({ id: text(200), digest })),
    v.minLength(1, 'must name the model that was measured'),
  ),
  settings: v.objectWithRest({ size: v.picklist(['full', 'small']), seed: finite }, v.unknown()),
  machine: v.strictObject({ processor: text(200), cores: finite, gpu: text(200), minutes: finite }),
  /** Names of the suite's claims that were not measured. */
  missing: v.optional(v.pipe(v.array(text(60)), v.maxLength(99)), []),
  rows: v.pipe(v.array(row), v.minLength(1), v.maxLength(500)),
});

export type Quantity = v.InferInput<typeof quantity>;
export type Row = Omit<v.InferInput<typeof row>, 'figure' | 'beside' | 'controls'> & {
  figure: Quantity;
  beside: Quantity[];
  controls: Quantity[];
};
export type ScienceReport = Omit<v.InferOutput<typeof report>, 'rows'> & { rows: Row[] };
type Measured = Pick<Row, 'figure' | 'beside' | 'controls'>;

const quantitiesOf = ({ figure, beside, controls }: Measured) => [figure, ...beside, ...controls];

/** Met if every limit of the row is kept by the value itself, not by its interval; null for a row that has no target. */
export function judgeRow(measured: Measured): Row['verdict'] {
  const limited = quantitiesOf(measured).filter(({ atLeast, atMost }) => atLeast !== undefined || atMost !== undefined);
  if (limited.length === 0) return null;
  const isKept = ({ value, atLeast = -Infinity, atMost = Infinity }: Quantity) => value >= atLeast && value <= atMost;
  return limited.every(isKept) ? 'met' : 'missed';
}

/** "0.83 [0.75, 0.89]". */
export function formatQuantity({ value, interval, digits = 2 }: Quantity): string {
  const number = (x: number) => x.toFixed(digits).replace('-', '−');
  return interval ? `${number(value)} [${interval.map(number).join(', ')}]` : number(value);
}

/** "≥ 0.80; coherent ≥ 0.80; random vector ≤ 0.05"; the figure's own limit has no name before it. Empty: no target. */
export function formatTarget(measured: Measured): string {
  return quantitiesOf(measured)
    .flatMap((quantity) => {
      const { label, atLeast, atMost, digits = 2 } = quantity;
      const name = quantity === measured.figure ? '' : `${label} `;
      return [
        ...(atLeast === undefined ? [] : [`${name}≥ ${atLeast.toFixed(digits)}`]),
        ...(atMost === undefined ? [] : [`${name}≤ ${atMost.toFixed(digits)}`]),
      ];
    })
    .join('; ');
}

/** @throws PersonascopeError `BadRequest` naming the field and the reason */
export function parseScienceReport(value: unknown): ScienceReport {
  const result = v.safeParse(report, value, { abortEarly: true });
  if (!result.success) {
    const [issue] = result.issues;
    throw bad(`${v.getDotPath(issue) ?? 'it'}: ${issue.message}`);
  }
  result.output.rows.forEach((row, i) => {
    const right = judgeRow(row);
    if (row.verdict !== right) throw bad(`rows.${i}.verdict is ${row.verdict}, but its figures make it ${right}`);
  });
  return result.output;
}

function bad(reason: string): PersonascopeError {
  return new PersonascopeError(
    'BadRequest',
    `The table of measurements can't be shown: ${reason}.`,
    'Make it again with `npm run science -- --write`.',
  );
}
