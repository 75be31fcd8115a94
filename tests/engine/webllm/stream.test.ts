/** Taps in a stream of dispatches that belongs to somebody else, on a real device, in both ways that WebLLM has of encoding and in both types. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Gpu } from '../../../src/lib/gpu/device';
import { Commands } from '../../../src/lib/gpu/commands';
import { ReadbackRing } from '../../../src/lib/gpu/readback';
import type { BufferRef } from '../../../src/lib/gpu/tensor';
import type { ResolvedIntervention } from '../../../src/lib/engine/intervention';
import { Accumulator } from '../../../src/lib/taps/accumulator';
import { compileTaps, TapProgram, type ResidualType } from '../../../src/lib/taps/tap-program';
import { Interposer } from '../../../src/lib/webllm/interposer';
import { checkTaps } from '../../../src/lib/webllm/self-check';
import { TapStream } from '../../../src/lib/webllm/tap-stream';
import { expectClose, randomFloats } from '../../shaders/harness';
import { dModel, nLayers, referenceForward, StreamModel, type Style } from './stream-model';

const ids = [3, 1, 4, 1, 5];
const v = randomFloats(90, dModel);
const vAtAll = new Map(Array.from({ length: nLayers }, (_, layer) => [layer, v]));
const dot = (a: ArrayLike<number>, b: ArrayLike<number>) => Array.from(a).reduce((sum, x, i) => sum + x * b[i]!, 0);

function addition(
  layer: number,
  coefficient: number,
  positions: ResolvedIntervention['positions'] = 'all',
): ResolvedIntervention {
  return {
    kind: 'addition',
    vectors: new Map([[layer, v]]),
    positions,
    coefficient,
    floor: -Infinity,
    ceiling: Infinity,
  };
}

async function openDevice(): Promise<GPUDevice> {
  return (await (await navigator.gpu.requestAdapter())!.requestDevice())!;
}

let mapped = 0;
const mapAsync = GPUBuffer.prototype.mapAsync;
beforeAll(() => {
  GPUBuffer.prototype.mapAsync = function (...args) {
    mapped++;
    return mapAsync.apply(this, args);
  };
});
afterAll(() => {
  GPUBuffer.prototype.mapAsync = mapAsync;
});

describe.each([
  { style: 'immediate', type: 'f32' },
  { style: 'pending', type: 'f32' },
  { style: 'immediate', type: 'f16' },
  { style: 'pending', type: 'f16' },
  { style: 'immediate', type: 'f16_sum' },
  { style: 'pending', type: 'f16_sum' },
] as { style: Style; type: ResidualType }[])('$style, $type', ({ style, type }) => {
  const tolerance = type === 'f32' ? 2e-5 : 1e-2;
  let device: GPUDevice;
  let interposer: Interposer;
  let gpu: Gpu;
  let model: StreamModel;
  let stream: TapStream;
  let program: TapProgram;
  let read: (tensor: BufferRef, bytes: number) => Promise<Float32Array>;

  beforeAll(async () => {
    device = await openDevice();
    interposer = new Interposer(device);
    gpu = new Gpu(interposer.bare, 'test', true);
    model = new StreamModel(interposer.device, style, type);
    stream = new TapStream(interposer, gpu, { nLayers, dModel });
    program = new TapProgram(gpu, await compileTaps(gpu, type), dModel, 16, [{ name: 'v', vectors: vAtAll }]);
    const [commands, ring] = [new Commands(gpu), new ReadbackRing(gpu)];
    read = async (tensor, bytes) => new Float32Array((await ring.submitAndRead(commands, [{ tensor, bytes }]))[0]!);
  });
  afterAll(() => {
    program.destroy();
    stream.destroy();
    interposer.remove();
    device.destroy();
  });

  async function run(
    tokens: number[],
    interventions: ResolvedIntervention[],
    { position = 0, promptLength = 99, accumulators = [] as Accumulator[] } = {},
  ) {
    program.setInterventions(interventions);
    let logits = new Float32Array();
    const tapped = { program, accumulators, position, rows: tokens.length, promptLength };
    device.pushErrorScope('validation');
    const bits = await stream.run(
      tapped,
      async () => void (logits = (await model.forward(tokens)) as Float32Array<ArrayBuffer>),
    );
    expect((await device.popErrorScope())?.message).toBeUndefined();
    return { logits, readings: new Float32Array(bits!) };
  }

  test('reads every block at every token, and changes nothing', async () => {
    const plain = await model.forward(ids);
    const { logits, readings } = await run(ids, []);
    expect([...logits]).toEqual([...plain!]);
    const reference = referenceForward(ids, type);
    expectClose(logits, reference.logits, tolerance);
    expectClose(
      readings,
      reference.states.flatMap((rows) => rows.map((h) => dot(h, v))),
      tolerance,
    );
  });

  test('adds at a block, exactly there and in everything after it', async () => {
    const before = await run(ids, []);
    const { logits, readings } = await run(ids, [addition(1, 0.5)]);
    const reference = referenceForward(ids, type, (layer, h) => (layer === 1 ? h.map((x, i) => x + 0.5 * v[i]!) : h));
    expectClose(logits, reference.logits, tolerance);
    expectClose(
      readings,
      reference.states.flatMap((rows) => rows.map((h) => dot(h, v))),
      tolerance,
    );
    expect([...readings.subarray(0, 5)]).toEqual([...before.readings.subarray(0, 5)]);
    for (let t = 5; t < 10; t++)
      expect(readings[t]! - before.readings[t]!).toBeCloseTo(0.5 * dot(v, v), type === 'f32' ? 4 : 1);
  });

  test('tells prompt from response, and holds a cap', async () => {
    const plain = (await run(ids, [])).readings;
    const prompt = (await run(ids, [addition(2, 1, 'prompt')], { promptLength: 3 })).readings.subarray(10);
    const changed = [...prompt].map((reading, t) => Math.abs(reading - plain[10 + t]!) > 1);
    expect(changed).toEqual([true, true, true, false, false]);
    const response = (await run(ids, [addition(2, 1, 'response')], { position: 3, promptLength: 5 })).readings.subarray(
      10,
    );
    expect([...response].map((reading, t) => Math.abs(reading - plain[10 + t]!) > 1)).toEqual([
      false,
      false,
      true,
      true,
      true,
    ]);

    const floor = Math.max(...plain) + 1;
    const cap: ResolvedIntervention = { ...addition(0, 1), kind: 'capping', floor: floor / Math.hypot(...v) };
    const held = (await run(ids, [cap])).readings.subarray(0, 5);
    for (const reading of held) expect(Math.abs(reading - floor)).toBeLessThan(type === 'f32' ? 1e-3 : 0.1);
  });

  test('a change between two tokens acts on the next', async () => {
    const readings: number[] = [];
    for (const coefficient of [0, 1, -1, 0]) readings.push((await run([2], [addition(1, coefficient)])).readings[1]!);
    const [plain, up, down, again] = readings as [number, number, number, number];
    expect(again).toBe(plain);
    expect(up - plain).toBeCloseTo(dot(v, v), type === 'f32' ? 4 : 1);
    expect(plain - down).toBeCloseTo(dot(v, v), type === 'f32' ? 4 : 1);
  });

  test('sums residuals over the reply on the GPU', async () => {
    const accumulator = new Accumulator(gpu, await compileTaps(gpu, type), nLayers, dModel, { begin: 4, end: 8 });
    await run(ids, [], { accumulators: [accumulator], promptLength: 4 });
    await run([2], [], { accumulators: [accumulator], position: 5, promptLength: 4 });
    expect(accumulator.count).toBe(2);
    const sums = await read(accumulator.sums, nLayers * dModel * 4);
    const [a, b] = [referenceForward(ids, type), referenceForward([2], type)];
    expectClose(
      sums,
      a.states.flatMap((rows, layer) => rows[4]!.map((x, i) => x + b.states[layer]![0]![i]!)),
      tolerance,
    );
    accumulator.destroy();
  });

  test('its readings ride along: no mapping is added', async () => {
    await model.forward([2]);
    mapped = 0;
    await model.forward([2]);
    const alone = mapped;
    mapped = 0;
    await run([2], [addition(1, 0.5)]);
    expect(mapped).toBe(alone);
  });

  test('a pass that was aborted leaves nothing behind', async () => {
    program.setInterventions([]);
    const tapped = { program, accumulators: [], position: 0, rows: 5, promptLength: 5 };
    await expect(stream.run(tapped, async () => void (await model.forward(ids, { isAborted: true })))).rejects.toThrow(
      'norms',
    );
    const { readings } = await run(ids, []);
    expectClose(
      readings,
      referenceForward(ids, type).states.flatMap((rows) => rows.map((h) => dot(h, v))),
      tolerance,
    );
  });

  test('passes its own check; a wrong shape does not', async () => {
    const forward = async (tokens: number) => (await model.forward(Array.from({ length: tokens }, (_, i) => i + 1)))!;
    const context = { gpu, stream, forward, read };
    expect(await checkTaps({ ...context, shape: { nLayers, dModel } })).toBeNull();
    expect(stream.type).toBe(type);
    const other = new TapStream(interposer, gpu, { nLayers: 2, dModel });
    expect(await checkTaps({ ...context, stream: other, shape: { nLayers: 2, dModel } })).toContain('more norms');
    const wide = new TapStream(interposer, gpu, { nLayers, dModel: 72 });
    expect(await checkTaps({ ...context, stream: wide, shape: { nLayers, dModel: 72 } })).toContain('0 norms');
    other.destroy();
    wide.destroy();
  });
});

test('nothing stays on the device, and other devices are never touched', async () => {
  const [device, other] = [await openDevice(), await openDevice()];
  const own = (target: object) => Reflect.ownKeys(target);
  const before = own(device);
  const interposer = new Interposer(device);
  expect(own(other)).toEqual(before);
  const model = new StreamModel(device, 'pending', 'f32');
  const plain = await model.forward(ids);
  expect(interposer.bytes).toBeGreaterThan(0);
  interposer.remove();
  expect(own(device)).toEqual(before);
  expect([...(await model.forward(ids))!]).toEqual([...plain!]);
  device.destroy();
  other.destroy();
});
