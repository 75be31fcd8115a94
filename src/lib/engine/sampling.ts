/** Drawing a token on the CPU, for an engine that hands its logits over: the same draw as the shader `sample` makes. */

export interface Draw {
  /** 0 is greedy. */
  temperature: number;
  /** In (0, 1]. */
  topP: number;
  /** In [0, 1). */
  uniform: number;
}

export interface Drawn {
  id: number;
  /** Natural log of the probability at temperature 1, before top-p. */
  logprob: number;
  /** Logits that are no finite number. */
  nonFinite: number;
}

/** @param logits (dVocab) */
export function drawToken(logits: Float32Array, { temperature, topP, uniform }: Draw): Drawn {
  const { maximum, best, nonFinite } = findMaximum(logits);
  const logprob = (id: number) => logits[id]! - logNormaliser(logits, maximum);
  if (temperature === 0) return { id: best, logprob: logprob(best), nonFinite };
  const total = sumOfExponentials(logits, maximum, temperature);
  const massOf = (id: number) => Math.exp((logits[id]! - maximum) / temperature);
  const nucleus = topP < 1 ? findNucleus(logits.length, massOf, topP, total) : logits.keys();
  let left = uniform * (nucleus instanceof Array ? nucleus.reduce((sum, id) => sum + massOf(id), 0) : total);
  for (const id of nucleus) {
    left -= massOf(id);
    if (left < 0) return { id, logprob: logprob(id), nonFinite };
  }
  return { id: best, logprob: logprob(best), nonFinite };
}

/** Natural log of a token's probability at temperature 1. @param logits (dVocab) */
export function logProbability(logits: Float32Array, id: number): number {
  return logits[id]! - logNormaliser(logits, findMaximum(logits).maximum);
}

/** The `count` most likely tokens, most likely first, with the natural log of their probability at temperature 1. */
export function mostLikely(logits: Float32Array, count: number): { id: number; logprob: number }[] {
  const normaliser = logNormaliser(logits, findMaximum(logits).maximum);
  const top: number[] = [];
  for (let id = 0; id < logits.length; id++) {
    if (top.length === count && logits[id]! <= logits[top.at(-1)!]!) continue;
    const place = top.findIndex((other) => logits[id]! > logits[other]!);
    top.splice(place < 0 ? top.length : place, 0, id);
    if (top.length > count) top.pop();
  }
  return top.map((id) => ({ id, logprob: logits[id]! - normaliser }));
}

/**
 * Ids, ascending, of the smallest set of most likely tokens whose mass reaches topP (Holtzman et al. 2020); tokens as likely
 * as the last one are kept too.
 */
function findNucleus(size: number, massOf: (id: number) => number, topP: number, total: number): number[] {
  // All tokens lighter than this together weigh less than what may be left out.
  const negligible = ((1 - topP) * total) / size;
  const candidates: { id: number; mass: number }[] = [];
  for (let id = 0; id < size; id++) {
    const mass = massOf(id);
    if (mass >= negligible) candidates.push({ id, mass });
  }
  candidates.sort((a, b) => b.mass - a.mass);
  let mass = 0;
  let last = 0;
  for (const candidate of candidates) {
    if (mass >= topP * total && candidate.mass < last) break;
    mass += candidate.mass;
    last = candidate.mass;
  }
  return candidates.flatMap((candidate) => (candidate.mass >= last ? [candidate.id] : [])).sort((a, b) => a - b);
}

function findMaximum(logits: Float32Array): { maximum: number; best: number; nonFinite: number } {
  let maximum = -Infinity;
  let best = 0;
  let nonFinite = 0;
  for (let id = 0; id < logits.length; id++) {
    const logit = logits[id]!;
    if (!Number.isFinite(logit)) nonFinite++;
    else if (logit > maximum) {
      maximum = logit;
      best = id;
    }
  }
  return { maximum, best, nonFinite };
}

/** log sum exp(logits) */
function logNormaliser(logits: Float32Array, maximum: number): number {
  return maximum + Math.log(sumOfExponentials(logits, maximum, 1));
}

function sumOfExponentials(logits: Float32Array, maximum: number, temperature: number): number {
  let sum = 0;
  for (let id = 0; id < logits.length; id++) sum += Math.exp((logits[id]! - maximum) / temperature);
  return sum;
}
