/** How well a vector separates replies to questions it was not made from, layer by layer. */
import { cosine, dot, layerOf } from '../maths/linear';
import { auroc, bootstrapInterval, cohensD, type Interval } from '../maths/stats';

export interface LayerQuality {
  layer: number;
  /** Of held-out replies' projections on v[l]: positive against negative. */
  auroc: number;
  aurocInterval: Interval;
  /** Difference of the means over the pooled standard deviation; null for fewer than two replies a side. */
  cohensD: number | null;
  cohensDInterval: Interval | null;
  /** Between the vectors of the two halves of the questions. */
  splitHalfCosine: number;
}

/** Mean residual of a held-out reply, (nLayers, dModel). */
export interface HeldOut {
  question: string;
  polarity: 'positive' | 'negative';
  mean: Float64Array;
}

/** @param vector (nLayers, dModel), as are the halves */
export function measureLayers(
  vector: Float64Array,
  halves: readonly [Float64Array, Float64Array],
  heldOut: readonly HeldOut[],
  dModel: number,
  seed = 0,
): LayerQuality[] {
  const questions = [...new Set(heldOut.map(({ question }) => question))];
  return Array.from({ length: vector.length / dModel }, (_, layer) => {
    const at = (vectors: Float64Array) => layerOf(vectors, layer, dModel);
    const direction = at(vector);
    const byQuestion = questions.map((question) => {
      const of = (polarity: HeldOut['polarity']) =>
        heldOut
          .filter((reply) => reply.question === question && reply.polarity === polarity)
          .map(({ mean }) => dot(at(mean), direction));
      return { positive: of('positive'), negative: of('negative') };
    });
    // Questions are resampled, not replies: replies to one question are alike.
    const pool = (sample: typeof byQuestion) => ({
      positive: sample.flatMap(({ positive }) => positive),
      negative: sample.flatMap(({ negative }) => negative),
    });
    const separation = ({ positive, negative }: ReturnType<typeof pool>) =>
      positive.length && negative.length ? auroc(positive, negative) : 0.5;
    const effect = ({ positive, negative }: ReturnType<typeof pool>) =>
      positive.length > 1 && negative.length > 1 ? finite(cohensD(positive, negative)) : 0;
    const all = pool(byQuestion);
    const interval = (statistic: (sample: ReturnType<typeof pool>) => number) =>
      bootstrapInterval(byQuestion, (sample) => statistic(pool([...sample])), { seed, resamples: 500 });
    const hasEffect = all.positive.length > 1 && all.negative.length > 1;
    return {
      layer,
      auroc: separation(all),
      aurocInterval: interval(separation),
      cohensD: hasEffect ? effect(all) : null,
      cohensDInterval: hasEffect ? interval(effect) : null,
      splitHalfCosine: cosine(at(halves[0]), at(halves[1])),
    };
  });
}

/** Replies that do not vary at all would make it infinite. */
const finite = (d: number) => Math.max(-99, Math.min(99, d));
