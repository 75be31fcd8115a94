/** The page's end of the worker protocol. */
import { PersonascopeError, fromErrorData } from '../errors';
import { storageTrouble } from '../storage/trouble';
import { watchSilence, type SilenceWatch } from '../silence';
import type { FromWorker, Method, Methods, ToWorker } from './protocol';

interface Pending {
  resolve: (result: never) => void;
  reject: (error: Error) => void;
  onEvent?: (event: never) => void;
  stopListening: () => void;
  /** Of a cancel that the worker has not heard yet. */
  patience?: SilenceWatch;
}

export interface CallOptions<M extends Method> {
  /**
   * Cancels the call: it then rejects with `Aborted`, except `chat`, which resolves with `stopReason: 'aborted'` and the text so far.
   * A worker too busy to hear it is ended, and every call with it rejects with `EngineStopped`.
   */
  signal?: AbortSignal;
  onEvent?: (event: Methods[M]['event']) => void;
}

/** Milliseconds that the worker has to hear a cancel: what it does in one go is shorter, unless it is stuck. */
const PATIENCE = 2_000;

export class EngineClient {
  readonly #worker: Worker;
  readonly #pending = new Map<number, Pending>();
  #nextId = 1;
  /** Why nothing answers any more. */
  #ended: PersonascopeError | null = null;
  /** Called when the GPU device is lost; the model has to be loaded again. */
  onLost: ((error: PersonascopeError) => void) | null = null;
  /** Called when the loaded model made room for the one that is being loaded. */
  onUnloaded: (() => void) | null = null;
  /** Called for each call that fails, whatever else is told about it. */
  onFailed: ((error: PersonascopeError) => void) | null = null;
  /** Called when the worker is no more: it died, or it was ended because it did not hear a cancel. */
  onEnded: ((error: PersonascopeError, reason: 'died' | 'stuck') => void) | null = null;

  constructor(worker: Worker) {
    this.#worker = worker;
    worker.onmessage = ({ data }: MessageEvent<FromWorker>) => this.#receive(data);
    worker.onerror = (event) => this.#end(describeDeath(event.message), 'died');
    worker.onmessageerror = () => this.#end(describeDeath('an answer of it could not be read'), 'died');
  }

  call<M extends Method>(
    method: M,
    request: Methods[M]['request'],
    options: CallOptions<M> = {},
  ): Promise<Methods[M]['result']> {
    if (this.#ended) return Promise.reject(this.#ended);
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      const cancel = () => this.#cancel(id);
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
    this.#end(new PersonascopeError('Aborted', 'The engine was closed.'), null);
  }

  #send(message: ToWorker): void {
    this.#worker.postMessage(message);
  }

  #cancel(id: number): void {
    const pending = this.#pending.get(id);
    if (!pending) return;
    this.#send({ id, method: 'cancel' });
    pending.patience = watchSilence(PATIENCE / 4, (silence) => {
      if (silence >= PATIENCE) this.#end(describeStuck(), 'stuck');
    });
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
    pending.patience?.stop();
    if (message.type === 'cancelling') return;
    this.#pending.delete(message.id);
    pending.stopListening();
    if (message.type === 'done') pending.resolve(message.result as never);
    else this.#reject(pending, fromErrorData(message.error));
  }

  #reject(pending: Pending, error: PersonascopeError): void {
    pending.reject(error);
    this.onFailed?.(error);
  }

  /** Once. @param reason null: the page wanted it */
  #end(error: PersonascopeError, reason: 'died' | 'stuck' | null): void {
    if (this.#ended) return;
    this.#ended = error;
    this.#worker.terminate();
    for (const pending of this.#pending.values()) {
      pending.patience?.stop();
      pending.stopListening();
      this.#reject(pending, error);
    }
    this.#pending.clear();
    if (reason !== null) this.onEnded?.(error, reason);
  }
}

/** A request is plain data: a function or a proxy in it cannot be copied to the worker. */
function unsendable(cause: unknown): PersonascopeError {
  const message = `The request holds what is no plain data (${cause instanceof Error ? cause.message : String(cause)}).`;
  return new PersonascopeError('BadRequest', message, 'Leave it out and send the request again.', { cause });
}

/** @param message the browser's; a script that could not be fetched has none */
function describeDeath(message: string | undefined): PersonascopeError {
  const what = message
    ? `The engine's worker stopped: ${message.replace(/\.$/, '')}.`
    : "The engine's worker could not be started: a file of this page did not arrive.";
  return new PersonascopeError('EngineStopped', what, 'Try again; if it happens again, reload the page.');
}

function describeStuck(): PersonascopeError {
  return new PersonascopeError(
    'EngineStopped',
    `The engine was too busy to hear that it should stop, so it was ended after ${PATIENCE / 1000} s.`,
    'Go on as soon as a model is loaded again.',
  );
}

/** Starts the engine's worker. */
export function startEngine(): EngineClient {
  return new EngineClient(new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' }));
}
