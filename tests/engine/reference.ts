/**
 * The Llama family's forward pass in float64, written from the papers and Hugging Face's definitions, with interventions at the output of a block.
 * Slow and plain on purpose: it is what the shaders are held against.
 */
import { inverseFrequencies, type LlamaConfig } from '../../src/lib/llama/config';
import type { ResolvedIntervention } from '../../src/lib/engine/intervention';

/** name as in the checkpoint -> numbers, row-major */
export type ReferenceWeights = Map<string, ArrayLike<number>>;

/** Rows of numbers: (tokens, width). */
type Rows = Float64Array<ArrayBuffer>[];

export function referenceForward(
  config: LlamaConfig,
  weights: ReferenceWeights,
  tokenIds: number[],
  interventions: ResolvedIntervention[] = [],
  promptLength = tokenIds.length,
): { logits: Rows; residuals: Rows[] } {
  const { dModel, nLayers, nHeads, nKeyValueHeads, dHead, dVocab, dMlp, rmsNormEps, qkNorm } = config;
  const get = (name: string) => {
    const values = weights.get(name);
    if (!values) throw new Error(`reference: no ${name}`);
    return values;
  };
  const linear = (x: Rows, name: string, outputs: number): Rows => {
    const weight = get(`${name}.weight`);
    const bias = weights.get(`${name}.bias`);
    return x.map((row) =>
      Float64Array.from({ length: outputs }, (_, o) => {
        let sum = bias ? bias[o]! : 0;
        for (let i = 0; i < row.length; i++) sum += weight[o * row.length + i]! * row[i]!;
        return sum;
      }),
    );
  };
  const norm = (x: Rows, name: string): Rows => {
    const weight = get(name);
    return x.map((row) => {
      const scale = 1 / Math.sqrt(row.reduce((sum, value) => sum + value * value, 0) / row.length + rmsNormEps);
      return row.map((value, i) => value * scale * weight[i]!);
    });
  };
  const frequencies = inverseFrequencies(config);
  const heads = (x: Rows, count: number, normName: string | null): Rows[] =>
    x.map((row, position) => {
      let split = Array.from({ length: count }, (_, h) => row.slice(h * dHead, (h + 1) * dHead));
      if (normName) split = norm(split, normName);
      return split.map((head) =>
        head.map((value, i) => {
          const half = dHead / 2;
          const angle = position * frequencies[i % half]!;
          const partner = i < half ? -head[i + half]! : head[i - half]!;
          return value * Math.cos(angle) + partner * Math.sin(angle);
        }),
      );
    });

  const embedding = get('model.embed_tokens.weight');
  let h: Rows = tokenIds.map((id) => Float64Array.from({ length: dModel }, (_, i) => embedding[id * dModel + i]!));
  const residuals: Rows[] = [];
  for (let layer = 0; layer < nLayers; layer++) {
    const at = `model.layers.${layer}`;
    const x = norm(h, `${at}.input_layernorm.weight`);
    const q = heads(
      linear(x, `${at}.self_attn.q_proj`, nHeads * dHead),
      nHeads,
      qkNorm ? `${at}.self_attn.q_norm.weight` : null,
    );
    const k = heads(
      linear(x, `${at}.self_attn.k_proj`, nKeyValueHeads * dHead),
      nKeyValueHeads,
      qkNorm ? `${at}.self_attn.k_norm.weight` : null,
    );
    const v = linear(x, `${at}.self_attn.v_proj`, nKeyValueHeads * dHead);
    const attended: Rows = h.map((_, t) => {
      const out = new Float64Array(nHeads * dHead);
      for (let head = 0; head < nHeads; head++) {
        const kvHead = Math.floor(head / (nHeads / nKeyValueHeads));
        const scores = k.slice(0, t + 1).map((key) => {
          let score = 0;
          for (let i = 0; i < dHead; i++) score += q[t]![head]![i]! * key[kvHead]![i]!;
          return score / Math.sqrt(dHead);
        });
        const maximum = Math.max(...scores);
        const masses = scores.map((score) => Math.exp(score - maximum));
        const total = masses.reduce((a, b) => a + b, 0);
        masses.forEach((mass, j) => {
          for (let i = 0; i < dHead; i++) out[head * dHead + i]! += (mass / total) * v[j]![kvHead * dHead + i]!;
        });
      }
      return out;
    });
    h = add(h, linear(attended, `${at}.self_attn.o_proj`, dModel));
    const y = norm(h, `${at}.post_attention_layernorm.weight`);
    const gate = linear(y, `${at}.mlp.gate_proj`, dMlp);
    const up = linear(y, `${at}.mlp.up_proj`, dMlp);
    const activated = gate.map((row, t) => row.map((g, i) => (g / (1 + Math.exp(-g))) * up[t]![i]!));
    h = add(h, linear(activated, `${at}.mlp.down_proj`, dModel));
    h = h.map((row, t) => intervene(row, layer, t, promptLength, interventions));
    residuals.push(h);
  }
  const final = norm(h, 'model.norm.weight');
  return { logits: linear(final, config.tieWordEmbeddings ? 'model.embed_tokens' : 'lm_head', dVocab), residuals };
}

function add(a: Rows, b: Rows): Rows {
  return a.map((row, t) => row.map((value, i) => value + b[t]![i]!));
}

function intervene(
  row: Rows[number],
  layer: number,
  t: number,
  promptLength: number,
  interventions: ResolvedIntervention[],
): Rows[number] {
  for (const { kind, vectors, positions, coefficient, floor, ceiling } of interventions) {
    const vector = vectors.get(layer);
    const isThere = {
      all: true,
      prompt: t < promptLength,
      response: t >= promptLength,
      'from-last': t >= promptLength - 1,
    }[positions];
    if (!vector || !isThere) continue;
    const v = Float64Array.from(vector);
    if (kind === 'addition') {
      row = row.map((value, i) => value + coefficient * v[i]!);
      continue;
    }
    const length = Math.hypot(...v);
    const reading = row.reduce((sum, value, i) => sum + (value * v[i]!) / length, 0);
    const held = Math.min(Math.max(reading, floor), ceiling);
    row = row.map((value, i) => value + ((held - reading) * v[i]!) / length);
  }
  return row;
}
