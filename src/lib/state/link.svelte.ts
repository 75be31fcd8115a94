/** A conversation that came by link: shown as a preview beside the visitor's own, and run again on request. */
import { decodePermalink } from '../conversation/permalink';
import { chosenReply, messagesOf, type Conversation, type Reply as KeptReply } from '../conversation/conversation';
import { PersonascopeError } from '../errors';
import { positionProbes } from '../personas/position';
import type { ModelSource, TokenEvent } from '../engine/engine';
import { asError } from './as-error';
import { DutyCycle } from './duty-cycle';
import { findVectors } from './find-vectors';
import { compareReply, saysTheSame, type Difference } from './replay';
import { Reply } from './reply.svelte';
import type { Session } from './session.svelte';

export type ReplayResult =
  | { outcome: 'reproduced'; replies: number; tokens: number }
  /** The same as far as it goes: of these turns (0-based) the recorded replies did not end by themselves, or nothing says how they ended. */
  | { outcome: 'unfinished'; replies: number; tokens: number; turns: number[] }
  | ({ outcome: 'different'; turn: number; otherModel: boolean; otherVectors: string[] } & Difference);

/** What a link may need for a replay and this page has; see `permalink.ts`. */
const supportedNeeds: readonly string[] = [];

export interface LinkHooks {
  /** Whether a model may be loaded, which may mean a download. */
  confirm: (model: string | ModelSource) => Promise<boolean>;
  /** Ends the visitor's own reply, if one is being written. */
  silence: () => Promise<void>;
}

export class LinkState {
  readonly #session: Session;
  conversation = $state.raw<Conversation | null>(null);
  error = $state.raw<PersonascopeError | null>(null);
  /** What the tokens of each turn's reply say, once a model can tell; null where it can't. */
  decoded = $state.raw<(string | null)[]>([]);
  /** One a turn, as far as the replay got; null for a turn without a recorded reply. */
  replayed = $state.raw<(Reply | null)[]>([]);
  result = $state.raw<ReplayResult | null>(null);
  isReplaying = $state(false);
  #abort: AbortController | null = null;
  /** A slow reading of an earlier address must not overtake a later one. */
  #reads = 0;
  readonly #screen = new DutyCycle();
  readonly #hooks: LinkHooks;

  constructor(session: Session, hooks: LinkHooks) {
    this.#session = session;
    this.#hooks = hooks;
  }

  /** Reads the address. Nothing of the visitor's own is touched. */
  async read(hash: string): Promise<void> {
    this.close();
    const read = this.#reads;
    if (hash.length <= 1) return;
    try {
      const conversation = await decodePermalink(hash);
      if (read === this.#reads) this.conversation = conversation;
    } catch (cause) {
      if (read === this.#reads) this.error = asError(cause);
    }
  }

  close(): void {
    this.#reads++;
    this.#abort?.abort();
    this.conversation = null;
    this.error = null;
    this.decoded = [];
    this.replayed = [];
    this.result = null;
  }

  /** Whether the loaded model is the one the link was made with. */
  get needsModel(): boolean {
    return this.conversation !== null && !this.#session.isLoaded(this.conversation.model);
  }

  /** The recorded reply of a turn. */
  replyOf(turn: number): KeptReply | null {
    return this.conversation && chosenReply(this.conversation.turns[turn]!);
  }

  /** The words of a turn's reply: those that its tokens say where that is known, not those that whoever made the link wrote beside them. */
  textOf(turn: number): string {
    return this.decoded[turn] ?? this.replyOf(turn)?.text ?? '';
  }

  /** Of some reply nothing says yet what its tokens mean. */
  get hasUnchecked(): boolean {
    const turns = this.conversation?.turns ?? [];
    return turns.some((_, turn) => this.replyOf(turn)?.text && (this.decoded[turn] ?? null) === null);
  }

  /** The words in the link are not what its tokens say. */
  isForged(turn: number): boolean {
    const reply = this.replyOf(turn);
    const decoded = this.decoded[turn] ?? null;
    return reply !== null && decoded !== null && !saysTheSame(decoded, reply.text);
  }

  /** Asks the loaded model's tokenizer what the tokens of its replies say. */
  async decode(): Promise<void> {
    const conversation = this.conversation;
    if (!conversation || this.#session.phase !== 'ready') return;
    const decoded = await Promise.all(
      conversation.turns.map(async (turn) => {
        const reply = chosenReply(turn);
        if (!reply || !this.#session.isLoaded(reply.model ?? conversation.model)) return null;
        return this.#session.call('decode', { tokenIds: reply.tokenIds }).catch(() => null);
      }),
    );
    if (this.conversation === conversation) this.decoded = decoded;
  }

  /** Runs every reply again with its own model, messages, interventions, schedule and seed; stops at the first that differs. */
  async replay(): Promise<void> {
    const conversation = this.conversation;
    if (!conversation || this.isReplaying) return;
    const abort = (this.#abort = new AbortController());
    this.isReplaying = true;
    this.replayed = [];
    this.result = null;
    this.error = null;
    try {
      await this.#hooks.silence();
      if (!abort.signal.aborted) this.result = await this.#replayAll(conversation, abort.signal);
    } catch (cause) {
      if (!abort.signal.aborted) this.error = asError(cause);
    } finally {
      this.isReplaying = false;
    }
  }

  stop(): void {
    this.#abort?.abort();
  }

  /** The linked conversation, with what a replay read of it. */
  withReadings(): Conversation | null {
    const { conversation } = this;
    if (!conversation) return null;
    const turns = conversation.turns.map((turn, index) => {
      const reply = chosenReply(turn);
      if (!reply) return turn;
      const replayed = this.replayed[index];
      const isSame = replayed?.tokenIds.join() === reply.tokenIds.join();
      const trace = isSame ? replayed?.keep(conversation).trace : undefined;
      // The words that were shown, not those that a forged link carries.
      const opened = { ...reply, text: (isSame && replayed?.text) || this.textOf(index), ...(trace && { trace }) };
      return { ...turn, replies: turn.replies.map((one) => (one === reply ? opened : one)) };
    });
    return { ...conversation, turns };
  }

  async #replayAll(conversation: Conversation, signal: AbortSignal): Promise<ReplayResult | null> {
    checkNeeds(conversation);
    let tokens = 0;
    const unfinished: number[] = [];
    for (const [turn, shared] of conversation.turns.entries()) {
      const recorded = chosenReply(shared);
      const isSilent = recorded?.tokenIds.length === 0 && recorded.text === '' && !isWholeEnd(recorded.ended);
      if (!recorded || isSilent) {
        this.replayed = [...this.replayed, null];
        continue;
      }
      const model = recorded.model ?? conversation.model;
      if (!this.#session.isLoaded(model)) {
        if (!(await this.#hooks.confirm(model))) return null;
        await this.#session.load(model);
      }
      if (signal.aborted) return null;
      const known = await this.#session.call('vectorDigests', { names: null });
      if (signal.aborted) return null;
      const { found, others, missing } = findVectors(recorded, known);
      if (missing.length) {
        const message = `This conversation was steered with ${missing.join(', ')}, which is not known here.`;
        const nextStep = 'Ask for its file, import it in the workshop, and run the link again.';
        throw new PersonascopeError('BadRequest', message, nextStep);
      }
      const reply = Reply.again(found, conversation);
      this.replayed = [...this.replayed, reply];
      // One token more than was recorded: a reply that was cut short goes on there.
      const maxTokens = Math.min(reply.sampling.maxTokens, recorded.tokenIds.length + 1);
      const { space } = this.#session;
      const probes = space ? positionProbes(space.targetLayer) : [];
      const onEvent = (event: TokenEvent) => {
        reply.receive(event, space);
        this.#screen.run(() => reply.show());
      };
      const request = reply.request(messagesOf(conversation, turn), probes, maxTokens);
      const result = await this.#session.chat(request, { signal, onEvent });
      reply.finish(result, space);
      if (signal.aborted) return null;
      const compared = compareReply(recorded, result, reply.sampling.maxTokens);
      if (compared.difference) {
        const here = this.#session.identity.weights;
        const otherModel = !!recorded.madeWith?.weights && !!here && recorded.madeWith.weights !== here;
        return { outcome: 'different', turn, otherModel, otherVectors: others, ...compared.difference };
      }
      if (!compared.isWhole) unfinished.push(turn);
      tokens += recorded.tokenIds.length;
    }
    const replies = this.replayed.filter(Boolean).length;
    if (replies === 0) return null;
    if (unfinished.length) return { outcome: 'unfinished', replies, tokens, turns: unfinished };
    return { outcome: 'reproduced', replies, tokens };
  }
}

/** It ended by itself, so that a replay must end so too. */
const isWholeEnd = (ended: KeptReply['ended']) => ended === 'stop' || ended === 'length';

/** @throws PersonascopeError `NotSupported` naming what is missing */
function checkNeeds({ needs = [] }: Conversation): void {
  const missing = needs.filter((need) => !supportedNeeds.includes(need));
  if (missing.length === 0) return;
  const message = `A replay of this link needs ${missing.join(', ')}, which this version of the page does not have.`;
  throw new PersonascopeError(
    'NotSupported',
    message,
    'Reload the page to get the newest version. The text can be read.',
  );
}
