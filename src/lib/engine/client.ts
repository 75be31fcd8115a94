/** The page's end of the worker protocol. */
import { PersonascopeError, fromErrorData } from '../errors';
import { storageTrouble } from '../storage/trouble';
import type { FromWorker, Method, Methods, ToWorker } from './protocol';

interface Pending {
  resolve: (result: never) => void;
  reject: (error: Error) => void;
  onEvent?: (event: never) => void;
  stopListening: () => void;
}

export interface CallOptions<M extends Method> {
  /** Cancels the call: it then rejects with `Aborted`, except `chat`, which resolves with `stopReason: 'aborted'` and the text so far. */
  signal?: AbortSignal;
  onEvent?: (event: Methods[M]['event']) => void;
}

export class EngineClient {
  readonly #worker: Worker;
  readonly #pending = new Map<number, Pending>();
  #nextId = 1;
  /** Called when the GPU device is lost; the model has to be loaded again. */
  onLost: ((error: PersonascopeError) => void) | null = null;
  /** Called when the loaded model made room for the one that is being loaded. */
  onUnloaded: (() => void) | null = null;

  constructor(worker: Worker) {
    this.#worker = worker;
    worker.onmessage = ({ data }: MessageEvent<FromWorker>) => this.#receive(data);
    worker.onerror = (event) =>
      this.#failAll(
        new PersonascopeError('Internal', `The engine's worker stopped: ${event.message}.`, 'Reload the page.'),
      );
  }

  call<M extends Method>(
    method: M,
    request: Methods[M]['request'],
    options: CallOptions<M> = {},
  ): Promise<Methods[M]['result']> {
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      const cancel = () => this.#send({ id, method: 'cancel' });
      options.signal?.addEventListener('abort', cancel, { once: true });
      this.#pending.set(id, {
        resolve,
        reject,
        onEvent: options.onEvent as Pending['onEvent'],
        stopListening: () => options.signal?.removeEventListener('abort', cancel),
      });
      try {
        this.#send({ id, method, request } as ToWorker);
      } catch (cause) {
        this.#pending.get(id)!.stopListening();
        this.#pending.delete(id);
        reject(unsendable(cause));
        return;
      }
      if (options.signal?.aborted) cancel();
    });
  }

  /** Ends the worker; everything under way fails with `Aborted`. */
  close(): void {
    this.#worker.terminate();
    this.#failAll(new PersonascopeError('Aborted', 'The engine was closed.'));
  }

  #send(message: ToWorker): void {
    this.#worker.postMessage(message);
  }

  #receive(message: FromWorker): void {
    if (message.type === 'lost') {
      this.onLost?.(fromErrorData(message.error));
      return;
    }
    if (message.type === 'unloaded') {
      this.onUnloaded?.();
      return;
    }
    if (message.type === 'storage') {
      storageTrouble.report(message.trouble);
      return;
    }
    const pending = this.#pending.get(message.id);
    if (!pending) return;
    if (message.type === 'event') {
      pending.onEvent?.(message.event as never);
      return;
    }
    this.#pending.delete(message.id);
    pending.stopListening();
    if (message.type === 'done') pending.resolve(message.result as never);
    else pending.reject(fromErrorData(message.error));
  }

  #failAll(error: PersonascopeError): void {
    for (const pending of this.#pending.values()) {
      pending.stopListening();
      pending.reject(error);
    }
    this.#pending.clear();
  }
}

/** A request is plain data: a function or a proxy in it cannot be copied to the worker. */
function unsendable(cause: unknown): PersonascopeError {
  const message = `The request holds what is no plain data (${cause instanceof Error ? cause.message : String(cause)}).`;
  return new PersonascopeError('BadRequest', message, 'Leave it out and send the request again.', { cause });
}

/** Starts the engine's worker. */
export function startEngine(): EngineClient {
  return new EngineClient(new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' }));
}
