/** What extractions kept in this browser, read back: it may be of another version, or damaged, and is checked before it is used. */
import * as v from 'valibot';
import { PersonascopeError } from '../errors';
import { parsePersonaEntry } from '../personas/persona-schema';
import type { SpaceRecord, UnfinishedJob, VectorRecord } from './records';

/** Of the model that it is to be used with. */
interface Size {
  nLayers: number;
  dModel: number;
}

/** Not finite ones too: a figure may be undefined where there was too little to measure. */
const figure = v.custom<number>((value) => typeof value === 'number');
const figures = v.array(figure);
const text = v.string();
const interval = v.looseObject({ low: figure, high: figure });
const share = v.looseObject({ rate: figure, n: figure, low: figure, high: figure });
const steering = v.looseObject({ mode: v.picklist(['increments', 'direct']), layers: figures });
const cell = v.looseObject({
  steering,
  coefficient: figure,
  expression: share,
  coherence: share,
  both: share,
  example: text,
});
const evidence = v.looseObject({
  judge: v.picklist(['classifier', 'model', 'likelihood']),
  asked: figure,
  layers: v.array(
    v.looseObject({
      ...{ layer: figure, auroc: figure, aurocInterval: interval },
      ...{ cohensD: v.nullable(figure), cohensDInterval: v.nullable(interval), splitHalfCosine: figure },
    }),
  ),
  surpriseLimit: v.nullable(figure),
  sweep: v.pipe(v.array(cell), v.minLength(1)),
  chosen: cell,
  controls: v.looseObject({ random: v.array(cell), shuffled: v.array(cell) }),
  confirmed: v.looseObject({ vector: cell, random: cell, shuffled: cell }),
  verdict: v.looseObject({
    isEstablished: v.boolean(),
    margins: v.looseObject({ random: figure, shuffled: figure }),
    reasons: v.array(text),
  }),
  calibration: v.array(v.looseObject({ coefficient: figure, coherence: share, kl: figure, holds: v.boolean() })),
  doseAtLimit: v.nullable(figure),
  residualNorm: figures,
});
const header = v.looseObject({
  ...{ name: text, label: text, description: text, layers: figures, steering },
  model: v.looseObject({ id: text, digest: v.nullable(text), nLayers: v.nullable(figure), dModel: figure }),
  units: v.picklist(['raw difference', 'increments', 'unknown']),
  precision: v.picklist(['F32', 'F16', 'BF16']),
  provenance: v.looseObject({
    source: text,
    promptSet: v.nullable(text),
    createdAt: v.nullable(text),
    kept: v.nullable(v.looseObject({ positive: figure, negative: figure })),
    quality: v.nullable(v.looseObject({ auroc: figure, splitHalfCosine: figure })),
  }),
});
const vectorRecord = v.looseObject({
  entry: v.looseObject({}),
  vector: v.instance(Float32Array),
  evidence: v.nullable(evidence),
  origin: v.nullable(v.looseObject({ file: text, header })),
  promptSet: v.nullable(text),
  createdAt: text,
});

const count = v.pipe(v.number(), v.integer(), v.minValue(1));
const isFilled = (value: Float32Array | Float64Array, length: number) =>
  value.length === length && value.every((x) => Number.isFinite(x));
const finite = v.pipe(v.number(), v.finite());

const spaceRecord = ({ nLayers, dModel }: Size) => {
  const size = nLayers * dModel;
  return v.looseObject({
    sums: v.looseObject({
      ...{ modelDigest: text, promptSet: text, nLayers: v.literal(nLayers), dModel: v.literal(dModel) },
      runs: v.array(text),
      roles: v.array(
        v.looseObject({
          ...{ name: text, label: text, family: text, count },
          sum: v.pipe(
            v.instance(Float64Array),
            v.check((sum) => isFilled(sum, size)),
          ),
        }),
      ),
      defaults: v.pipe(
        v.array(
          v.pipe(
            v.instance(Float32Array),
            v.check((mean) => isFilled(mean, size)),
          ),
        ),
        v.minLength(1),
      ),
      residualNorm: v.looseObject({ count, sum: v.pipe(v.array(finite), v.length(nLayers)) }),
    }),
    report: v.looseObject({
      roles: figure,
      replies: v.looseObject({ roles: figure, default: figure }),
      cosPc1Axis: figures,
      explainedVariance: figures,
      componentsFor70: figure,
      defaultRank: figure,
    }),
    createdAt: text,
  });
};

const job = v.looseObject({
  kind: v.picklist(['trait', 'space']),
  request: v.looseObject({}),
  label: text,
  done: figure,
  total: figure,
});

/** Null: it is none that this version can read. */
export function readVectorRecord(kept: unknown, { nLayers, dModel }: Size): VectorRecord | null {
  if (!v.is(vectorRecord, kept) || !isFilled(kept.vector, nLayers * dModel)) return null;
  try {
    return { ...(kept as unknown as VectorRecord), entry: parsePersonaEntry(kept.entry) };
  } catch (cause) {
    if (!(cause instanceof PersonascopeError)) throw cause;
    return null;
  }
}

export function readSpaceRecord(kept: unknown, size: Size): SpaceRecord | null {
  return v.is(spaceRecord(size), kept) ? (kept as unknown as SpaceRecord) : null;
}

export function readUnfinished(kept: unknown): UnfinishedJob | null {
  return v.is(job, kept) ? kept : null;
}
