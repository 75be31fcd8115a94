/**
 * What our taps cost on top of WebLLM's own decoding: `WEBLLM_LIB=<file.wasm> node organism/run.js tests/webllm/bench.ts`, which `npm run bench` calls.
 * Four variants take turns in one run, and what counts is the ratio to WebLLM alone beside it: machines are noisy. ROUNDS and TOKENS set its length.
 *
 * "Alone" is WebLLM on its device as the browser made it: the interposer's methods are taken off the device for that reply, and put back after it.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from '@playwright/test';
import { createServer } from 'vite';
import type { ResolvedChatRequest } from '../../src/lib/engine/engine';
import { findChromium, softwareGpuFlags } from '../../tools/chromium.js';
import { serveModel } from './model-server';

const HTML = `<!doctype html><title>bench</title><script type="module">
  import { openWebLlm } from '/src/lib/webllm/source.ts';
  globalThis.openWebLlm = openWebLlm;
</script>`;
declare global {
  var openWebLlm: typeof import('../../src/lib/webllm/source').openWebLlm;
}

const root = fileURLToPath(new URL('../..', import.meta.url));

export async function run(): Promise<void> {
  const lib = process.env.WEBLLM_LIB;
  if (!lib) throw new Error('Set WEBLLM_LIB to a model library.');
  const rounds = Number(process.env.ROUNDS ?? (process.env.PERSONASCOPE_GPU ? 12 : 2));
  const maxTokens = Number(process.env.TOKENS ?? (process.env.PERSONASCOPE_GPU ? 64 : 4));
  const served = await serveModel({ lib, weights: 'random' });
  // The sources themselves, without the page: its drawing would share the GPU. Their packages are bundled before the first
  // request, because Vite takes a bundle away from a page that is using it when it finds another package.
  const vite = await createServer({
    root,
    server: { port: 4177, strictPort: true, hmr: false },
    optimizeDeps: { entries: ['src/lib/webllm/source.ts'] },
    logLevel: 'error',
  });
  // In front of the site's own routes. A page that playwright makes up may not fetch from this machine.
  const handle = (_: unknown, response: ServerResponse) =>
    response.writeHead(200, { 'Content-Type': 'text/html' }).end(HTML);
  vite.middlewares.stack.unshift({ route: '/bench', handle });
  await vite.listen();
  const profile = mkdtempSync(join(tmpdir(), 'personascope-bench-'));
  const browser = await chromium.launchPersistentContext(profile, {
    executablePath: findChromium(),
    args: process.env.PERSONASCOPE_GPU ? ['--enable-unsafe-webgpu'] : softwareGpuFlags,
  });
  try {
    const page = browser.pages()[0]!;
    page.setDefaultTimeout(0);
    await page.goto('http://localhost:4177/bench');
    await page.waitForFunction(() => 'openWebLlm' in globalThis);
    const { gpu, times } = await page.evaluate(measure, { ...pick(served), rounds, maxTokens });
    console.log(`machine: ${cpus()[0]?.model} x ${cpus().length}, GPU: ${gpu}`);
    console.log(`WebLLM 0.2.79, ${served.library.file}: decode, ${rounds} rounds of ${maxTokens} tokens`);
    report(times);
  } finally {
    await browser.close();
    await vite.close();
    await served.close();
    rmSync(profile, { recursive: true, force: true });
  }
}

const pick = ({ url, lib, library }: Awaited<ReturnType<typeof serveModel>>) => ({
  url,
  lib,
  nLayers: library.nLayers!,
});

interface Setting {
  url: string;
  lib: string;
  nLayers: number;
  rounds: number;
  maxTokens: number;
}

/** Runs in the browser. @returns milliseconds a token, by variant and round */
async function measure({ url, lib, nLayers, rounds, maxTokens }: Setting) {
  const { engine } = await openWebLlm({
    ...{ id: 'bench', label: 'bench', isSoftwareGpu: false, gpuName: '' },
    source: { url, lib, runtime: '0.2.79' },
  });
  const { device } = engine;
  const hooks = Object.getOwnPropertyDescriptors(device);
  const v = Float32Array.from({ length: engine.info.dModel }, (_, i) => Math.sin(i));
  const at = (layers: number[]) => new Map(layers.map((layer) => [layer, v]));
  const middle = at([Math.floor(nLayers / 2)]);
  const everywhere = at(Array.from({ length: nLayers }, (_, layer) => layer));
  const base = { messages: [{ role: 'user' as const, content: 'Tell me a story about the moon.' }], schedule: [] };
  const steer = {
    kind: 'addition' as const,
    positions: 'all' as const,
    coefficient: 1e-6,
    floor: -Infinity,
    ceiling: Infinity,
  };
  const variants: Record<string, Pick<ResolvedChatRequest, 'interventions' | 'probes'>> = {
    'WebLLM alone': { interventions: [], probes: [] },
    'taps idle': { interventions: [{ ...steer, coefficient: 0, vectors: middle }], probes: [] },
    'one layer steered and read': {
      interventions: [{ ...steer, vectors: middle }],
      probes: [{ name: 'v', vectors: middle }],
    },
    'all layers read': { interventions: [], probes: [{ name: 'v', vectors: everywhere }] },
  };
  const times: Record<string, number[]> = {};
  for (let round = -1; round < rounds; round++) {
    for (const [name, taps] of Object.entries(variants)) {
      const sampling = { temperature: 1, topP: 1, seed: round + 1, maxTokens };
      if (name === 'WebLLM alone') for (const key of Reflect.ownKeys(hooks)) Reflect.deleteProperty(device, key);
      const { timings } = await engine.chat({ ...base, ...taps, sampling });
      Object.defineProperties(device, hooks);
      if (round >= 0) (times[name] ??= []).push(timings.decodeMs / Math.max(1, timings.responseTokens - 1));
    }
  }
  const adapter = await navigator.gpu.requestAdapter();
  const gpu = [adapter?.info.vendor, adapter?.info.architecture].filter(Boolean).join(' ');
  await engine.destroy();
  return { gpu, times };
}

function report(times: Record<string, number[]>): void {
  const quantile = (values: number[], p: number) =>
    [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(p * values.length))] ?? NaN;
  const alone = times['WebLLM alone']!;
  for (const [name, values] of Object.entries(times)) {
    const ratios = values.map((time, i) => time / alone[i]!);
    console.log(
      `  ${name.padEnd(28)} ${quantile(values, 0.5).toFixed(1).padStart(8)} ms a token` +
        `   ratio to WebLLM alone: median ${quantile(ratios, 0.5).toFixed(3)}, p95 ${quantile(ratios, 0.95).toFixed(3)}`,
    );
  }
}
