/** One reply, while it is written and after. */
import type { ChatRequest, ChatResult, ChatToken, TokenEvent } from '../engine/engine';
import { PersonascopeError } from '../errors';
import type { Intervention } from '../engine/intervention';
import { limits } from '../limits';
import { meanPosition, positionsOf, type Position } from '../personas/position';
import type { PersonaSpace } from '../personas/persona-space';
import {
  modelKey,
  type Conversation,
  type MadeWith,
  type Place,
  type Reply as KeptReply,
  type ReplyEnd,
  type ScheduleStep,
} from '../conversation/conversation';

/** What holds for a whole conversation until it is changed; a reply keeps its own where that differs. */
export type ReplySetting = Pick<Conversation, 'model' | 'system' | 'sampling'>;

/** What a reply is begun with: changed later, it still holds for this one. */
export interface ReplyStart extends ReplySetting {
  seed: number;
  interventions: Intervention[];
  /** See `Reply` in `conversation/conversation.ts`, as the rest. */
  place?: Place;
  firstRead?: number;
  date?: string | undefined;
  madeWith?: MadeWith;
}

/** Tokens that might have stood at a place, as many as its card has room for. */
const ALTERNATIVES = 4;

/** What ended the reply; `kept`: nothing says what did, as in links of version 1. */
export type ReplyStatus = 'writing' | 'kept' | ReplyEnd;

export class Reply {
  readonly seed: number;
  /** What held when it began. */
  readonly interventions: Intervention[];
  readonly sampling: ReplySetting['sampling'];
  readonly system: string;
  readonly model: ReplySetting['model'];
  readonly follows: Place['follows'];
  readonly after: Place['after'];
  readonly firstRead: number;
  readonly date: string | undefined;
  madeWith: MadeWith;
  /** The reply without steering beside it. */
  plain = $state.raw<Reply | null>(null);
  schedule = $state.raw<ScheduleStep[]>([]);
  text = $state('');
  tokens = $state.raw<ChatToken[]>([]);
  /** One a token that was read; the newest token's own place comes with the next one. */
  positions = $state.raw<Position[]>([]);
  /** Per token, for a reply of which only the axis was kept. */
  #keptAxis = $state.raw<(number | null)[]>([]);
  readonly #received = { text: '', tokens: [] as ChatToken[], positions: [] as Position[] };
  #keptIds: number[] | null = null;
  #keptMean = $state.raw<Position | null>(null);
  status = $state<ReplyStatus>('writing');
  error = $state.raw<PersonascopeError | null>(null);
  /** The visitor has stopped it, and the engine has not answered yet. */
  isStopping = false;
  /** Why it failed, of a reply from an earlier visit. */
  failure = $state('');

  constructor(start: ReplyStart) {
    this.seed = start.seed;
    this.interventions = start.interventions;
    this.model = start.model;
    this.system = start.system;
    this.sampling = { ...start.sampling };
    ({ follows: this.follows, after: this.after } = start.place ?? { follows: null });
    this.firstRead = start.firstRead ?? 0;
    this.date = start.date;
    this.madeWith = start.madeWith ?? {};
  }

  /** Mean over the reply's tokens; null before the first was read. */
  readonly position = $derived(meanPosition(this.positions) ?? this.#keptMean);
  /** Axis value a token; null where there is none (yet). */
  readonly axis = $derived(this.positions.length ? this.positions.map(({ axis }) => axis) : this.#keptAxis);

  get isWriting(): boolean {
    return this.status === 'writing';
  }

  /** It ended by itself: nobody stopped it, and nothing broke. */
  get isWhole(): boolean {
    return this.status === 'stop' || this.status === 'length';
  }

  /** Collects what streams in; `show` puts it on the page. */
  receive(event: TokenEvent, space: PersonaSpace | null): void {
    this.#received.tokens.push(event.token);
    this.#received.text = event.text;
    if (space) this.#received.positions.push(...positionsOf(event.readings, space));
  }

  show(): void {
    if (!this.isWriting) return;
    this.text = this.#received.text;
    this.tokens = [...this.#received.tokens];
    this.positions = [...this.#received.positions];
  }

  finish(result: ChatResult, space: PersonaSpace | null): void {
    this.tokens = result.tokens;
    this.text = result.text;
    if (space) this.positions = positionsOf(result.readings, space).slice(0, result.tokens.length);
    this.status = result.stopReason;
  }

  /** What came until then is kept. */
  fail(error: PersonascopeError): void {
    this.show();
    this.error = error;
    this.status = error.name === 'Aborted' ? 'aborted' : 'failed';
  }

  /** From the token with this index on, these hold. */
  steered(token: number, interventions: Intervention[]): void {
    const earlier = this.schedule.filter((step) => step.token < token);
    this.schedule = [...earlier, { token, interventions }];
  }

  /** What runs it again: the same messages get the same tokens on one machine. */
  request(
    messages: ChatRequest['messages'],
    probes: ChatRequest['probes'],
    maxTokens = this.sampling.maxTokens,
  ): ChatRequest {
    return {
      messages,
      probes,
      topLogprobs: ALTERNATIVES,
      interventions: this.interventions,
      schedule: this.schedule.length ? this.schedule : undefined,
      sampling: { ...this.sampling, maxTokens, seed: this.seed },
      ...(this.date !== undefined && { date: this.date }),
    };
  }

  /**
   * The reply as it stands, also while it is being written: then it counts as stopped, or as interrupted.
   *
   * @param setting the conversation's setting: the reply's own is kept where it differs
   */
  keep(setting: ReplySetting): KeptReply {
    this.show();
    const { text, seed, interventions, schedule, tokenIds, status, follows, after, firstRead, date, madeWith } = this;
    const tokens = this.tokens.map(({ text, logprob }, index) => ({ text, logprob, axis: this.axis[index] ?? null }));
    const own: Partial<KeptReply> = { follows, ...(after !== undefined && { after }) };
    const isDrawnAlike = (['temperature', 'topP', 'maxTokens'] as const).every(
      (field) => this.sampling[field] === setting.sampling[field],
    );
    if (!isDrawnAlike) own.sampling = { ...this.sampling };
    if (this.system !== setting.system) own.system = this.system;
    if (modelKey(this.model) !== modelKey(setting.model)) own.model = this.model;
    if (firstRead > 0) own.firstRead = firstRead;
    if (status !== 'kept') own.ended = status !== 'writing' ? status : this.isStopping ? 'aborted' : 'interrupted';
    const failure = this.error && status === 'failed' ? `${this.error.message} ${this.error.nextStep}` : this.failure;
    if (failure) own.failure = failure.slice(0, limits.failure);
    if (date !== undefined) own.date = date;
    if (Object.keys(madeWith).length) own.madeWith = madeWith;
    if (this.plain) {
      const { follows: _, after: __, ...plain } = this.plain.keep(setting);
      own.unsteered = plain;
    }
    const trace = { tokens, position: this.position };
    return { text, seed, ...own, interventions, schedule, tokenIds, trace };
  }

  /** @param setting the conversation's: it holds where the reply has none of its own */
  static restore(kept: KeptReply, setting: ReplySetting): Reply {
    const reply = Reply.again(kept, setting);
    reply.text = kept.text;
    const traced = kept.trace?.tokens ?? [];
    if (traced.length === kept.tokenIds.length) {
      reply.tokens = traced.map(({ text, logprob }, index) => ({ id: kept.tokenIds[index]!, text, logprob }));
    }
    reply.#keptAxis = traced.map(({ axis }) => axis);
    reply.#keptMean = kept.trace?.position ?? null;
    reply.#keptIds = kept.tokenIds;
    reply.status = kept.ended ?? 'kept';
    reply.failure = kept.failure ?? '';
    if (kept.unsteered) reply.plain = Reply.restore(kept.unsteered, setting);
    return reply;
  }

  /** Empty, to be written again. */
  static again(kept: KeptReply, { model, system, sampling }: ReplySetting): Reply {
    const { seed, interventions, date, follows = null, after } = kept;
    const reply = new Reply({
      ...{ seed, interventions, date },
      ...{ model: kept.model ?? model, system: kept.system ?? system },
      sampling: { ...sampling, ...kept.sampling },
      place: { follows, after },
      firstRead: kept.firstRead ?? 0,
      madeWith: kept.madeWith ?? {},
    });
    reply.schedule = kept.schedule;
    return reply;
  }

  /** Ids of the sampled tokens. */
  get tokenIds(): number[] {
    return this.#keptIds ?? this.tokens.map(({ id }) => id);
  }
}
