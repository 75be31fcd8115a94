/// <reference lib="webworker" />
/** The worker that owns the GPU: routes messages to the host, and answers each request exactly once. */
import { PersonascopeError, toErrorData } from '../errors';
import { storageTrouble } from '../storage/trouble';
import { EngineHost, type CallContext } from './host';
import type { FromWorker, Method, ToWorker } from './protocol';

const send = (message: FromWorker) => postMessage(message);
storageTrouble.subscribe((trouble) => send({ id: -1, type: 'storage', trouble }));
const running = new Map<number, AbortController>();

const lost = (reason: string) => {
  const error = new PersonascopeError(
    'DeviceLost',
    'The GPU was lost: its driver or the browser stopped it.',
    'Load the model again.',
    { cause: reason },
  );
  send({ id: -1, type: 'lost', error: toErrorData(error) });
};
const host = new EngineHost({ lost, unloaded: () => send({ id: -1, type: 'unloaded' }) });

onmessage = async ({ data }: MessageEvent<ToWorker>) => {
  const { id, method } = data;
  if (method === 'cancel') {
    send({ id, type: 'cancelling' });
    running.get(id)?.abort(new PersonascopeError('Aborted', 'It was cancelled.'));
    return;
  }
  const controller = new AbortController();
  running.set(id, controller);
  try {
    const call = host[method].bind(host) as (request: unknown, context: CallContext<Method>) => Promise<unknown>;
    const result = await call(data.request, {
      signal: controller.signal,
      emit: (event) => send({ id, type: 'event', event }),
    });
    send({ id, type: 'done', result });
  } catch (error) {
    send({ id, type: 'failed', error: toErrorData(error) });
  } finally {
    running.delete(id);
  }
};
