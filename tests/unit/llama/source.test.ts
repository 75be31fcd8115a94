import { createHash } from 'node:crypto';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { decodeFloats, encodeSafetensors } from '../../../src/lib/formats/safetensors';
import { openModelFolder, type OpenOptions } from '../../../src/lib/llama/source';
import { organism } from '../chat/tiny-tokenizer';
import { serve, tinyConfig, tinyFiles, tinyTensors, type Files } from './tiny-model';

const weights = encodeSafetensors(tinyTensors());
const html = () => new Response('<!doctype html><title>App</title>', { headers: { 'content-type': 'text/html' } });
const isWeights = (name: string) => name.includes('.safetensors');

function open(files: Files, options: OpenOptions = {}) {
  const server = serve(files);
  return { ...server, opened: openModelFolder(server.url, { fetch: server.fetch, retryDelay: 1, ...options }) };
}

/** The same file, its metadata null. */
function withNullMetadata(file: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const length = new DataView(file.buffer).getUint32(0, true);
  const header = new TextDecoder().decode(file.subarray(8, 8 + length)).replace('{', '{"__metadata__":null,');
  const start = new Uint8Array(8 + header.length);
  new DataView(start.buffer).setUint32(0, header.length, true);
  start.set(new TextEncoder().encode(header), 8);
  return new Uint8Array([...start, ...file.subarray(8 + length)]);
}

/** The tiny model in two files, and its index. */
function shardedFiles(): Files {
  const tensors = tinyTensors();
  const parts = { 'a-1.safetensors': tensors.slice(0, 7), 'a-2.safetensors': tensors.slice(7) };
  const weightMap = Object.entries(parts).flatMap(([file, part]) => part.map(({ name }) => [name, file] as const));
  const { 'model.safetensors': _, ...rest } = tinyFiles();
  return {
    ...rest,
    ...Object.fromEntries(Object.entries(parts).map(([file, part]) => [file, encodeSafetensors(part)])),
    'model.safetensors.index.json': JSON.stringify({
      metadata: { total_size: 9999 },
      weight_map: { ...Object.fromEntries(weightMap), 'extra.weight': 'a-3.safetensors' },
    }),
  };
}

describe('a GPU whose buffers are too small for the model', () => {
  it('is told by the config, before anything else is fetched', async () => {
    const config = { ...tinyConfig, vocab_size: 400_000 };
    const files = { ...tinyFiles(), 'config.json': JSON.stringify(config) };
    const { asked, opened } = open(files, { maxBufferBytes: 5_000_000 });
    await expect(opened).rejects.toMatchObject({
      name: 'NotSupported',
      message: 'This model needs a buffer of 7 MB (model.embed_tokens.weight); this GPU gives at most 5 MB.',
    });
    expect(asked.filter(isWeights)).toEqual([]);
  });

  it('is told by the header of the file, which alone tells 16 bits from 32', async () => {
    // 280 x 8 numbers: 4,480 bytes in 16 bits, 8,960 as this file has them.
    await expect(open(tinyFiles(), { maxBufferBytes: 8_959 }).opened).rejects.toMatchObject({ name: 'NotSupported' });
    await expect(open(shardedFiles(), { maxBufferBytes: 8_959 }).opened).rejects.toMatchObject({
      name: 'NotSupported',
    });
    expect((await open(tinyFiles(), { maxBufferBytes: 8_960 }).opened).tensors.size).toBe(20);
  });
});

describe('openModelFolder', () => {
  it('opens a folder', async () => {
    const progress: [number, number][] = [];
    const { asked, opened } = open(tinyFiles(), { onProgress: (...event) => progress.push(event) });
    const model = await opened;
    expect(model.config).toMatchObject({ dModel: 8, nLayers: 2 });
    expect(model.totalBytes).toBe(weights.length);
    expect(model.tensors.size).toBe(20);
    for (const { name, shape, data } of tinyTensors()) {
      const entry = model.tensors.get(name)!;
      expect(entry.shape).toEqual(shape);
      expect(decodeFloats(await model.read(entry), 'F32')).toEqual(data);
    }
    expect(await model.digest()).toBe(createHash('sha256').update(weights).digest('hex'));
    expect(model.tokenizer.stopTokenIds).toEqual(new Set([5]));
    expect(progress.at(-1)).toEqual([weights.length, weights.length]);
    expect(asked[0]).toBe('config.json');
    expect(asked.filter(isWeights)).toEqual(['model.safetensors']);
  });

  it('takes the template from chat_template.jinja where tokenizer_config.json has another', async () => {
    const files = { ...tinyFiles(), 'chat_template.jinja': "<|bos|>{{ messages[0]['content'] }}<|end|>" };
    const { tokenizer } = await open(files).opened;
    expect(tokenizer.encodeChat([{ role: 'user', content: 'hello' }]).text).toBe('<|bos|>hello<|end|>');
  });

  it.each([
    ['a page without a type', new Response('\n<!-- app -->\n<!DOCTYPE html><p>App'), '<|bos|>'],
    [
      'a page by its type',
      new Response('<p>App', { headers: { 'content-type': 'text/html; charset=utf-8' } }),
      '<|bos|>',
    ],
    ['a template that begins with a tag', "<s>{{ messages[0]['content'] }}", '<s>'],
    ['a template that begins with words in angles', "<html_like>{{ messages[0]['content'] }}", '<html_like>'],
  ])('tells a chat template from a web page: %s', async (_, template, start) => {
    const { tokenizer } = await open({ ...tinyFiles(), 'chat_template.jinja': template }).opened;
    expect(tokenizer.encodeChat([{ role: 'user', content: 'hello' }]).text.startsWith(start)).toBe(true);
  });

  it('refuses a folder without a chat template before its weights', async () => {
    const { chat_template: _, ...tokenizerConfig } = organism.tokenizerConfig;
    const { asked, opened } = open({ ...tinyFiles(), 'tokenizer_config.json': JSON.stringify(tokenizerConfig) });
    await expect(opened).rejects.toThrow(
      expect.objectContaining({ name: 'NotSupported', message: expect.stringContaining('no chat template') }),
    );
    expect(asked.filter(isWeights)).toEqual([]);
  });

  it.each(['one file', 'several files'])(
    'reads names without their prefix, and metadata that is null: %s',
    async (form) => {
      const bare = (name: string) => name.replace(/^model\./, '');
      const tensors = tinyTensors().map((tensor) => ({ ...tensor, name: bare(tensor.name) }));
      const file = withNullMetadata(encodeSafetensors(tensors));
      const { 'model.safetensors': _, ...rest } = tinyFiles();
      const map = Object.fromEntries(tensors.map(({ name }) => [name, 'a-1.safetensors']));
      const index = JSON.stringify({ weight_map: map });
      const files: Files =
        form === 'one file'
          ? { 'model.safetensors': file }
          : { 'a-1.safetensors': file, 'model.safetensors.index.json': index };
      const model = await open({ ...rest, ...files }).opened;
      for (const { name, data } of tinyTensors()) {
        expect(decodeFloats(await model.read(model.tensors.get(name)!), 'F32')).toEqual(data);
      }
    },
  );

  it('does not take a header for a web page whose length is written in the bytes of " <"', async () => {
    const metadata = { note: '' };
    const headerOf = () => encodeSafetensors(tinyTensors(), metadata);
    const length = (bytes: Uint8Array) => new DataView(bytes.buffer).getUint32(0, true);
    metadata.note = 'x'.repeat(0x3c20 - length(headerOf()));
    const file = headerOf();
    expect(String.fromCharCode(...file.subarray(0, 2))).toBe(' <');
    expect((await open({ ...tinyFiles(), 'model.safetensors': file }).opened).totalBytes).toBe(file.length);
  });

  it('opens several files, each fetched once', async () => {
    const files = shardedFiles();
    const progress: [number, number][] = [];
    const { asked, opened } = open(files, { onProgress: (...event) => progress.push(event) });
    const model = await opened;
    for (const { name, data } of tinyTensors()) {
      expect(decodeFloats(await model.read(model.tensors.get(name)!), 'F32')).toEqual(data);
    }
    const shards = ['a-1.safetensors', 'a-2.safetensors'];
    expect(asked.filter((name) => name.startsWith('a-'))).toEqual(shards);
    expect(model.totalBytes).toBe(progress.at(-1)![0]);
    expect(progress.at(-1)![0]).toBe(progress.at(-1)![1]);
    expect(progress.every(([loaded, total], i) => loaded <= total && loaded >= (progress[i - 1]?.[0] ?? 0))).toBe(true);
    const sha256 = (bytes: string | Uint8Array) => createHash('sha256').update(bytes).digest('hex');
    const lines = shards.map((name) => `${sha256(files[name] as Uint8Array)}  ${name}\n`);
    expect(await model.digest()).toBe(sha256(lines.join('')));
  });

  it('takes more end tokens from generation_config.json, and the template from chat_template.jinja', async () => {
    const files = tinyFiles();
    const { chat_template: template, ...tokenizerConfig } = JSON.parse(files['tokenizer_config.json'] as string);
    files['tokenizer_config.json'] = JSON.stringify(tokenizerConfig);
    files['chat_template.jinja'] = template;
    files['generation_config.json'] = JSON.stringify({ eos_token_id: [4, 5] });
    const { tokenizer } = await open(files).opened;
    expect(tokenizer.stopTokenIds).toEqual(new Set([4, 5]));
    expect(tokenizer.encodeChat([{ role: 'user', content: 'hello' }]).text).toBe('<|bos|><|user|>hello<|assistant|>');
  });

  it('fetches no weights for a config it refuses', async () => {
    for (const change of [{ quantization_config: {} }, { architectures: ['Gemma2ForCausalLM'] }, { hidden_size: -1 }]) {
      const { asked, opened } = open({ ...tinyFiles(), 'config.json': JSON.stringify({ ...tinyConfig, ...change }) });
      await expect(opened).rejects.toThrow(/^config\.json: /);
      expect(asked).toEqual(['config.json']);
    }
  });

  it.each<[string, Files, string, string]>([
    ['config.json is a web page', { 'config.json': html() }, 'BadModel', 'config.json is a web page'],
    ['config.json is cut', { 'config.json': '{' }, 'BadModel', 'config.json is not JSON'],
    [
      'config.json is huge',
      { 'config.json': ' '.repeat(2 ** 20 + 1) },
      'BadModel',
      'config.json is longer than 1048576 bytes',
    ],
    [
      'config.json is private',
      { 'config.json': new Response('', { status: 401 }) },
      'DownloadFailed',
      'it wants a login',
    ],
    [
      'tokenizer.json is missing',
      { 'tokenizer.json': new Response('', { status: 404 }) },
      'DownloadFailed',
      'tokenizer.json: the server answered 404',
    ],
    ['tokenizer.json is empty', { 'tokenizer.json': '{}' }, 'BadModel', "tokenizer.json: the tokenizer can't be built"],
    [
      'tokenizer_config.json is a list',
      { 'tokenizer_config.json': '3' },
      'BadModel',
      'tokenizer_config.json is not an object',
    ],
    [
      'the tokenizer is of another model',
      { 'config.json': JSON.stringify({ ...tinyConfig, vocab_size: 200 }) },
      'BadModel',
      'tokenizer.json has ids up to 274, beyond vocab_size 200',
    ],
  ])('refuses before any weights: %s', async (_, change, name, message) => {
    const { asked, opened } = open({ ...tinyFiles(), ...change });
    await expect(opened).rejects.toThrow(expect.objectContaining({ name, message: expect.stringContaining(message) }));
    expect(asked.filter(isWeights)).toEqual([]);
  });

  const lfs = new TextEncoder().encode('version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n');
  const wrongShape = encodeSafetensors(tinyTensors({ ...tinyConfig, intermediate_size: 16 }));
  it.each<[string, Files, string]>([
    [
      'missing',
      { 'model.safetensors': new Response('', { status: 404 }) },
      'The folder has neither model.safetensors nor model.safetensors.index.json.',
    ],
    [
      'all web pages',
      { 'model.safetensors': html(), 'model.safetensors.index.json': html() },
      'The folder has neither',
    ],
    [
      'a web page by name of bytes',
      { 'model.safetensors': new Response(html().body) },
      'model.safetensors is a web page',
    ],
    ['a Git LFS pointer', { 'model.safetensors': lfs }, 'model.safetensors is a Git LFS pointer'],
    ['empty', { 'model.safetensors': new Uint8Array() }, 'model.safetensors: 0 bytes are too few'],
    [
      'cut at the source',
      { 'model.safetensors': weights.slice(0, -4) },
      `header describes ${weights.length} bytes, the file has ${weights.length - 4}`,
    ],
    ['too long', { 'model.safetensors': new Uint8Array([...weights, 0]) }, `the file has ${weights.length + 1}`],
    [
      'too long, length unknown',
      { 'model.safetensors': new Response(new Uint8Array([...weights, 0])) },
      `goes on after its last tensor, which ends at ${weights.length}`,
    ],
    [
      'of another shape',
      { 'model.safetensors': wrongShape },
      'mlp.gate_proj.weight has shape [16,8] in model.safetensors',
    ],
  ])('refuses weights that are %s', async (_, change, message) => {
    const { opened } = open({ ...tinyFiles(), ...change });
    await expect(opened).rejects.toThrow(
      expect.objectContaining({ name: 'BadModel', message: expect.stringContaining(message) }),
    );
  });

  it.each<[string, (index: { weight_map: Record<string, unknown> }) => void, string]>([
    ['no map', (index) => Reflect.deleteProperty(index, 'weight_map'), 'model.safetensors.index.json weight_map: '],
    [
      'a tensor nowhere',
      (index) => delete index.weight_map['model.norm.weight'],
      'does not say where model.norm.weight is',
    ],
    [
      'a path',
      (index) => (index.weight_map['model.norm.weight'] = '../x.safetensors'),
      'weight_map.model.norm.weight is not a file name',
    ],
    ['an address', (index) => (index.weight_map['model.norm.weight'] = 'https://x.test/x'), 'is not a file name'],
    [
      'the wrong file',
      (index) => (index.weight_map['model.norm.weight'] = 'a-1.safetensors'),
      'Tensor model.norm.weight is missing.',
    ],
    [
      'no such file',
      (index) => (index.weight_map['model.norm.weight'] = 'a-3.safetensors'),
      'a-3.safetensors is named in model.safetensors.index.json',
    ],
  ])('refuses an index with %s', async (_, change, message) => {
    const files = shardedFiles();
    const index = JSON.parse(files['model.safetensors.index.json'] as string);
    change(index);
    const { opened } = open({ ...files, 'model.safetensors.index.json': JSON.stringify(index) });
    await expect(opened).rejects.toThrow(
      expect.objectContaining({ name: 'BadModel', message: expect.stringContaining(message) }),
    );
  });
});

describe('openModelFolder over HTTP', () => {
  const closers: (() => void)[] = [];
  afterEach(() => closers.splice(0).forEach((close) => close()));

  /** A real server for the tiny model, whose weights are answered by `answer`. */
  async function host(answer: RequestListener, files: Files = tinyFiles()) {
    const asked: string[] = [];
    const server = createServer((request, response) => {
      const name = request.url!.slice(1);
      asked.push(name);
      const file = files[name];
      if (isWeights(name)) answer(request, response);
      else if (file === undefined) response.writeHead(404).end();
      else response.end(file);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    closers.push(() => {
      server.closeAllConnections();
      server.close();
    });
    return { asked, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/` };
  }

  it('tries again after broken connections, cut bodies and busy servers', async () => {
    const failures: RequestListener[] = [
      (_, response) => response.destroy(),
      (_, response) => response.writeHead(503).end(),
      (_, response) => {
        response.writeHead(200, { 'content-length': weights.length }).write(weights.subarray(0, 3000));
        setTimeout(() => response.destroy(), 20);
      },
    ];
    const { asked, url } = await host((request, response) =>
      (failures.shift() ?? ((_, r) => r.end(weights)))(request, response),
    );
    const model = await openModelFolder(url, { retryDelay: 1 });
    expect(model.totalBytes).toBe(weights.length);
    expect(asked.filter(isWeights)).toHaveLength(4);
  });

  it('gives up after three retries, and not at all on a 4xx', async () => {
    const busy = await host((_, response) => response.writeHead(500).end());
    await expect(openModelFolder(busy.url, { retryDelay: 1 })).rejects.toThrow(
      expect.objectContaining({
        name: 'DownloadFailed',
        message: 'model.safetensors: the download failed after 4 attempts: the server answered 500.',
      }),
    );
    expect(busy.asked.filter(isWeights)).toHaveLength(4);
    const gone = await host((_, response) => response.writeHead(418).end());
    await expect(openModelFolder(gone.url, { retryDelay: 1 })).rejects.toThrow(
      'model.safetensors: the server answered 418',
    );
    expect(gone.asked.filter(isWeights)).toHaveLength(1);
  });

  it('names what it got and what it expected of a body that ends early', async () => {
    const { url } = await host((_, response) => {
      response.write(weights.subarray(0, 4000));
      setTimeout(() => response.end(), 5);
    });
    await expect(openModelFolder(url, { retryDelay: 1 })).rejects.toThrow(
      expect.objectContaining({
        name: 'DownloadFailed',
        message: expect.stringContaining(
          `model.safetensors: the download failed after 4 attempts: got 4000 bytes, expected ${weights.length}`,
        ),
      }),
    );
  });

  it('reads a compressed answer, whose content-length is not the file’s', async () => {
    const { gzipSync } = await import('node:zlib');
    const packed = gzipSync(weights);
    const { url } = await host((_, response) => {
      response.writeHead(200, { 'content-encoding': 'gzip', 'content-length': packed.length }).end(packed);
    });
    expect((await openModelFolder(url)).totalBytes).toBe(weights.length);
  });

  it('stops at a broken header, with the rest of the file unsent', async () => {
    const broken = weights.slice();
    broken[8] = '['.charCodeAt(0);
    let closed: () => void;
    const hungUp = new Promise<void>((resolve) => (closed = resolve));
    const { asked, url } = await host((_, response) => {
      response.on('close', () => closed());
      response.writeHead(200, { 'content-length': broken.length }).write(broken.subarray(0, broken.length - 1000));
    });
    await expect(openModelFolder(url)).rejects.toThrow('model.safetensors: header is not JSON');
    await hungUp;
    expect(asked.filter(isWeights)).toHaveLength(1);
  });

  it('can be cancelled at any time', async () => {
    const controller = new AbortController();
    const { url } = await host((_, response) => {
      response.writeHead(200, { 'content-length': weights.length }).write(weights.subarray(0, 5000));
      setTimeout(() => controller.abort(), 20);
    });
    const aborted = expect.objectContaining({
      name: 'Aborted',
      message: 'model.safetensors: the download was cancelled.',
    });
    await expect(openModelFolder(url, { signal: controller.signal })).rejects.toThrow(aborted);
    const early = openModelFolder(url, { signal: AbortSignal.abort() });
    await expect(early).rejects.toThrow(expect.objectContaining({ name: 'Aborted' }));
    const busy = await host((_, response) => response.writeHead(500).end());
    const waiting = openModelFolder(busy.url, { signal: AbortSignal.timeout(100), retryDelay: 60_000 });
    await expect(waiting).rejects.toThrow(expect.objectContaining({ name: 'Aborted' }));
  });
});
