/** The residual stream in recorded streams of five real libraries, and in made-up ones that these do not show. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ForwardTracker, type Dispatch, type Norm } from '../../../src/lib/webllm/forward-tracker';

type Entry = [
  kernel: string,
  grid: [number, number, number],
  access: string,
  buffers: [identity: number, bytes: number][],
];
interface Trace {
  promptTokens: number;
  trace: Entry[];
}

function readTrace(name: string): Trace {
  return JSON.parse(readFileSync(new URL(`../../fixtures/traces/${name}.json`, import.meta.url), 'utf8')) as Trace;
}

/** Buffers are told apart by identity, as on a device. */
function toDispatches(trace: Entry[]): Dispatch[] {
  const buffers = new Map<number, { size: number }>();
  const bufferOf = ([identity, size]: [number, number]) => {
    if (!buffers.has(identity)) buffers.set(identity, { size });
    return buffers.get(identity)!;
  };
  return trace.map(([kernel, [gridX], access, used]) => ({ kernel, access, gridX, buffers: used.map(bufferOf) }));
}

/** Norms by forward pass, and whether each pass was complete at its end. */
function follow(tracker: ForwardTracker, dispatches: Dispatch[]): { norms: Norm[]; isComplete: boolean }[] {
  const passes: { norms: Norm[]; isComplete: boolean }[] = [];
  for (const dispatch of dispatches) {
    if (/take\d*_kernel/.test(dispatch.kernel)) passes.push({ norms: [], isComplete: false });
    const norm = tracker.next(dispatch);
    const pass = passes.at(-1)!;
    if (norm) pass.norms.push(norm);
    pass.isComplete = tracker.isComplete;
  }
  return passes;
}

describe('recorded libraries', () => {
  it.each([
    { name: 'qwen2-0.5b-q4f32_1', nLayers: 24, dModel: 896, binding: 1 },
    { name: 'stablelm2-1.6b-q4f32_1', nLayers: 24, dModel: 2048, binding: 1 },
    { name: 'llama3.2-1b-q0f32', nLayers: 16, dModel: 2048, binding: 1 },
    { name: 'phi3.5-mini-q4f32_1', nLayers: 32, dModel: 3072, binding: 1 },
    { name: 'gemma2-2b-q4f32_1', nLayers: 26, dModel: 2304, binding: 2 },
  ])('$name: every block of prefill and decode', ({ name, nLayers, dModel, binding }) => {
    const { trace, promptTokens } = readTrace(name);
    const [prefill, decode, ...more] = follow(new ForwardTracker({ nLayers, dModel }), toDispatches(trace));
    expect(more).toEqual([]);
    for (const [pass, rows] of [
      [prefill!, promptTokens],
      [decode!, 1],
    ] as const) {
      expect(pass.isComplete).toBe(true);
      expect(pass.norms.map(({ index }) => index)).toEqual(Array.from({ length: 2 * nLayers + 1 }, (_, i) => i));
      const layers = pass.norms.flatMap(({ layer }) => (layer === null ? [] : [layer]));
      expect(layers).toEqual(Array.from({ length: nLayers }, (_, i) => i));
      for (const norm of pass.norms) expect(norm).toMatchObject({ bindings: [binding], rows, type: 'f32' });
    }
  });

  it('reads what the next "matmul + add" adds to', () => {
    const { trace } = readTrace('qwen2-0.5b-q4f32_1');
    const tracker = new ForwardTracker({ nLayers: 24, dModel: 896 });
    const dispatches = toDispatches(trace);
    for (const [i, dispatch] of dispatches.entries()) {
      const norm = tracker.next(dispatch);
      const added = dispatches.slice(i + 1).find(({ kernel }) => /take|NT_matmul6_add|NT_matmul11_add/.test(kernel));
      if (!norm || norm.index % 2 === 1 || !added || /take/.test(added.kernel)) continue;
      expect(added.buffers).toContain(dispatch.buffers[norm.bindings[0]]);
    }
  });

  it('follows chunks of a prefill, further turns, and begins anew after an aborted pass', () => {
    const { trace } = readTrace('llama3.2-1b-q0f32');
    const dispatches = toDispatches(trace);
    const second = dispatches.findIndex(({ kernel }, i) => i > 0 && /take/.test(kernel));
    const [prefill, decode] = [dispatches.slice(0, second), dispatches.slice(second)];
    const stream = [...prefill, ...prefill, ...decode, ...prefill.slice(0, 77), ...decode, ...prefill, ...decode];
    const passes = follow(new ForwardTracker({ nLayers: 16, dModel: 2048 }), stream);
    expect(passes.map(({ isComplete }) => isComplete)).toEqual([true, true, true, false, true, true, true]);
  });

  it('is not complete where a norm is missing or the shape is another', () => {
    const { trace } = readTrace('llama3.2-1b-q0f32');
    const missing = trace.filter((_, i) => i !== 7);
    const [prefill] = follow(new ForwardTracker({ nLayers: 16, dModel: 2048 }), toDispatches(missing));
    expect(prefill!.isComplete).toBe(false);
    const tracker = new ForwardTracker({ nLayers: 15, dModel: 2048 });
    expect(follow(tracker, toDispatches(trace)).every(({ isComplete }) => !isComplete)).toBe(true);
    expect(tracker.fault).toContain('more norms');
  });

  it('says so when a norm runs over fewer rows than there are tokens', () => {
    const { trace } = readTrace('llama3.2-1b-q0f32');
    const tracker = new ForwardTracker({ nLayers: 16, dModel: 2048 });
    tracker.expect(5);
    follow(tracker, toDispatches(trace).slice(0, 100));
    expect(tracker.fault).toContain('runs over 4 rows, where there are 5 tokens');
  });
});

describe('made-up streams', () => {
  const dModel = 64;
  const buffer = (size: number) => ({ size });
  const weight = (size = 4 * dModel) => buffer(size);
  const uniform = buffer(16);

  /** One block a layer, as WebLLM's compiler writes it; f32 unless `bytes` says 2. */
  function makeForward(
    nLayers: number,
    rows: number,
    { hasHeadNorms = false, hasFusedAdd = false, bytes = 4 } = {},
  ): Dispatch[] {
    const [x, y, z, w] = [buffer(4096), buffer(4096), buffer(4096), buffer(4096)] as const;
    const run = (kernel: string, access: string, buffers: Dispatch['buffers'], gridX = rows) => ({
      kernel,
      access,
      buffers,
      gridX,
    });
    const hidden = () => weight(bytes * dModel);
    return [
      run('fused_dequantize_take1_kernel', 'wrru', [x, buffer(16), buffer(9999), uniform], 8),
      ...Array.from({ length: nLayers }, () => [
        run('rms_norm1_kernel', 'wrru', [y, x, hidden(), uniform]),
        run('NT_matmul5_kernel', 'wrru', [z, y, buffer(9999), uniform], 99),
        ...(hasHeadNorms
          ? [
              run('rms_norm2_kernel', 'wrru', [y, z, weight(bytes * 16), uniform], rows * 4),
              run('rms_norm3_kernel', 'wrru', [y, z, weight(bytes * 16), uniform], rows * 2),
            ]
          : []),
        run('fused_NT_matmul6_add1_kernel', 'wrrru', [x, x, buffer(9999), y, uniform], 99),
        hasFusedAdd
          ? run('fuse_add_norm_prefill_kernel', 'rrrwwu', [x, z, hidden(), y, w, uniform])
          : run('rms_norm1_kernel', 'wrru', [y, x, hidden(), uniform]),
        run('fused_NT_matmul8_add1_kernel', 'wrrru', [x, x, buffer(9999), y, uniform], 99),
      ]).flat(),
      run('rms_norm1_kernel', 'wrru', [y, x, hidden(), uniform]),
      run('NT_matmul14_kernel', 'wrru', [z, y, buffer(9999), uniform], 99),
    ];
  }

  it('leaves norms of queries and keys out', () => {
    const [pass] = follow(new ForwardTracker({ nLayers: 3, dModel }), makeForward(3, 5, { hasHeadNorms: true }));
    expect(pass!.isComplete).toBe(true);
    expect(pass!.norms).toHaveLength(7);
  });

  it('takes a norm with the addition before it fused in for a norm of the sum, in f16', () => {
    const tracker = new ForwardTracker({ nLayers: 3, dModel });
    const [pass] = follow(tracker, makeForward(3, 5, { hasFusedAdd: true, bytes: 2 }));
    expect(pass!.isComplete).toBe(true);
    const odd = pass!.norms.filter(({ index }) => index % 2 === 1);
    for (const norm of odd) expect(norm).toMatchObject({ bindings: [0, 1], type: 'f16_sum' });
    expect(pass!.norms.filter(({ layer }) => layer !== null)).toHaveLength(3);
  });

  it('does not follow such a norm in f32, which no compiler writes', () => {
    const tracker = new ForwardTracker({ nLayers: 3, dModel });
    expect(follow(tracker, makeForward(3, 5, { hasFusedAdd: true }))[0]!.isComplete).toBe(false);
    expect(tracker.fault).toContain('not told apart');
  });

  it('does not take a look-up of rows at the end of a pass for the next pass', () => {
    const tracker = new ForwardTracker({ nLayers: 2, dModel });
    const forward = makeForward(2, 5);
    follow(tracker, [...forward, { ...forward[0]!, kernel: 'take_kernel' }]);
    expect(tracker.isComplete).toBe(true);
    expect(follow(tracker, makeForward(2, 5))[0]!.isComplete).toBe(true);
  });

  it('tells f16 by the weights', () => {
    const [pass] = follow(new ForwardTracker({ nLayers: 2, dModel }), makeForward(2, 1, { bytes: 2 }));
    expect(pass!.isComplete).toBe(true);
    expect(pass!.norms.every(({ type }) => type === 'f16')).toBe(true);
  });

  it('gives up on a norm none or two of whose inputs were written before it', () => {
    const forward = makeForward(2, 1);
    const [take, norm] = forward as [Dispatch, Dispatch];
    const tracker = new ForwardTracker({ nLayers: 2, dModel });
    tracker.next(take);
    tracker.next({ ...norm, buffers: [buffer(8), buffer(8), weight(), uniform] });
    expect(tracker.fault).toBeNull();
    tracker.next({ ...norm, buffers: [buffer(8), weight(), weight(), uniform] });
    expect(tracker.fault).toContain('has no inputs that were written');
    const twice = new ForwardTracker({ nLayers: 2, dModel });
    twice.next(take);
    twice.next({
      ...norm,
      access: 'wrrru',
      buffers: [buffer(8), take.buffers[0]!, take.buffers[0]!, weight(), uniform],
    });
    expect(twice.fault).toContain('has 2 inputs that were written');
  });

  it('does not look at norms before the first embedding', () => {
    const tracker = new ForwardTracker({ nLayers: 1, dModel });
    expect(tracker.next(makeForward(1, 1)[1]!)).toBeNull();
    expect(tracker.norms).toBe(0);
  });
});
