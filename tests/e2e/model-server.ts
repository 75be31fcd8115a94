/** A mirror with a made-up model of a few hundred kB, as slow and as broken as a test wants. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tinyModel } from '../unit/downloads/fake-browser';

export async function startMirror() {
  // 48 shards of 25 kB: long enough to be stopped in the middle.
  const files = tinyModel(48, 25_000);
  const asked: string[] = [];
  const missing = new Set<string>();
  const damaged = new Set<string>();
  const behaviour = { delay: 0, missing, damaged, asked, quantization: 'q4f32_1' };
  const config = () => {
    const { quantization } = behaviour;
    return Buffer.from(
      JSON.stringify({ ...JSON.parse(Buffer.from(files['mlc-chat-config.json']!).toString()), quantization }),
    );
  };
  const server = createServer(async (request, response) => {
    const path = request.url!.split('?')[0]!;
    const name = path.endsWith('.wasm') ? 'tiny.wasm' : path.split('/').pop()!;
    const bytes = missing.has(name) ? undefined : name === 'mlc-chat-config.json' ? config() : files[name];
    response.setHeader('access-control-allow-origin', '*');
    if (request.method === 'GET') asked.push(name);
    if (!bytes) return void response.writeHead(404).end('no');
    response.writeHead(200, { 'content-length': bytes.length, 'content-type': 'application/octet-stream' });
    if (request.method === 'HEAD') return void response.end();
    if (name.endsWith('.bin')) await new Promise((resolve) => setTimeout(resolve, behaviour.delay));
    response.end(damaged.has(name) ? bytes.map((byte) => byte ^ 1) : bytes);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const totalBytes = Object.values(files).reduce((sum, { length }) => sum + length, 0);
  return { url, totalBytes, behaviour, stop: () => new Promise((resolve) => server.close(resolve)) };
}
