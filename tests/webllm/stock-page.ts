/** WebLLM as npm has it, in a page of its own with nothing else in it: what our engine's results are compared with. */
import { createReadStream, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, type Page } from '@playwright/test';
import { findChromium, softwareGpuFlags } from '../../tools/chromium.js';
import type { ServedModel } from './model-server';

const HTML = `<!doctype html><title>stock WebLLM</title>
<script type="module">
  import { MLCEngine } from '/web-llm.js';
  globalThis.MLCEngine = MLCEngine;
</script>`;

export interface StockStep {
  id: number;
  /** Of the used vocabulary, before the softmax. */
  logits: number[];
  /** The largest of the rest; null where there is no rest. */
  largestUnused: number | null;
  seconds: number;
}

export interface StockPage {
  /** Seconds it took. */
  load(model: ServedModel): Promise<number>;
  /** Greedy tokens after these; stops before `stopId`. */
  generate(promptIds: number[], options: { maxTokens: number; stopId: number; dVocab: number }): Promise<StockStep[]>;
  /** Greedy reply of the chat interface. */
  chat(
    messages: { role: string; content: string }[],
    maxTokens: number,
  ): Promise<{ text: string; promptTokens: number }>;
  close(): Promise<void>;
}

/** @param profile a folder to keep what was downloaded in; default: one that is deleted at the end. A persistent one has the storage that 2 GB need. */
export async function openStockPage(runtime: string, profile?: string): Promise<StockPage> {
  const bundle = `node_modules/${runtime === 'newest' ? '@mlc-ai/web-llm' : `web-llm-${runtime}`}/lib/index.js`;
  const server = createServer((request, response) => {
    const isBundle = request.url === '/web-llm.js';
    response.writeHead(200, { 'Content-Type': isBundle ? 'text/javascript' : 'text/html' });
    if (isBundle) createReadStream(bundle).pipe(response);
    else response.end(HTML);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const folder = profile ?? mkdtempSync(join(tmpdir(), 'personascope-webllm-'));
  const browser = await chromium.launchPersistentContext(folder, {
    executablePath: findChromium(),
    args: process.env.PERSONASCOPE_GPU ? ['--enable-unsafe-webgpu'] : softwareGpuFlags,
  });
  const page = await browser.newPage();
  page.setDefaultTimeout(0);
  page.on('pageerror', (error) => process.stderr.write(`page: ${error.stack ?? error.message}\n`));
  page.on('console', (message) => {
    if (message.type() === 'error' || process.env.WEBLLM_VERBOSE) process.stderr.write(`page: ${message.text()}\n`);
  });
  await page.goto(`http://localhost:${(server.address() as AddressInfo).port}/`);
  await page.waitForFunction(() => 'MLCEngine' in globalThis);
  return {
    load: (model) => load(page, model),
    generate: (promptIds, options) => generate(page, promptIds, options),
    chat: (messages, maxTokens) => chat(page, messages, maxTokens),
    close: async () => {
      await browser.close();
      server.close();
      server.closeAllConnections();
      if (!profile) rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function load(page: Page, { url, lib }: ServedModel): Promise<number> {
  return page.evaluate(
    async ({ url, lib }) => {
      const begin = performance.now();
      const state = globalThis as any; // eslint-disable-line @typescript-eslint/no-explicit-any
      await state.engine?.unload();
      const processor = {
        processLogits: (logits: Float32Array) => (state.logits = logits.slice()),
        processSampledToken: () => {},
        resetState: () => {},
      };
      state.engine = new state.MLCEngine({
        appConfig: { model_list: [{ model: url, model_id: 'model', model_lib: lib }], useIndexedDBCache: false },
        logitProcessorRegistry: new Map([['model', processor]]),
        initProgressCallback: ({ text }: { text: string }) => console.log(text),
      });
      await state.engine.reload('model');
      return (performance.now() - begin) / 1000;
    },
    { url, lib },
  );
}

async function generate(
  page: Page,
  promptIds: number[],
  options: { maxTokens: number; stopId: number; dVocab: number },
): Promise<StockStep[]> {
  return page.evaluate(
    async ({ promptIds, maxTokens, stopId, dVocab }) => {
      const state = globalThis as any; // eslint-disable-line @typescript-eslint/no-explicit-any
      await state.engine.resetChat();
      const steps = [];
      let next = promptIds;
      while (steps.length < maxTokens) {
        const begin = performance.now();
        const id: number = await state.engine.forwardTokensAndSample(next, steps.length === 0);
        const logits: Float32Array = state.logits;
        const rest = logits.subarray(dVocab);
        steps.push({
          id,
          logits: Array.from(logits.subarray(0, dVocab)),
          largestUnused: rest.length > 0 ? rest.reduce((a, b) => Math.max(a, b), -Infinity) : null,
          seconds: (performance.now() - begin) / 1000,
        });
        if (id === stopId) break;
        next = [id];
      }
      return steps;
    },
    { promptIds, ...options },
  );
}

async function chat(
  page: Page,
  messages: { role: string; content: string }[],
  maxTokens: number,
): Promise<{ text: string; promptTokens: number }> {
  return page.evaluate(
    async ({ messages, maxTokens }) => {
      const state = globalThis as any; // eslint-disable-line @typescript-eslint/no-explicit-any
      const reply = await state.engine.chat.completions.create({ messages, max_tokens: maxTokens, temperature: 0 });
      return { text: reply.choices[0].message.content, promptTokens: reply.usage.prompt_tokens };
    },
    { messages, maxTokens },
  );
}
