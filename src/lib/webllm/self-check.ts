/**
 * No guess is trusted on a library that was not seen before: structure and cause are checked on one token (the decode kernels) and on two (the
 * prefill kernels). A known vector added at one layer must move the reading there by exactly what was added, must leave the layers before it
 * bit for bit as they were, and must reach the layers after it and the logits; reading alone must leave the logits bit for bit as they were.
 */
import type { Gpu } from '../gpu/device';
import type { BufferRef } from '../gpu/tensor';
import type { ResolvedIntervention } from '../engine/intervention';
import { dot, norm } from '../maths/linear';
import { Random } from '../maths/random';
import { Accumulator } from '../taps/accumulator';
import { compileTaps, TapProgram, type TapKernels } from '../taps/tap-program';
import type { Shape } from './forward-tracker';
import type { TapStream } from './tap-stream';

/** Runs tokens from an empty cache. @returns the logits that follow the last */
export type FreshForward = (tokens: number) => Promise<Float32Array>;

/** Of what was added; f16 keeps 11 bits of each number of h. */
const tolerance = { f32: 2e-3, f16: 3e-2, f16_sum: 3e-2 };

export interface CheckContext {
  gpu: Gpu;
  stream: TapStream;
  shape: Shape;
  forward: FreshForward;
  read: (tensor: BufferRef, bytes: number) => Promise<Float32Array>;
}

/** @returns why the taps can't be trusted; null if they can */
export async function checkTaps(context: CheckContext): Promise<string | null> {
  for (const rows of [1, 2]) {
    const fault = await checkRows(context, rows);
    if (fault) return `with ${rows === 1 ? 'one token' : 'two tokens'}, ${fault}`;
  }
  return null;
}

async function checkRows({ gpu, stream, shape, forward, read }: CheckContext, rows: number): Promise<string | null> {
  const { nLayers, dModel } = shape;
  let plain = new Float32Array();
  const fault = await stream.survey(rows, async () => void (plain = new Float32Array(await forward(rows))));
  if (fault) return fault;
  const type = stream.type!;
  if (type !== 'f32' && dModel % 2 === 1) return `the residual stream has an odd size, ${dModel}, in f16`;
  const kernels = await compileTaps(gpu, type);
  const layer = Math.floor((nLayers - 1) / 2);

  const probe = direction(dModel);
  const idle = await runTapped(probe, [], kernels);
  if (!areSame(plain, idle.logits)) return 'reading alone changed the logits';

  // As long as h itself, so that it stands out from rounding at any scale.
  const mean = idle.sums.subarray(layer * dModel, (layer + 1) * dModel).map((x) => x / rows);
  const length = norm(mean);
  if (!(length > 0 && Number.isFinite(length))) return `the residual at layer ${layer} has length ${length}`;
  const added = probe.map((x) => x * length);
  const steered = await runTapped(probe, [addition(layer, added)], kernels);
  const expected = dot(added, probe);
  for (let l = 0; l < nLayers; l++) {
    const [before, after] = [idle, steered].map((run) => run.readings.subarray(l * rows, (l + 1) * rows));
    if (l < layer && !areSame(before!, after!)) return `adding at layer ${layer} changed layer ${l} before it`;
    if (l > layer && areSame(before!, after!)) return `adding at layer ${layer} did not reach layer ${l}`;
    for (let t = 0; l === layer && t < rows; t++) {
      const moved = after![t]! - before![t]!;
      if (!(Math.abs(moved - expected) <= tolerance[type] * expected)) {
        return `adding ${expected.toPrecision(6)} at layer ${layer} moved the reading there by ${moved.toPrecision(6)}`;
      }
    }
  }
  return areSame(plain, steered.logits) ? `adding at layer ${layer} did not reach the logits` : null;

  async function runTapped(v: Float32Array, interventions: ResolvedIntervention[], kernels: TapKernels) {
    const vectors = new Map(Array.from({ length: nLayers }, (_, l) => [l, v]));
    const program = new TapProgram(gpu, kernels, dModel, rows, [{ name: 'check', vectors }]);
    const accumulator = new Accumulator(gpu, kernels, nLayers, dModel, { begin: 0, end: rows });
    try {
      program.setInterventions(interventions);
      let logits = new Float32Array();
      const tapped = { program, accumulators: [accumulator], position: 0, rows, promptLength: rows };
      const bits = await stream.run(tapped, async () => void (logits = new Float32Array(await forward(rows))));
      const readings = bits ? new Float32Array(bits) : await read(program.readings, nLayers * rows * 4);
      return { logits, readings, sums: await read(accumulator.sums, nLayers * dModel * 4) };
    } finally {
      program.destroy();
      accumulator.destroy();
    }
  }
}

/** A fixed direction of length 1. */
function direction(dModel: number): Float32Array {
  const random = new Random(1);
  const v = Float32Array.from({ length: dModel }, () => random.normal());
  const length = norm(v);
  return v.map((x) => x / length);
}

function addition(layer: number, vector: Float32Array): ResolvedIntervention {
  const [floor, ceiling] = [-Infinity, Infinity];
  return { kind: 'addition', vectors: new Map([[layer, vector]]), positions: 'all', coefficient: 1, floor, ceiling };
}

function areSame(a: Float32Array, b: Float32Array): boolean {
  return a.length === b.length && a.every((value, i) => Object.is(value, b[i]));
}
