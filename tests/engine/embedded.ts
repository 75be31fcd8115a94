/** The embedded model behind what the page calls, without a worker between. */
import { vi } from 'vitest';
import type { CallOptions } from '../../src/lib/worker/client';
import type { ChatRequest, ChatResult } from '../../src/lib/engine/engine';
import { EngineHost } from '../../src/lib/worker/host';
import type { Method, Methods } from '../../src/lib/worker/protocol';
import { fetchLocal, localUrl } from './local-files';

/** What happens to calls of `chat` on their way: each takes the next; then all go through. */
export type Fate = (request: ChatRequest, options: CallOptions<'chat'>) => Promise<ChatResult>;

export async function startEmbedded() {
  vi.stubGlobal('fetch', fetchLocal);
  // The page draws when the browser does; late drawings come after the last test.
  globalThis.requestAnimationFrame = (run) => Number(setTimeout(run, 0));
  const model = 'organism-assistant';
  const host = new EngineHost({ lost: () => undefined, unloaded: () => undefined });
  const baseUrl = localUrl(`${process.cwd()}/static`);
  const context = { signal: new AbortController().signal, emit: () => undefined };
  const loaded = await host.load({ model, baseUrl }, context);

  const call = <M extends Method>(method: M, request: Methods[M]['request'], options: CallOptions<M> = {}) => {
    const { signal = new AbortController().signal, onEvent = () => undefined } = options;
    // eslint-disable-next-line @typescript-eslint/no-explicit-any -- one call for all methods, as the worker makes it
    return (host[method] as any)(request, { signal, emit: onEvent }) as Promise<Methods[M]['result']>;
  };

  function openSession(fates: Fate[] = []) {
    const requests: ChatRequest[] = [];
    return {
      requests,
      phase: 'ready' as const,
      wanted: model,
      identity: loaded.identity,
      space: loaded.personaSpace,
      isLoaded: () => true,
      call,
      chat: (request: ChatRequest, options: CallOptions<'chat'> = {}) => {
        requests.push(request);
        const fate = fates.shift();
        return fate ? fate(request, options) : call('chat', request, options);
      },
      steer: async () => null,
    };
  }
  return { host, model, loaded, call, openSession };
}
