/**
 * `npm run bench`: the built site in a fresh browser, and what taps cost on top of plain decoding.
 * Variants take turns in one run, and what counts is the ratio to the plain reply beside it: machines are noisy.
 */
import { chromium } from '@playwright/test';
import { spawnSync } from 'node:child_process';
import { cpus } from 'node:os';
import { build, preview } from 'vite';
import { findChromium, softwareGpuFlags } from './chromium.js';

const ROUNDS = Number(process.env.ROUNDS ?? 12);
const TOKENS = 32;
const PORT = 4175;

await build({ logLevel: 'warn' });
const server = await preview({ preview: { port: PORT, strictPort: true }, logLevel: 'error' });
const browser = await chromium.launch({
  executablePath: findChromium(),
  args: process.env.PERSONASCOPE_GPU ? ['--enable-unsafe-webgpu'] : softwareGpuFlags,
});
try {
  const page = await browser.newPage();
  const network = await page.context().newCDPSession(page);
  await network.send('Network.enable');
  let bytes = 0;
  let requests = 0;
  network.on('Network.loadingFinished', ({ encodedDataLength }) => {
    bytes += encodedDataLength;
    requests += 1;
  });

  await page.goto(`http://localhost:${PORT}/`);
  await page.waitForFunction(() => globalThis.personascope?.info());
  const first = await page.evaluate(async () => {
    const ready = performance.now();
    await personascope.chat({
      messages: [{ role: 'user', content: 'What is a volcano?' }],
      sampling: { temperature: 0, maxTokens: 1 },
    });
    return { ready, answered: performance.now(), info: personascope.info() };
  });
  const { info } = first;
  if (!info) throw new Error('No model was loaded.');
  console.log(`machine: ${cpus()[0]?.model} x ${cpus().length}, GPU: ${info.gpu}`);
  console.log(`model: ${info.label}, ${(info.nParameters / 1e6).toFixed(2)}M parameters, ${info.nLayers} layers`);
  console.log(
    `navigation to model ready: ${(first.ready / 1000).toFixed(2)} s; to first token: ${(first.answered / 1000).toFixed(2)} s`,
  );
  const model = await page.evaluate(async () => (await personascope.models())[0]);
  console.log(
    `over the wire: page ${(bytes / 1e6).toFixed(2)} MB in ${requests} requests, model folder ${((model?.bytes ?? 0) / 1e6).toFixed(2)} MB (the preview server does not compress)`,
  );
  console.log(`GPU memory: ${(info.gpuBytes / 1e6).toFixed(2)} MB`);

  const samples = await page.evaluate(
    async ({ rounds, maxTokens }) => {
      const { nLayers } = personascope.info() ?? { nLayers: 0 };
      const layers = Array.from({ length: nLayers }, (_, layer) => layer);
      const axis = { name: 'axis', vector: 'assistant-axis' };
      const small = { kind: /** @type {const} */ ('addition'), vector: 'assistant-axis', coefficient: 1e-6 };
      const variants = {
        plain: {},
        'taps idle (coefficient 0)': { interventions: [{ ...small, coefficient: 0 }] },
        'one layer steered and read': {
          interventions: [{ ...small, layers: [3] }],
          probes: [{ ...axis, layers: [3] }],
        },
        'all layers steered and read': { interventions: [small], probes: [{ ...axis, layers }] },
      };
      /** @type {Record<string, number[]>} ms a token */
      const times = {};
      for (let round = -1; round < rounds; round++) {
        for (const [name, extra] of Object.entries(variants)) {
          const { timings } = await personascope.chat({
            messages: [{ role: 'user', content: 'Tell me a story about the moon.' }],
            sampling: { temperature: 1, topP: 1, seed: 100 + round, maxTokens },
            ...extra,
          });
          if (round >= 0) (times[name] ??= []).push(timings.decodeMs / Math.max(1, timings.responseTokens - 1));
        }
      }
      return times;
    },
    { rounds: ROUNDS, maxTokens: TOKENS },
  );
  const quantile = (/** @type {number[]} */ values, /** @type {number} */ p) =>
    [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(p * values.length))] ?? NaN;
  const plain = samples.plain ?? [];
  console.log(`decode, ${ROUNDS} rounds of up to ${TOKENS} tokens:`);
  for (const [name, times] of Object.entries(samples)) {
    const ratios = times.map((time, i) => time / (plain[i] ?? NaN));
    console.log(
      `  ${name.padEnd(28)} ${(1000 / quantile(times, 0.5)).toFixed(1).padStart(7)} tokens/s` +
        `   ratio to plain: median ${quantile(ratios, 0.5).toFixed(3)}, p95 ${quantile(ratios, 0.95).toFixed(3)}`,
    );
  }
} finally {
  await browser.close();
  await server.close();
}
if (process.env.WEBLLM_LIB) {
  spawnSync(process.execPath, ['organism/run.js', 'tests/webllm/bench.ts'], { stdio: 'inherit' });
} else console.log('WebLLM: skipped, WEBLLM_LIB is not set');
