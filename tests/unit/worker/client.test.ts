/** The page's end of the protocol, over a real message channel: every call settles exactly once. */
import { afterEach, expect, test } from 'vitest';
import { EngineClient } from '../../../src/lib/worker/client';
import type { FromWorker, ToWorker } from '../../../src/lib/worker/protocol';
import { PersonascopeError } from '../../../src/lib/errors';

const open: MessagePort[] = [];
afterEach(() => open.splice(0).forEach((port) => port.close()));

function asWorker(port: MessagePort): Worker {
  return Object.assign(port, { terminate: () => port.close(), onerror: null }) as unknown as Worker;
}

/** A client, and what the other end received and can send. */
function connect(answer: (message: ToWorker, send: (message: FromWorker) => void) => void): EngineClient {
  const { port1, port2 } = new MessageChannel();
  open.push(port1, port2);
  port2.onmessage = ({ data }) => answer(data, (message) => port2.postMessage(message));
  return new EngineClient(asWorker(port1));
}

test('events come before the result, and none after it', async () => {
  const client = connect(({ id }, send) => {
    send({ id, type: 'event', event: 1 });
    send({ id, type: 'event', event: 2 });
    send({ id, type: 'done', result: 'answer' });
    send({ id, type: 'event', event: 3 });
    send({ id, type: 'done', result: 'another' });
  });
  const events: unknown[] = [];
  expect(await client.call('models', null, { onEvent: (event) => events.push(event) })).toBe('answer');
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(events).toEqual([1, 2]);
});

test('a failure keeps its name, message and next step', async () => {
  const error = { name: 'NoModel' as const, message: 'No model is loaded.', nextStep: 'Choose one.' };
  const client = connect(({ id }, send) => send({ id, type: 'failed', error }));
  const failure = await client.call('vectors', null).catch((cause: unknown) => cause);
  expect(failure).toBeInstanceOf(PersonascopeError);
  expect(failure).toMatchObject(error);
});

test('an aborted signal sends one cancel, before or during the call', async () => {
  const received: string[] = [];
  const client = connect(({ id, method }, send) => {
    received.push(method);
    if (method === 'cancel')
      send({ id, type: 'failed', error: { name: 'Aborted', message: 'It was cancelled.', nextStep: '' } });
  });
  const controller = new AbortController();
  const running = client.call('models', null, { signal: controller.signal });
  controller.abort();
  await expect(running).rejects.toMatchObject({ name: 'Aborted' });
  await expect(client.call('models', null, { signal: controller.signal })).rejects.toMatchObject({ name: 'Aborted' });
  expect(received).toEqual(['models', 'cancel', 'models', 'cancel']);
});

test('closing fails what is under way', async () => {
  const client = connect(() => undefined);
  const running = client.call('models', null);
  client.close();
  await expect(running).rejects.toMatchObject({ name: 'Aborted' });
});

test('a lost device is told once, apart from any call', async () => {
  const client = connect((_, send) =>
    send({ id: -1, type: 'lost', error: { name: 'DeviceLost', message: 'gone', nextStep: '' } }),
  );
  const lost = new Promise((resolve) => (client.onLost = resolve));
  void client.call('models', null).catch(() => undefined);
  expect(await lost).toMatchObject({ name: 'DeviceLost' });
  client.close();
});

test('a request that cannot be copied to the worker is a bad request, and nothing hangs', async () => {
  const received: string[] = [];
  const client = connect(({ id, method }, send) => {
    received.push(method);
    send({ id, type: 'done', result: [] });
  });
  const request = { model: (() => undefined) as unknown as string };
  const controller = new AbortController();
  await expect(client.call('modelState', request, { signal: controller.signal })).rejects.toMatchObject({
    name: 'BadRequest',
    message: expect.stringContaining('no plain data'),
  });
  controller.abort();
  expect(await client.call('models', null)).toEqual([]);
  expect(received).toEqual(['models']);
});

test('a worker that hears a cancel is left alone, however long it then takes', async () => {
  const client = connect(({ id, method }, send) => {
    if (method !== 'cancel') return;
    send({ id, type: 'cancelling' });
    setTimeout(() => send({ id, type: 'done', result: 'late' }), 2_300);
  });
  const ended: unknown[] = [];
  client.onEnded = (error) => ended.push(error);
  expect(await client.call('models', null, { signal: AbortSignal.abort() })).toBe('late');
  expect(ended).toEqual([]);
});

test('a worker that does not hear a cancel is ended, and all that waits for it is told', async () => {
  const events: unknown[] = [];
  const client = connect(({ id, method }, send) => {
    if (method === 'chat') send({ id, type: 'event', event: 'a token' });
  });
  const ended = new Promise((resolve) => (client.onEnded = (...how) => resolve(how)));
  const controller = new AbortController();
  const request = { messages: [] };
  const chat = client.call('chat', request, { signal: controller.signal, onEvent: (event) => events.push(event) });
  const other = client.call('vectors', null);
  const failures = Promise.allSettled([chat, other]);
  await new Promise((resolve) => setTimeout(resolve, 20));
  const start = performance.now();
  controller.abort();
  const stopped = { name: 'EngineStopped', message: expect.stringContaining('too busy to hear that it should stop') };
  for (const { status, reason } of (await failures) as PromiseRejectedResult[]) {
    expect([status, reason]).toEqual(['rejected', expect.objectContaining(stopped)]);
  }
  expect(performance.now() - start).toBeLessThan(4_000);
  expect(await ended).toEqual([expect.objectContaining(stopped), 'stuck']);
  expect(events).toEqual(['a token']);
  await expect(client.call('models', null)).rejects.toMatchObject(stopped);
});

test.each([
  [
    'onerror',
    { message: 'Uncaught RangeError: too deep.' },
    "The engine's worker stopped: Uncaught RangeError: too deep.",
  ],
  ['onerror', {}, "The engine's worker could not be started: a file of this page did not arrive."],
  ['onmessageerror', {}, "The engine's worker stopped: an answer of it could not be read."],
] as const)('a worker that dies is noticed and said (%s %j)', async (listener, event, message) => {
  const { port1, port2 } = new MessageChannel();
  open.push(port1, port2);
  const worker = asWorker(port1);
  const client = new EngineClient(worker);
  const ended: unknown[] = [];
  client.onEnded = (error, reason) => ended.push(reason);
  const running = client.call('models', null);
  worker[listener]!(event as ErrorEvent & MessageEvent);
  worker[listener]!(event as ErrorEvent & MessageEvent);
  await expect(running).rejects.toMatchObject({ name: 'EngineStopped', message });
  await expect(client.call('models', null)).rejects.toMatchObject({ name: 'EngineStopped', message });
  expect(ended).toEqual(['died']);
});
