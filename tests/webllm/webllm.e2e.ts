/**
 * The page's second engine against an unmodified model library: what a tap reads and changes, and that nothing of it stays.
 * With WEBLLM_LIB of Qwen2-0.5B the weights are the embedded model's, and its text must come out; any other library gets made-up ones.
 *
 * Settings: WEBLLM_TOKENS of a compared reply (default 6), WEBLLM_MESSAGE, WEBLLM_LAYER (default: what the page takes as the target).
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, expect, test, type BrowserContext, type Page } from '@playwright/test';
import type { ChatRequest, ChatResult, ModelInfo } from '../../src/lib/engine/engine';
import { decodeFloats, parseHeader } from '../../src/lib/formats/safetensors';
import { ask, repliesOf, setDial, setSampling } from '../e2e/visitor';
import { findChromium, softwareGpuFlags } from '../../tools/chromium.js';
import { readLibrary } from './library';
import { serveModel, type ServedModel } from './model-server';
import { port } from './playwright.config';

const lib = process.env.WEBLLM_LIB;
const runtime = process.env.WEBLLM_RUNTIME ?? '0.2.79';
const isTransplant = !!lib && readLibrary(lib).modelType === 'qwen2';
const maxTokens = Number(process.env.WEBLLM_TOKENS ?? 6);
const messages = [{ role: 'user' as const, content: process.env.WEBLLM_MESSAGE ?? 'Hi' }];
/** Of the persona vector that steers the transplant. */
const COEFFICIENT = 0.5;

/** In units of the largest number involved: f32 sums of some thousand terms, or a residual stream rounded to f16. */
const TOLERANCE = lib && readLibrary(lib).quantization.includes('f16') ? 2e-2 : 1e-4;

test.describe.configure({ mode: 'serial' });
test.skip(!lib, 'skipped: WEBLLM_LIB is not set');

let served: ServedModel;
let browser: BrowserContext;
let page: Page;
let profile: string;
let info: ModelInfo;
/** Of the embedded model, before and after the library was there. */
let embeddedBefore: Reply;
let reference: { plain: Reply; steered: Reply } | null = null;
let plain: Reply;

type Reply = Pick<ChatResult, 'text' | 'tokens' | 'readings'>;

test.beforeAll(async () => {
  if (!lib) return;
  served = await serveModel({ lib, weights: isTransplant ? 'organism' : 'random' });
  // A persistent profile has the storage that 2 GB of weights need; a temporary one has not.
  profile = mkdtempSync(join(tmpdir(), 'personascope-webllm-'));
  await openPage();
});

async function openPage(): Promise<void> {
  browser = await chromium.launchPersistentContext(profile, {
    executablePath: findChromium(),
    args: process.env.PERSONASCOPE_GPU ? ['--enable-unsafe-webgpu'] : softwareGpuFlags,
  });
  page = browser.pages()[0] ?? (await browser.newPage());
  page.setDefaultTimeout(0);
  await page.goto(`http://localhost:${port}/`);
  await page.waitForFunction(() => globalThis.personascope?.info());
}

test.afterAll(async () => {
  await browser?.close();
  await served?.close();
  if (profile) rmSync(profile, { recursive: true, force: true });
});

async function chat(request: Omit<ChatRequest, 'messages'>): Promise<Reply> {
  return page.evaluate(
    async (request) => {
      const { text, tokens, readings } = await personascope.chat(request);
      return { text, tokens, readings };
    },
    { messages, ...request },
  );
}

const sampling = (count: number) => ({ temperature: 0, topP: 1, seed: 1, maxTokens: count });

/** Unit vector with nothing special about it. */
function direction(dModel: number): number[] {
  const raw = Array.from({ length: dModel }, (_, i) => Math.sin(1 + 7.3 * i));
  const norm = Math.hypot(...raw);
  return raw.map((x) => Math.fround(x / norm));
}

function probes(layers: number[]): ChatRequest['probes'] {
  const v = direction(info.dModel);
  return layers.map((layer) => ({ name: `layer ${layer}`, vector: { [layer]: v } }));
}

function readings(reply: Reply, layer: number, phase: 'prompt' | 'response' = 'prompt'): number[] {
  const found = reply.readings.find((reading) => reading.layer === layer && reading.phase === phase);
  if (!found) throw new Error(`no reading of the ${phase} at layer ${layer}`);
  return found.values;
}

/** The pirate vector as the page's slider adds it: after each block, what it grew by there. Padded with zeros, for the stream is unscaled. */
function pirateIncrements(width: number): Record<number, number[]> {
  const bytes = new Uint8Array(readFileSync('static/models/organism-assistant/personas.safetensors'));
  const entry = parseHeader(bytes, 'personas', bytes.length).tensors.get('persona.pirate')!;
  const [nLayers, dModel] = entry.shape as [number, number];
  const values = decodeFloats(bytes.subarray(entry.begin, entry.end), 'F32');
  const at = (layer: number, i: number) => (layer < 0 ? 0 : values[layer * dModel + i]!);
  return Object.fromEntries(
    Array.from({ length: nLayers }, (_, layer) => [
      layer,
      Array.from({ length: width }, (_, i) => (i < dModel ? at(layer, i) - at(layer - 1, i) : 0)),
    ]),
  );
}

const steerWith = (width: number): ChatRequest['interventions'] => [
  { kind: 'addition', vector: pirateIncrements(width), coefficient: COEFFICIENT },
];

/** Where vectors are added: a layer before it and two after it are read too. Of the transplant it must be one of the organism's six. */
const layer = () => Number(process.env.WEBLLM_LAYER ?? (isTransplant ? 3 : info.targetLayer));
const layersRead = () => [layer() - 1, layer(), layer() + 1, info.nLayers - 1];

test('our own engine on the same numbers, for comparison', async () => {
  embeddedBefore = await chat({ sampling: sampling(maxTokens) });
  test.skip(!served.reference, 'skipped: this library gets made-up weights');
  await page.evaluate((url) => personascope.load({ engine: 'wgsl', url }), served.reference!);
  const width = await page.evaluate(() => personascope.info()!.dModel);
  reference = {
    plain: await chat({ sampling: sampling(maxTokens) }),
    steered: await chat({ sampling: sampling(maxTokens), interventions: steerWith(width) }),
  };
  expect(reference.steered.tokens).not.toEqual(reference.plain.tokens);
});

test('the library loads and its taps are verified', async () => {
  info = await page.evaluate((source) => personascope.load(source), source());
  expect(info).toMatchObject({ engine: 'web-llm', taps: 'verified' });
  expect(info).toMatchObject({ nLayers: served.library.nLayers, dModel: served.dModel });
});

test('plain: the text and the log-probabilities of our own engine', async () => {
  plain = await chat({ sampling: sampling(maxTokens), probes: probes(layersRead()) });
  expect(plain.tokens.length).toBeGreaterThan(0);
  for (const { values } of plain.readings) for (const value of values) expect(Number.isFinite(value)).toBe(true);
  if (reference) expectSameReply(plain, reference.plain);
});

test('adding c v moves <h, v> there by c |v|², what follows moves too, what precedes does not', async () => {
  const v = direction(info.dModel);
  const scale = Math.max(...readings(plain, layer()).map(Math.abs), 1);
  // Enough to be felt by the layers that follow: a share of the stream's own size.
  const c = 2 * scale;
  const steered = await chat({
    sampling: sampling(1),
    probes: probes(layersRead()),
    interventions: [{ kind: 'addition', vector: { [layer()]: v }, coefficient: c }],
  });
  const squared = v.reduce((sum, x) => sum + x * x, 0);
  const [before, there, after, last] = layersRead() as [number, number, number, number];
  readings(steered, there).forEach((value, t) => {
    const moved = value - readings(plain, there)[t]!;
    expect(Math.abs(moved - c * squared)).toBeLessThan(TOLERANCE * Math.max(c * squared, Math.abs(value)));
  });
  expect(readings(steered, before)).toEqual(readings(plain, before));
  expect(readings(steered, after)).not.toEqual(readings(plain, after));
  expect(readings(steered, last)).not.toEqual(readings(plain, last));
  const [first, firstPlain] = [steered.tokens[0]!, plain.tokens[0]!];
  expect([first.id, first.logprob]).not.toEqual([firstPlain.id, firstPlain.logprob]);
});

test('coefficient 0 is the unsteered model, bit for bit', async () => {
  // The chat before was steered, so nothing of its cached prompt can be used: all is computed anew.
  const zero = await chat({
    sampling: sampling(Math.min(2, maxTokens)),
    probes: probes(layersRead()),
    interventions: [{ kind: 'addition', vector: { [layer()]: direction(info.dModel) }, coefficient: 0 }],
  });
  expect(zero.tokens).toEqual(plain.tokens.slice(0, zero.tokens.length));
  for (const at of layersRead()) {
    expect(readings(zero, at)).toEqual(readings(plain, at));
    // The last token that was written has not been run, or has: either way the first ones were.
    const response = readings(zero, at, 'response');
    expect(response).toEqual(readings(plain, at, 'response').slice(0, response.length));
  }
});

test('a cap holds, and what is below it stays', async () => {
  const unsteered = readings(plain, layer());
  const ceiling = [...unsteered].sort((a, b) => a - b)[Math.floor(unsteered.length / 2)]!;
  const capped = await chat({
    sampling: sampling(2),
    probes: probes(layersRead()),
    interventions: [{ kind: 'capping', vector: { [layer()]: direction(info.dModel) }, ceiling }],
  });
  const slack = TOLERANCE * Math.max(1, ...unsteered.map(Math.abs));
  let held = 0;
  readings(capped, layer()).forEach((value, t) => {
    expect(value).toBeLessThan(ceiling + slack);
    if (unsteered[t]! > ceiling) held++;
    else expect(Math.abs(value - unsteered[t]!)).toBeLessThan(slack);
  });
  expect(held).toBeGreaterThan(0);
  for (const value of readings(capped, layer(), 'response')) expect(value).toBeLessThan(ceiling + slack);
  expect(readings(capped, layer() - 1)).toEqual(readings(plain, layer() - 1));
});

test('steered: the text and the log-probabilities of our own engine', async () => {
  test.skip(!reference, 'skipped: this library gets made-up weights');
  const steered = await chat({ sampling: sampling(maxTokens), interventions: steerWith(info.dModel) });
  expectSameReply(steered, reference!.steered);
});

test('another model afterwards is as it was before, and the library loaded again as well', async () => {
  await page.evaluate(() => personascope.load('organism-assistant'));
  expect(await chat({ sampling: sampling(maxTokens) })).toEqual(embeddedBefore);
  await page.evaluate((source) => personascope.load(source), source());
  const again = await chat({ sampling: sampling(1), probes: probes(layersRead()) });
  expect(again.tokens).toEqual(plain.tokens.slice(0, 1));
  for (const at of layersRead()) expect(readings(again, at)).toEqual(readings(plain, at));
});

test('in the page: a dial moves the conversation along the axis, and a token tells its alternatives', async () => {
  test.skip(!reference, 'skipped: this library gets made-up weights');
  await setSampling(page, { maxTokens: 2 });
  await ask(page, messages[0]!.content);
  const plainPlace = await page.evaluate(() => personascope.position());
  expect(plainPlace).not.toBeNull();
  await setDial(page, 'pirate', COEFFICIENT);
  await ask(page, messages[0]!.content);
  const steeredPlace = await page.evaluate(() => personascope.position());
  expect(steeredPlace!.axis).toBeLessThan(plainPlace!.axis);
  await repliesOf(page).last().getByTestId('token').first().hover();
  await expect(repliesOf(page).last().getByRole('status')).toContainText('axis');
  await page.screenshot({ path: test.info().outputPath('page.png') });
  await page.getByTestId('new-chat').click();
});

test('a device lost in the middle of a reply is said in words, and the model comes back', async () => {
  const failed = page.evaluate(
    (messages) =>
      personascope.chat({ messages, sampling: { temperature: 0, maxTokens: 40 } }).catch(({ name }) => String(name)),
    messages,
  );
  await page.waitForTimeout(2000);
  await killGpu();
  expect(await failed).toBe('DeviceLost');
  await expect(page.getByTestId('error').first()).toContainText('The GPU was lost');
  expect((await page.evaluate((source) => personascope.load(source), source())).taps).toBe('verified');
});

test('a device lost while the model loads is said in words, and a second try works', async () => {
  // Another browser process on the same profile: one that lost its GPU twice in a short time gives none any more.
  await browser.close();
  await openPage();
  const failed = page.evaluate(
    (source) => personascope.load(source).catch(({ name, nextStep }) => [name, nextStep]),
    source(),
  );
  await expect(page.getByTestId('load-progress')).toContainText(/Loading weights|Compiling/, { timeout: 0 });
  await killGpu();
  const [name, nextStep] = (await failed) as [string, string];
  expect(['DeviceLost', 'OutOfMemory']).toContain(name);
  expect(nextStep).not.toBe('');
  expect((await page.evaluate((source) => personascope.load(source), source())).taps).toBe('verified');
});

test('a library that fails its check is for chat only, and says why', async () => {
  const wrong = await serveModel({ lib: lib!, weights: 'random', statedLayers: served.library.nLayers - 1 });
  try {
    const chatOnly = await page.evaluate((source) => personascope.load(source), source(wrong));
    expect(chatOnly.taps).toBe('unavailable');
    expect(chatOnly.tapsReason).toContain('more norms over the hidden size');
    await expect(page.getByTestId('model-status')).toContainText('chat only');
    expect((await chat({ sampling: sampling(1) })).tokens).toHaveLength(1);
    const refused = page.evaluate(
      ([messages, width]) =>
        personascope
          .chat({
            messages: [...messages],
            interventions: [{ kind: 'addition', vector: { 1: Array<number>(width).fill(1) } }],
          })
          .then(() => 'answered')
          .catch(({ name, message }) => `${name}: ${message}`),
      [messages, served.dModel] as const,
    );
    expect(await refused).toContain('NotSupported: This model can be talked to, but not read or steered');
  } finally {
    await wrong.close();
  }
});

/** What the page is asked to load. */
function source({ url, lib } = served) {
  return { engine: 'web-llm' as const, url, lib, runtime };
}

/** Ends the browser's GPU process, as a driver that crashes does. */
async function killGpu(): Promise<void> {
  const session = await browser.browser()!.newBrowserCDPSession();
  const { processInfo } = await session.send('SystemInfo.getProcessInfo');
  process.kill(processInfo.find(({ type }) => type === 'GPU')!.id, 'SIGKILL');
}

/** Greedy tokens are equal; log-probabilities within what f32 sums in another order may differ by. */
function expectSameReply(got: Reply, want: Reply): void {
  expect(got.tokens.map(({ id }) => id)).toEqual(want.tokens.map(({ id }) => id));
  expect(got.text).toBe(want.text);
  got.tokens.forEach(({ logprob }, i) => expect(Math.abs(logprob - want.tokens[i]!.logprob)).toBeLessThan(5e-3));
}
