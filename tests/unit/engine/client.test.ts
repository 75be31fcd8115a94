/** The page's end of the protocol, over a real message channel: every call settles exactly once. */
import { afterEach, expect, test } from 'vitest';
import { EngineClient } from '../../../src/lib/engine/client';
import type { FromWorker, ToWorker } from '../../../src/lib/engine/protocol';
import { PersonascopeError } from '../../../src/lib/errors';

const open: MessagePort[] = [];
afterEach(() => open.splice(0).forEach((port) => port.close()));

/** A client, and what the other end received and can send. */
function connect(answer: (message: ToWorker, send: (message: FromWorker) => void) => void): EngineClient {
  const { port1, port2 } = new MessageChannel();
  open.push(port1, port2);
  port2.onmessage = ({ data }) => answer(data, (message) => port2.postMessage(message));
  return new EngineClient(Object.assign(port1, { terminate: () => port1.close(), onerror: null }) as unknown as Worker);
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

test('a worker that stops is a fault of ours', async () => {
  const { port1, port2 } = new MessageChannel();
  open.push(port1, port2);
  const worker = Object.assign(port1, { terminate: () => port1.close(), onerror: null }) as unknown as Worker;
  const client = new EngineClient(worker);
  const running = client.call('models', null);
  worker.onerror!({ message: 'out of memory' } as ErrorEvent);
  await expect(running).rejects.toMatchObject({ name: 'Internal', message: expect.stringContaining('out of memory') });
});
