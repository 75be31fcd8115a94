/**
 * What was already answered, so that an extraction that is stopped, or whose page is reloaded, goes on from there: each reply is
 * kept as soon as it is written, under what was asked. The same question with the same seed has the same answer, so a
 * remembered one may stand for it.
 */
import { sha256 } from '../formats/sha256';
import type { ChatOptions, ChatResult, Collected, Engine, ModelInfo, ResolvedChatRequest } from '../engine/engine';

/** Where answers are kept: IndexedDB in the page, a map in tests and in Node. */
export interface AnswerStore {
  get(key: string): Promise<unknown>;
  set(key: string, value: unknown): Promise<void>;
  delete(keys: string[]): Promise<void>;
}

export class ReplyMemory {
  readonly #store: AnswerStore;
  /** How many answers had to be worked out, and how many were there. */
  readonly counts = { fresh: 0, remembered: 0 };
  /** Keys asked for since the outermost question that absorbs its parts began. */
  #parts: string[] | null = null;

  constructor(store: AnswerStore) {
    this.#store = store;
  }

  /**
   * @param question anything JSON can write; maps of layer vectors count by their numbers
   * @param absorbs the answer holds what its parts were needed for, so they are let go once it is there
   */
  async remember<T>(question: unknown, work: () => Promise<T>, { absorbs = false } = {}): Promise<T> {
    const key = await digest(question);
    if (!absorbs) this.#parts?.push(key);
    const known = await this.#store.get(key);
    if (known !== undefined) {
      this.counts.remembered++;
      return known as T;
    }
    if (absorbs) this.#parts = [];
    const answer = await work();
    if (!absorbs) this.counts.fresh++;
    await this.#store.set(key, answer);
    if (absorbs) await this.#store.delete(this.#parts ?? []);
    return answer;
  }
}

type Reply = ChatResult & { collected: Collected[] };

/** An engine that is asked nothing twice. */
export class RememberingEngine implements Engine {
  readonly info: ModelInfo;

  constructor(
    private readonly engine: Engine,
    private readonly memory: ReplyMemory,
  ) {
    this.info = engine.info;
  }

  /** A reply that was cut short by a signal is not kept. */
  async chat(request: ResolvedChatRequest, options: ChatOptions = {}): Promise<Reply> {
    const ask = async () => {
      const reply = await this.engine.chat(request, options);
      if (reply.stopReason === 'aborted') throw new Cut(reply);
      return reply;
    };
    try {
      return await this.memory.remember({ request, collect: options.collect ?? [] }, ask);
    } catch (cause) {
      if (cause instanceof Cut) return cause.reply;
      throw cause;
    }
  }

  forward: Engine['forward'] = (request, options) => this.engine.forward(request, options);

  steer: Engine['steer'] = (interventions) => this.engine.steer(interventions);

  /** The engine inside belongs to whoever made it. */
  destroy(): void {}
}

class Cut extends Error {
  constructor(readonly reply: Reply) {
    super('cut short');
  }
}

async function digest(question: unknown): Promise<string> {
  const json = JSON.stringify(question, (_key, value: unknown) => {
    if (value instanceof Map) return [...value];
    return ArrayBuffer.isView(value) ? Array.from(value as Float32Array) : value;
  });
  return sha256(new TextEncoder().encode(json));
}
