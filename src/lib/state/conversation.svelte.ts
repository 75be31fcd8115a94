/** The page's conversation: what was said, what is being said, and how it was steered. */
import type { ChatRequest, ModelSource, TokenEvent } from '../engine/engine';
import { positionProbes } from '../interp/position';
import { defaultSampling, type Conversation, type ConversationSampling } from '../share/conversation';
import { asError } from './as-error';
import type { Dials } from './dials.svelte';
import { DutyCycle } from './duty-cycle';
import { Reply } from './reply.svelte';
import type { Session } from './session.svelte';

/** What sky and chart show of a turn. */
export interface ReadTurn {
  readonly reply: Reply | null;
  readonly plain: Reply | null;
}

/** A question and its answer; `plain` is the unsteered answer beside it. */
export class Turn {
  readonly user: string;
  reply = $state.raw<Reply | null>(null);
  plain = $state.raw<Reply | null>(null);

  constructor(user: string, reply: Reply | null = null) {
    this.user = user;
    this.reply = reply;
  }
}

export class ConversationState {
  readonly #session: Session;
  readonly #dials: Dials;
  turns = $state.raw<Turn[]>([]);
  system = $state('');
  readonly defaults = defaultSampling;
  sampling = $state<ConversationSampling>({ ...defaultSampling });
  /** The next replies' seed; null: drawn at random each time. */
  seed = $state<number | null>(null);
  /** Unsteered beside steered. */
  compare = $state(false);
  isBusy = $state(false);
  #abort: AbortController | null = null;
  /** The turn that is being answered. */
  #current: Turn | null = null;
  readonly #screen = new DutyCycle();
  #steerFrame = 0;
  /** Called when something worth keeping changed. */
  onChanged: (() => void) | null = null;

  constructor(session: Session, dials: Dials) {
    this.#session = session;
    this.#dials = dials;
    dials.onMoved = () => this.#scheduleSteer();
  }

  /** Asked now, a question would be answered. */
  get canAnswer(): boolean {
    return !this.isBusy && this.#session.phase === 'ready';
  }

  /** Of the last turn that has been read, in the loaded model's persona space. */
  readonly position = $derived.by(() => {
    const isHere = (reply: Reply | null) => reply?.position && this.#session.isLoaded(reply.model);
    return this.turns.findLast(({ reply }) => isHere(reply))?.reply?.position ?? null;
  });

  async send(text: string): Promise<void> {
    if (!this.canAnswer || !text.trim()) return;
    await this.#answer([...this.turns, new Turn(text.trim())]);
  }

  stop(): void {
    this.#abort?.abort();
  }

  /** Writes the last reply anew. */
  async regenerate(): Promise<void> {
    const last = this.turns.at(-1);
    if (!this.canAnswer || !last) return;
    await this.#answer([...this.turns.slice(0, -1), new Turn(last.user)]);
  }

  /** Asks something else at this turn; what came after goes. */
  async edit(index: number, text: string): Promise<void> {
    if (!this.canAnswer || !text.trim() || index >= this.turns.length) return;
    await this.#answer([...this.turns.slice(0, index), new Turn(text.trim())]);
  }

  /** Asks every question again, in order, under the dials as they stand. Stopped half-way, the questions that are left stay, unanswered. */
  async replay(): Promise<void> {
    const questions = this.turns.map(({ user }) => user);
    if (!this.canAnswer) return;
    let told: Turn[] = [];
    for (const [index, user] of questions.entries()) {
      told = [...told, new Turn(user)];
      const wasStopped = await this.#answer(told, questions.slice(index + 1));
      if (wasStopped || !this.#isCurrent(told) || told.at(-1)!.reply!.status === 'failed') return;
    }
  }

  clear(): void {
    this.stop();
    this.turns = [];
    this.onChanged?.();
  }

  export(model: string | ModelSource): Conversation {
    const setting = { model, system: this.system.trim(), sampling: { ...this.sampling } };
    const turns = this.turns.map(({ user, reply }) => ({
      user,
      reply: reply && !reply.isWriting && reply.tokenIds.length ? reply.keep(setting) : null,
    }));
    return { ...setting, turns };
  }

  restore(conversation: Conversation): void {
    this.stop();
    this.system = conversation.system;
    this.sampling = { ...conversation.sampling };
    this.turns = conversation.turns.map(
      ({ user, reply }) => new Turn(user, reply && Reply.restore(reply, conversation)),
    );
  }

  /** Whether these turns are still the conversation's first ones. */
  #isCurrent(turns: readonly Turn[]): boolean {
    return turns.every((turn, i) => turn === this.turns[i]);
  }

  /** Answers the last of the turns. @param waiting questions that stay behind it, unanswered. @returns whether it was stopped */
  async #answer(turns: Turn[], waiting: readonly string[] = []): Promise<boolean> {
    const turn = turns.at(-1)!;
    const seed = this.seed ?? crypto.getRandomValues(new Uint32Array(1))[0]!;
    const abort = new AbortController();
    this.#abort = abort;
    this.isBusy = true;
    this.#current = turn;
    this.turns = [...turns, ...waiting.map((question) => new Turn(question))];
    const setting = { model: this.#session.wanted ?? '', system: this.system.trim(), sampling: this.sampling };
    turn.reply = new Reply(seed, this.#dials.interventions(), setting);
    this.onChanged?.();
    try {
      await this.#write(turn.reply, this.#messages(turns, 'reply'), abort.signal);
      if (this.compare && !abort.signal.aborted && turn.reply.status !== 'failed') {
        turn.plain = new Reply(seed, [], setting);
        await this.#write(turn.plain, this.#messages(turns, 'plain'), abort.signal);
      }
    } finally {
      this.isBusy = false;
      this.#abort = null;
      this.#current = null;
      if (this.#isCurrent(turns)) this.onChanged?.();
    }
    return abort.signal.aborted;
  }

  async #write(reply: Reply, messages: ChatRequest['messages'], signal: AbortSignal): Promise<void> {
    const { space } = this.#session;
    const probes = space ? positionProbes(space.targetLayer) : [];
    try {
      const onEvent = (event: TokenEvent) => {
        reply.receive(event, space);
        this.#screen.run(() => reply.show());
      };
      const result = await this.#session.chat(reply.request(messages, probes, this.sampling.maxTokens), {
        signal,
        onEvent,
      });
      reply.finish(result, space);
    } catch (cause) {
      reply.fail(asError(cause));
    }
  }

  /** The unsteered side goes on with its own earlier answers where it has them. */
  #messages(turns: Turn[], side: 'reply' | 'plain'): ChatRequest['messages'] {
    const system = turns.at(-1)?.reply?.system;
    const messages: ChatRequest['messages'] = system ? [{ role: 'system', content: system }] : [];
    turns.forEach((turn, index) => {
      messages.push({ role: 'user', content: turn.user });
      const said = turn[side] ?? turn.reply;
      if (index < turns.length - 1 && said?.text) messages.push({ role: 'assistant', content: said.text });
    });
    return messages;
  }

  /** A dial moved: the running reply feels it from the next token on. At most once a frame. */
  #scheduleSteer(): void {
    if (!this.isBusy || this.#steerFrame) return;
    this.#steerFrame = requestAnimationFrame(async () => {
      this.#steerFrame = 0;
      const reply = this.#current?.reply;
      if (!reply?.isWriting) return;
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
