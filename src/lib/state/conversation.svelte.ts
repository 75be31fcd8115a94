/** The page's conversation: what was said, what is being said, and how it was steered. */
import type { ModelSource, TokenEvent } from '../engine/engine';
import { PersonascopeError } from '../errors';
import { limits } from '../limits';
import type { Message } from '../engine/message';
import { positionProbes } from '../personas/position';
import {
  chooseReply,
  defaultSampling,
  placeAt,
  toMessages,
  type Conversation,
  type ConversationSampling,
} from '../conversation/conversation';
import { asError } from './as-error';
import type { Dials } from './dials.svelte';
import { DutyCycle } from './duty-cycle';
import { vectorNames } from './find-vectors';
import { localTime } from './local-time';
import { Reply } from './reply.svelte';
import { findFullness, measureRoom, type Fullness, type Room } from './room';
import type { Session } from './session.svelte';

/** What a conversation needs of the loaded model, and of the dials. */
type Answering = Pick<Session, 'phase' | 'wanted' | 'identity' | 'space' | 'isLoaded' | 'call' | 'chat' | 'steer'>;
type Steering = Pick<Dials, 'interventions' | 'onMoved'>;

/** What sky and chart show of a turn. */
export interface ReadTurn {
  readonly reply: Reply | null;
  readonly plain: Reply | null;
}

/** A question and the replies it got, of which one is shown. */
export class Turn implements ReadTurn {
  readonly user: string;
  replies = $state.raw<Reply[]>([]);
  /** Index of the reply that is shown and that the model reads; null: none. */
  chosen = $state<number | null>(null);
  /** Why the last attempt left no words, where an earlier reply stayed in its place. */
  trouble = $state.raw<PersonascopeError | null>(null);
  /** What the question is being changed to; null: it is not. */
  draft = $state<string | null>(null);

  constructor(user: string, replies: Reply[] = [], chosen: number | null = null) {
    this.user = user;
    this.replies = replies;
    this.chosen = chosen;
  }

  get reply(): Reply | null {
    return this.chosen === null ? null : (this.replies[this.chosen] ?? null);
  }

  /** The unsteered answer beside it. */
  get plain(): Reply | null {
    return this.reply?.plain ?? null;
  }
}

/** All that belongs to the conversation, for an undo. */
export interface ConversationMemento {
  turns: Turn[];
  chosen: (number | null)[];
  system: string;
  sampling: ConversationSampling;
  seed: number | null;
  compare: boolean;
  firstRead: number;
  awaitsDials: boolean;
}

export class ConversationState {
  readonly #session: Answering;
  readonly #dials: Steering;
  turns = $state.raw<Turn[]>([]);
  system = $state('');
  readonly defaults = defaultSampling;
  sampling = $state<ConversationSampling>({ ...defaultSampling });
  /** The next replies' seed; null: drawn at random each time. */
  seed = $state<number | null>(null);
  /** Unsteered beside steered. */
  compare = $state(false);
  /** Index of the first turn that the next reply's model reads: those before were left out to make room. */
  firstRead = $state(0);
  isBusy = $state(false);
  /** It was brought back, and the dials do not stand yet where it left them: asked now, it would be answered by another character. */
  awaitsDials = $state(false);
  /** How long the conversation is, with what was last measured in the composer; null where no model can tell. */
  room = $state.raw<Room | null>(null);
  /** A message that did not fit, and what can be done. */
  full = $state.raw<Fullness | null>(null);
  /** Why a message was not taken at all. */
  refused = $state.raw<PersonascopeError | null>(null);
  #abort: AbortController | null = null;
  /** The reply that is being steered. */
  #current: Reply | null = null;
  /** The reply that is being written beside others, and what was chosen before it. */
  #begun: { turns: Turn[]; reply: Reply; before: (number | null)[] } | null = null;
  readonly #screen = new DutyCycle();
  #steerFrame = 0;
  /** Called when something worth keeping changed. */
  onChanged: (() => void) | null = null;
  /** Called while a reply grows, or what the next one is written under is set. */
  onGrown: (() => void) | null = null;
  /** Called when one more message was sent. */
  onSent: (() => void) | null = null;
  /** Called before turns are replaced by an edit. */
  onReplace: ((before: ConversationMemento) => void) | null = null;

  constructor(session: Answering, dials: Steering) {
    this.#session = session;
    this.#dials = dials;
    dials.onMoved = () => this.#scheduleSteer();
  }

  /** Asked now, a question would be answered. */
  get canAnswer(): boolean {
    return !this.isBusy && !this.awaitsDials && this.#session.phase === 'ready';
  }

  /** Of the last turn that has been read, in the loaded model's persona space. */
  readonly position = $derived.by(() => {
    const isHere = (reply: Reply | null) => reply?.position && this.#session.isLoaded(reply.model);
    return this.turns.findLast(({ reply }) => isHere(reply))?.reply?.position ?? null;
  });

  /** @returns whether the message was taken; if not, `full` or `refused` says why, and it is the caller's to keep */
  async send(text: string): Promise<boolean> {
    const question = text.trim();
    const before = this.turns;
    if (!this.canAnswer || !question || !this.#accepts(question, before.length + 1)) return false;
    const { full, isStopped, failure } = await this.#findFullness(question, before.length);
    // Another conversation came meanwhile.
    if (this.turns !== before) return false;
    if (isStopped && failure) this.#keepUnanswered(question, failure);
    if (isStopped) return failure !== null;
    this.full = full;
    if (full) return false;
    this.turns = [...before, new Turn(question)];
    this.onSent?.();
    void this.#answer(before.length);
    return true;
  }

  stop(): void {
    if (this.#current) this.#current.isStopping = true;
    this.#abort?.abort();
  }

  /** Writes one more reply to a turn; the earlier ones stay beside it. Default: the last turn. */
  async again(index = this.turns.length - 1): Promise<void> {
    if (!this.canAnswer || !this.turns[index]) return;
    this.full = null;
    await this.#answer(index);
  }

  /** Shows another of a turn's replies, and what was said after that one. */
  choose(index: number, chosen: number): void {
    if (this.isBusy || !this.turns[index]?.replies[chosen]) return;
    this.full = null;
    for (const turn of this.turns) turn.trouble = null;
    chooseReply(this.turns, index, chosen);
    this.onChanged?.();
  }

  /** Asks something else at this turn; what came after goes. @returns whether it was taken */
  async edit(index: number, text: string): Promise<boolean> {
    const question = text.trim();
    if (!this.canAnswer || !question || index >= this.turns.length || !this.#accepts(question, index + 1)) return false;
    this.full = null;
    this.onReplace?.(this.memento());
    this.turns = [...this.turns.slice(0, index), new Turn(question)];
    this.firstRead = Math.min(this.firstRead, index);
    await this.#answer(index);
    return true;
  }

  /** Asks every question again, in order, under the dials as they stand. The earlier replies stay; stopped half-way, the questions that are left wait to be asked. */
  async replay(): Promise<void> {
    if (!this.canAnswer) return;
    for (let index = 0; index < this.turns.length; index++) {
      const turns = this.turns;
      const isWhole = await this.#answer(index);
      if (!isWhole || this.turns !== turns) return;
    }
  }

  /** The oldest turns are no longer read, as many as it takes; then the message is sent. */
  async makeRoom(firstRead: number, message: string): Promise<boolean> {
    this.firstRead = Math.min(firstRead, this.turns.length);
    this.full = null;
    return this.send(message);
  }

  /** For a turn whose conversation did not fit: leaves out the oldest turns and answers it. */
  async makeRoomAndAnswer(index: number): Promise<void> {
    const { turns } = this;
    const turn = turns[index];
    if (!this.canAnswer || !turn) return;
    const { full, isStopped } = await this.#findFullness(turn.user, index);
    if (isStopped || this.turns !== turns) return;
    if (full?.firstRead === null) {
      const message = `Even alone the message has ${full.tokens} tokens with its template; this model reads ${full.contextLength}.`;
      turn.trouble = new PersonascopeError('ContextOverflow', message, 'Edit it, so that it is shorter.');
      return;
    }
    if (full) this.firstRead = full.firstRead;
    await this.#answer(index);
  }

  /** Measures the conversation with a message that is being written. */
  async measure(draft: string): Promise<void> {
    this.room = await measureRoom((messages) => this.#count(messages), this.#prompt(this.turns.length, draft));
  }

  memento(): ConversationMemento {
    const { turns, system, seed, compare, firstRead, awaitsDials } = this;
    const { chosen } = this.#settled();
    return { turns, chosen, system, sampling: { ...this.sampling }, seed, compare, firstRead, awaitsDials };
  }

  /** Brings back what a memento holds; replies that were written meanwhile are among their turn's still. */
  recall({ turns, chosen, ...rest }: ConversationMemento): void {
    this.stop();
    turns.forEach((turn, i) => (turn.chosen = chosen[i]!));
    Object.assign(this, rest, { turns });
    this.full = this.refused = null;
  }

  /** Nothing said, no system prompt. How replies are drawn stays. */
  clear(): void {
    this.stop();
    this.turns = [];
    this.system = '';
    this.firstRead = 0;
    this.awaitsDials = false;
    this.full = this.refused = null;
  }

  export(model: string | ModelSource): Conversation {
    const setting = { model, system: this.system.trim(), sampling: { ...this.sampling } };
    const settled = this.#settled();
    const turns = this.turns.map(({ user, replies }, index) => ({
      user,
      replies: replies.filter((reply) => reply !== settled.without).map((reply) => reply.keep(setting)),
      chosen: settled.chosen[index]!,
    }));
    return { ...setting, turns, ...(this.firstRead > 0 && { firstRead: this.firstRead }) };
  }

  restore(conversation: Conversation): void {
    this.clear();
    this.system = conversation.system;
    this.sampling = { ...conversation.sampling };
    this.firstRead = Math.min(conversation.firstRead ?? 0, conversation.turns.length);
    this.turns = conversation.turns.map(({ user, replies, chosen }) => {
      const restored = replies.map((reply) => Reply.restore(reply, conversation));
      return new Turn(user, restored, chosen);
    });
  }

  /** What is chosen. A reply that is being written beside others, and has no words yet, may still come to nothing: it does not count. */
  #settled(): { chosen: (number | null)[]; without: Reply | null } {
    const begun = this.#begun;
    begun?.reply.show();
    if (!begun || begun.reply.text || begun.turns !== this.turns) {
      return { chosen: this.turns.map(({ chosen }) => chosen), without: null };
    }
    return { chosen: begun.before, without: begun.reply };
  }

  /** Says what is too long or too much, before anything is lost. */
  #accepts(question: string, turns: number): boolean {
    this.refused = null;
    const refuse = (message: string, nextStep: string) =>
      (this.refused = new PersonascopeError('BadRequest', message, nextStep));
    const count = (number: number) => number.toLocaleString('en');
    if (question.length > limits.message) {
      const message = `The message has ${count(question.length)} characters; at most ${count(limits.message)} can be sent.`;
      refuse(message, 'Shorten it, or send it in parts.');
    } else if (this.system.trim().length > limits.message) {
      const message = `The system prompt has ${count(this.system.trim().length)} characters; at most ${count(limits.message)} can be sent.`;
      refuse(message, 'Shorten it.');
    } else if (turns > limits.turns) {
      refuse(
        `A conversation holds ${limits.turns} turns, and this one is full.`,
        'Start a new chat; this one stays in the list.',
      );
    }
    return this.refused === null;
  }

  /** Counts whether a question has room at turn `index`; nothing else begins meanwhile. @returns `failure`: why it could not be counted */
  async #findFullness(
    question: string,
    index: number,
  ): Promise<{ full: Fullness | null; isStopped: boolean; failure: PersonascopeError | null }> {
    const { signal } = (this.#abort = new AbortController());
    this.isBusy = true;
    let failure: PersonascopeError | null = null;
    const count = (messages: Message[]) =>
      this.#count(messages, signal).catch((cause: unknown) => {
        failure = asError(cause);
        throw cause;
      });
    try {
      const full = await findFullness(count, this.#prompt(index, question), this.sampling.maxTokens);
      return { full, isStopped: signal.aborted, failure };
    } finally {
      this.isBusy = false;
      this.#abort = null;
    }
  }

  /** The engine was ended over a message that it never came to answer: the message stays, with why. */
  #keepUnanswered(question: string, error: PersonascopeError): void {
    const reply = new Reply({ ...this.#start(this.turns.length), interventions: this.#dials.interventions() });
    reply.fail(error);
    this.turns = [...this.turns, new Turn(question, [reply], 0)];
    this.onSent?.();
    this.onChanged?.();
  }

  #prompt(index: number, question: string) {
    const said = this.turns.slice(0, index).map((turn) => ({ user: turn.user, reply: turn.reply?.text ?? '' }));
    return { system: this.system.trim(), said, question, firstRead: this.#firstReadAt(index) };
  }

  /** A turn that the model no longer reads is answered again with what was read for it before. */
  #firstReadAt(index: number): number {
    if (index >= this.firstRead) return this.firstRead;
    const { reply, replies } = this.turns[index]!;
    return Math.min((reply?.isWriting ? null : reply)?.firstRead ?? replies[0]?.firstRead ?? 0, index);
  }

  #count(messages: Message[], signal?: AbortSignal): Promise<Room> {
    return this.#session.call('count', { messages, date: localTime() }, signal ? { signal } : {});
  }

  /** Writes one more reply to the turn, and shows it. @returns whether it ended by itself */
  async #answer(index: number): Promise<boolean> {
    const turns = this.turns;
    const turn = turns[index]!;
    const before = turns.map(({ chosen }) => chosen);
    turn.trouble = null;
    if (turn.replies.length >= limits.replies) {
      const message = `A turn keeps ${limits.replies} replies, and this one has as many.`;
      turn.trouble = new PersonascopeError('BadRequest', message, 'Ask in a new turn, or start a new chat.');
      return false;
    }
    const abort = (this.#abort = new AbortController());
    this.isBusy = true;
    const start = this.#start(index);
    const reply = new Reply({ ...start, interventions: this.#dials.interventions() });
    if (turn.replies.length > 0) this.#begun = { turns, reply, before };
    turn.replies = [...turn.replies, reply];
    chooseReply(turns, index, turn.replies.length - 1);
    this.onChanged?.();
    try {
      await this.#write(reply, this.#messages(index, 'reply'), abort.signal);
      if (this.compare && reply.isWhole) {
        reply.plain = new Reply({ ...start, interventions: [] });
        await this.#write(reply.plain, this.#messages(index, 'plain'), abort.signal);
      }
    } finally {
      this.isBusy = false;
      this.#abort = this.#begun = null;
      if (!reply.text && !reply.isWhole && turn.replies.length > 1) {
        turn.replies = turn.replies.filter((one) => one !== reply);
        turns.forEach((one, i) => (one.chosen = before[i]!));
        turn.trouble = reply.error;
      }
      if (this.turns === turns) {
        this.onChanged?.();
        void this.measure('');
      }
    }
    return reply.isWhole && !abort.signal.aborted;
  }

  #start(index: number) {
    const { identity, wanted } = this.#session;
    const { weights, pack } = identity;
    return {
      seed: this.seed ?? crypto.getRandomValues(new Uint32Array(1))[0]!,
      ...{ model: wanted ?? '', system: this.system.trim(), sampling: { ...this.sampling } },
      place: placeAt(this.turns, index),
      firstRead: this.#firstReadAt(index),
      date: localTime(),
      madeWith: { ...(weights && { weights }), ...(pack && { pack }) },
    };
  }

  async #write(reply: Reply, messages: Message[], signal: AbortSignal): Promise<void> {
    const { space } = this.#session;
    const probes = space ? positionProbes(space.targetLayer) : [];
    // Asked before: a vector may be made anew while the reply is written.
    const digests = this.#session.call('vectorDigests', { names: null }).catch(() => null);
    this.#current = reply;
    try {
      const onEvent = (event: TokenEvent) => {
        reply.receive(event, space);
        this.#screen.run(() => {
          reply.show();
          this.onGrown?.();
        });
      };
      reply.finish(await this.#session.chat(reply.request(messages, probes), { signal, onEvent }), space);
    } catch (cause) {
      reply.fail(asError(cause));
    } finally {
      this.#current = null;
      // What the vectors of the reply were, not only what they were called.
      const names = vectorNames(reply);
      const vectors = (await digests)?.filter(([name]) => names.includes(name)) ?? [];
      if (vectors.length) reply.madeWith = { ...reply.madeWith, vectors };
    }
  }

  /** The unsteered side goes on with its own earlier answers where it has them. */
  #messages(index: number, side: 'reply' | 'plain'): Message[] {
    const { system, said, question, firstRead } = this.#prompt(index, this.turns[index]!.user);
    const heard = said.map((one, i) => ({
      ...one,
      reply: (side === 'plain' && this.turns[i]!.plain?.text) || one.reply,
    }));
    return toMessages(system, heard.slice(firstRead), question);
  }

  /** A dial moved: the running reply feels it from the next token on. At most once a frame. */
  #scheduleSteer(): void {
    if (!this.isBusy || this.#steerFrame) return;
    this.#steerFrame = requestAnimationFrame(async () => {
      this.#steerFrame = 0;
      const reply = this.#current;
      // The reply without steering stays without.
      if (!reply?.isWriting || this.turns.some(({ plain }) => plain === reply)) return;
      const interventions = this.#dials.interventions();
      try {
        const token = await this.#session.steer(interventions);
        if (token !== null) reply.steered(token, interventions);
      } catch (cause) {
        reply.error = asError(cause);
      }
    });
  }
}
