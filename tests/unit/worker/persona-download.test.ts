/** A persona space beside a model, over a network that sends what it likes. */
import { afterEach, expect, it, vi } from 'vitest';
import { downloadPersonaSpace } from '../../../src/lib/worker/persona-download';
import { writePersonaFiles } from '../../../src/lib/personas/persona-files';
import { limits } from '../../../src/lib/limits';
import { smallSpace, tensors } from '../personas/small-space';

const files = writePersonaFiles({ space: smallSpace(), tensors: tensors() });
const digest = async () => smallSpace().modelDigest;
const never = new AbortController().signal;

afterEach(() => vi.unstubAllGlobals());

/** Sends zeros for ever; counts what was taken and whether it was told to stop. */
function endless() {
  const state = { bytes: 0, isCancelled: false };
  const chunk = new Uint8Array(1024 * 1024);
  const body = () =>
    new ReadableStream<Uint8Array>({
      pull(controller) {
        state.bytes += chunk.length;
        controller.enqueue(chunk);
      },
      cancel() {
        state.isCancelled = true;
      },
    });
  return { state, body };
}

function serve(answers: Record<string, () => Response>) {
  vi.stubGlobal('fetch', async (url: URL, { signal }: { signal: AbortSignal }) => {
    signal.throwIfAborted();
    return answers[new URL(url).pathname.split('/').pop()!]!();
  });
}

it('reads both files', async () => {
  serve({
    'personas.json': () => new Response(files.json),
    'personas.safetensors': () => new Response(files.safetensors),
  });
  expect((await downloadPersonaSpace('https://a.test/m', digest, { signal: never, retryDelay: 1 }))!.space).toEqual(
    smallSpace(),
  );
});

it('an endless personas.json is cut off at its limit, and named', async () => {
  const { state, body } = endless();
  serve({
    'personas.json': () => new Response(body()),
    'personas.safetensors': () => new Response(files.safetensors),
  });
  await expect(
    downloadPersonaSpace('https://a.test/m', digest, { signal: never, retryDelay: 1 }),
  ).rejects.toMatchObject({
    name: 'BadModel',
    message: `personas.json is longer than ${limits.personasJson} bytes.`,
  });
  expect(state.bytes).toBeLessThan(limits.personasJson + 4 * 1024 * 1024);
  await vi.waitFor(() => expect(state.isCancelled).toBe(true));
}, 10_000);

it('a body that breaks says which file', async () => {
  const broken = () => new ReadableStream({ start: (controller) => controller.error(new TypeError('network error')) });
  serve({
    'personas.json': () => new Response(files.json),
    'personas.safetensors': () => new Response(broken()),
  });
  await expect(
    downloadPersonaSpace('https://a.test/m', digest, { signal: never, retryDelay: 1 }),
  ).rejects.toMatchObject({
    name: 'DownloadFailed',
    message: expect.stringContaining('personas.safetensors: the download failed after 4 attempts'),
  });
});

it('a folder without one, or whose server answers every address with its page, has none', async () => {
  const page = () => new Response('<html>', { headers: { 'content-type': 'text/html; charset=utf-8' } });
  serve({ 'personas.json': page, 'personas.safetensors': () => new Response('', { status: 404 }) });
  expect(await downloadPersonaSpace('https://a.test/m', digest, { signal: never, retryDelay: 1 })).toBeNull();
});
