/** What is read of a WebLLM folder before WebLLM itself is asked: untrusted, and refused by the file's name. */
import { afterEach, expect, it, vi } from 'vitest';
import { textLimits } from '../../../src/lib/downloads/manifest';
import { openWebLlm } from '../../../src/lib/webllm/source';

afterEach(() => vi.unstubAllGlobals());

const source = { url: 'https://a.test/m/', lib: 'https://a.test/l.wasm', runtime: '0.2.86' as const };
function openWith(body: () => BodyInit) {
  vi.stubGlobal('caches', { match: async () => undefined });
  vi.stubGlobal('fetch', async () => new Response(body()));
  return openWebLlm({ source, id: 'm', label: 'M', gpuName: 'none', isSoftwareGpu: true });
}

it.each<[string, () => BodyInit, string, string]>([
  ['nested 100,000 deep', () => '{"a":'.repeat(100_000), 'BadModel', 'is nested more than 64 deep'],
  ['no JSON', () => '{', 'BadModel', 'is not JSON'],
  [
    'without an end',
    () => new ReadableStream({ pull: (controller) => controller.enqueue(new Uint8Array(2 ** 20)) }),
    'BadModel',
    `is longer than ${textLimits.config} bytes`,
  ],
  [
    'broken on the way',
    () => new ReadableStream({ start: (controller) => controller.error(new TypeError('network error')) }),
    'DownloadFailed',
    'the download failed after 4 attempts',
  ],
])('a config that is %s', { timeout: 10_000 }, async (_, body, name, reason) => {
  await expect(openWith(body)).rejects.toMatchObject({
    name,
    message: expect.stringMatching(new RegExp(`^mlc-chat-config.json:? ${reason}`)),
  });
});
