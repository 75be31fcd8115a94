/** Hosts that accept and say nothing, over real connections: told of, given up, and stopped at once when the visitor wants it. */
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ProgressReport } from '../../../src/lib/worker/progress-report';
import type { LoadProgress } from '../../../src/lib/worker/protocol';
import { openModelFolder } from '../../../src/lib/llama/source';
import { downloadText, type DownloadOptions, type Silence } from '../../../src/lib/downloads/download';
import { ModelStore } from '../../../src/lib/downloads/store';
import { FakeCaches, memoryLedger } from './fake-browser';

type Answer = (response: ServerResponse, attempt: number) => void;
let answer: Answer;
let asked: string[];
const server = createServer((request, response) => {
  answer(response, asked.length);
  asked.push(`${request.method} ${request.url}`);
});
let origin = '';
let host = '';
beforeEach(async () => {
  asked = [];
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  origin = `http://${host}`;
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

const patience = { notice: 100, stall: 250 };
const silences: (Silence | null)[] = [];
beforeEach(() => void silences.splice(0));
const impatient: DownloadOptions = { patience, retryDelay: 1, onSilence: (silence) => silences.push(silence) };
const never: Answer = () => undefined;
const stopsInTheMiddle: Answer = (response) => response.writeHead(200, { 'content-length': 100 }).write('half of it');

const open: Record<string, (options: DownloadOptions) => Promise<unknown>> = {
  'a file': (options) => downloadText(new URL(`${origin}/file`), 100, options),
  'a folder in Hugging Face layout': (options) => openModelFolder(`${origin}/folder`, options),
  'a model of WebLLM': ({ signal, ...options }) => {
    const stored = { caches: new FakeCaches().storage, ledger: memoryLedger() };
    const source = { url: `${origin}/model`, lib: `${origin}/l.wasm`, runtime: '0.2.79' as const };
    return new ModelStore(source, { ...options, ...stored }).plan(signal);
  },
};

test.each(Object.keys(open))('%s from a host that never answers: told, tried again, given up by name', async (what) => {
  answer = never;
  await expect(open[what]!({ ...impatient, attempts: 2 })).rejects.toMatchObject({
    name: 'DownloadFailed',
    message: expect.stringContaining(`failed after 2 attempts: the connection stalled: ${host} sent nothing for 0 s`),
    nextStep: 'Check the connection, and try again.',
  });
  expect(asked).toHaveLength(2);
  expect(silences.filter(Boolean).length).toBeGreaterThanOrEqual(2);
  expect(silences[0]).toEqual({ host, seconds: 0 });
  expect(silences.at(-1)).toBeNull();
});

test.each(Object.keys(open))('%s is cancelled at once, before an answer and in the middle of one', async (what) => {
  for (answer of [never, stopsInTheMiddle]) {
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 50);
    const start = performance.now();
    const slow = { ...impatient, patience: { notice: 10_000, stall: 60_000 }, signal: controller.signal };
    await expect(open[what]!(slow)).rejects.toMatchObject({ name: 'Aborted' });
    expect(performance.now() - start).toBeLessThan(1_000);
  }
});

test('a body that stops in the middle is asked for again', async () => {
  answer = (response, attempt) => (attempt === 0 ? stopsInTheMiddle(response, attempt) : response.end('all of it'));
  expect(await open['a file']!(impatient)).toBe('all of it');
  expect(silences).toEqual([{ host, seconds: 0 }, { host, seconds: 0 }, null]);
});

test('a slow host that goes on sending is left alone', async () => {
  answer = (response) => {
    const letters = [...'a word, letter by letter'];
    const timer = setInterval(() => {
      response.write(letters.shift()!);
      if (letters.length > 0) return;
      clearInterval(timer);
      response.end();
    }, 20);
  };
  expect(await open['a file']!(impatient)).toBe('a word, letter by letter');
  expect(silences).toEqual([]);
});

test('the page is told of a silence beside what was done so far, unless other files go on arriving', () => {
  const told: LoadProgress[] = [];
  const { report, onSilence } = new ProgressReport((progress) => told.push(progress));
  const silence = { host: 'a.test', seconds: 20 };
  const half: LoadProgress = { phase: 'weights', loadedBytes: 1, totalBytes: 2 };
  report(half);
  onSilence(silence);
  onSilence({ ...silence, seconds: 0 });
  onSilence(null);
  expect(told).toEqual([half, { ...half, silence: { ...silence, seconds: 0 } }, half]);
});
