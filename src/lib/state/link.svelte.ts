/** A conversation that came by link: shown as a preview beside the visitor's own, and run again on request. */
import { decodePermalink } from '../share/permalink';
import { messagesOf, type Conversation } from '../share/conversation';
import { PersonascopeError } from '../errors';
import { positionProbes } from '../interp/position';
import type { ChatRequest, ModelSource, TokenEvent } from '../engine/engine';
import { asError } from './as-error';
import { DutyCycle } from './duty-cycle';
import { Reply } from './reply.svelte';
import type { Session } from './session.svelte';

export type ReplayResult =
  | { outcome: 'reproduced'; replies: number; tokens: number }
  /** 0-based; the texts are the recorded and the replayed token, '' for none. */
  | { outcome: 'different'; turn: number; token: number; recorded: string; replayed: string };

export class LinkState {
  readonly #session: Session;
  conversation = $state.raw<Conversation | null>(null);
  error = $state.raw<PersonascopeError | null>(null);
  /** One a turn, as far as the replay got; null for a turn without a recorded reply. */
  replayed = $state.raw<(Reply | null)[]>([]);
  result = $state.raw<ReplayResult | null>(null);
  isReplaying = $state(false);
  #abort: AbortController | null = null;
  readonly #screen = new DutyCycle();

  readonly #confirm: (model: string | ModelSource) => Promise<boolean>;

  /** @param confirm whether a model may be loaded, which may mean a download */
  constructor(session: Session, confirm: (model: string | ModelSource) => Promise<boolean>) {
    this.#session = session;
    this.#confirm = confirm;
  }

  /** Reads the address. Nothing of the visitor's own is touched. */
  async read(hash: string): Promise<void> {
    this.close();
    if (hash.length <= 1) return;
    try {
      this.conversation = await decodePermalink(hash);
    } catch (cause) {
      this.error = asError(cause);
    }
  }

  close(): void {
    this.#abort?.abort();
    this.conversation = null;
    this.error = null;
    this.replayed = [];
    this.result = null;
  }

  /** Whether the loaded model is the one the link was made with. */
  get needsModel(): boolean {
    return this.conversation !== null && !this.#session.isLoaded(this.conversation.model);
  }

  /** Runs every reply again with its own model, messages, interventions, schedule and seed; stops at the first token that differs. */
  async replay(): Promise<void> {
    const conversation = this.conversation;
    if (!conversation || this.isReplaying) return;
    const abort = (this.#abort = new AbortController());
    this.isReplaying = true;
    this.replayed = [];
    this.result = null;
    this.error = null;
    try {
      this.result = await this.#replayAll(conversation, abort.signal);
    } catch (cause) {
      if (!abort.signal.aborted) this.error = asError(cause);
    } finally {
      this.isReplaying = false;
    }
  }

  async #replayAll(conversation: Conversation, signal: AbortSignal): Promise<ReplayResult | null> {
    let tokens = 0;
    for (const [turn, { reply: recorded }] of conversation.turns.entries()) {
      if (!recorded) {
        this.replayed = [...this.replayed, null];
        continue;
      }
      const reply = Reply.again(recorded, conversation);
      if (!this.#session.isLoaded(reply.model)) {
        if (!(await this.#confirm(reply.model))) return null;
        await this.#session.load(reply.model);
      }
      if (signal.aborted) return null;
      const { space } = this.#session;
      const probes = space ? positionProbes(space.targetLayer) : [];
      this.replayed = [...this.replayed, reply];
      // A reply that was stopped by hand is as long as it got; the replay needs no more.
      const maxTokens = Math.max(1, recorded.tokenIds.length);
      const request = reply.request(messagesOf(conversation, turn), probes, maxTokens);
      const onEvent = (event: TokenEvent) => {
        reply.receive(event, space);
        this.#screen.run(() => reply.show());
      };
      await this.#requireVectors(request);
      const result = await this.#session.chat(request, { signal, onEvent });
      reply.finish(result, space);
      if (signal.aborted) return null;
      const replayedIds = result.tokens.map(({ id }) => id);
      const token = recorded.tokenIds.findIndex((id, index) => id !== replayedIds[index]);
      if (token >= 0) {
        const replayed = result.tokens[token]?.text ?? '';
        return { outcome: 'different', turn, token, recorded: recorded.trace?.tokens[token]?.text ?? '', replayed };
      }
      tokens += recorded.tokenIds.length;
    }
    const replies = this.replayed.filter(Boolean).length;
    return { outcome: 'reproduced', replies, tokens };
  }

  /** A vector of the sender's browser may have been too long for the link. */
  async #requireVectors({ interventions = [], schedule = [] }: ChatRequest): Promise<void> {
    const named = [interventions, ...schedule.map((step) => step.interventions)].flat().map(({ vector }) => vector);
    const known = (await this.#session.vectors()).map(({ name }) => name);
    const missing = named.find((vector) => typeof vector === 'string' && !known.includes(vector));
    if (missing === undefined) return;
    throw new PersonascopeError(
      'BadRequest',
      `This conversation was steered with “${missing as string}”, which is not known here.`,
      'Ask for its file, import it in the workshop, and run the link again.',
    );
  }
}
