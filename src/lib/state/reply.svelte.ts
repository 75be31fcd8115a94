/** One reply, while it is written and after. */
import type { ChatRequest, ChatResult, ChatToken, TokenEvent } from '../engine/engine';
import { PersonascopeError } from '../errors';
import type { Intervention } from '../interp/intervention';
import { meanPosition, positionsOf, type Position } from '../interp/position';
import type { PersonaSpace } from '../interp/persona-space';
import { modelKey, type Conversation, type Reply as KeptReply, type ScheduleStep } from '../share/conversation';

/** What a reply is written under, besides its interventions: changed later, it still holds for the replies before. */
export type ReplySetting = Pick<Conversation, 'model' | 'system'> & {
  sampling: Pick<Conversation['sampling'], 'temperature' | 'topP'>;
};

/** Tokens that might have stood at a place, as many as its card has room for. */
const ALTERNATIVES = 4;

/** What ended the reply; `kept`: it was kept from an earlier visit or came by a link. */
export type ReplyStatus = 'writing' | ChatResult['stopReason'] | 'failed' | 'kept';

export class Reply {
  readonly seed: number;
  /** What held when it began. */
  readonly interventions: Intervention[];
  readonly sampling: ReplySetting['sampling'];
  readonly system: string;
  readonly model: ReplySetting['model'];
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

  constructor(seed: number, interventions: Intervention[], { model, system, sampling }: ReplySetting) {
    this.seed = seed;
    this.interventions = interventions;
    this.model = model;
    this.system = system;
    this.sampling = { temperature: sampling.temperature, topP: sampling.topP };
  }

  /** Mean over the reply's tokens; null before the first was read. */
  readonly position = $derived(meanPosition(this.positions) ?? this.#keptMean);
  /** Axis value a token; null where there is none (yet). */
  readonly axis = $derived(this.positions.length ? this.positions.map(({ axis }) => axis) : this.#keptAxis);

  get isWriting(): boolean {
    return this.status === 'writing';
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
    this.status = 'failed';
  }

  /** From the token with this index on, these hold. */
  steered(token: number, interventions: Intervention[]): void {
    const earlier = this.schedule.filter((step) => step.token < token);
    this.schedule = [...earlier, { token, interventions }];
  }

  /** What runs it again: the same messages get the same tokens on one machine. */
  request(messages: ChatRequest['messages'], probes: ChatRequest['probes'], maxTokens: number): ChatRequest {
    return {
      messages,
      probes,
      topLogprobs: ALTERNATIVES,
      interventions: this.interventions,
      schedule: this.schedule.length ? this.schedule : undefined,
      sampling: { ...this.sampling, maxTokens, seed: this.seed },
    };
  }

  /** @param setting the conversation's setting: the reply's own is kept where it differs */
  keep({ model, system, sampling }: ReplySetting): KeptReply {
    const { text, seed, interventions, schedule, tokenIds } = this;
    const tokens = this.tokens.map(({ text, logprob }, index) => ({ text, logprob, axis: this.axis[index] ?? null }));
    const { temperature, topP } = this.sampling;
    const own: Partial<KeptReply> = {};
    if (temperature !== sampling.temperature || topP !== sampling.topP) own.sampling = { temperature, topP };
    if (this.system !== system) own.system = this.system;
    if (modelKey(this.model) !== modelKey(model)) own.model = this.model;
    const trace = { tokens, position: this.position };
    return { text, seed, ...own, interventions, schedule, tokenIds, trace };
  }

  /** @param setting the conversation's: it holds where the reply has none of its own */
  static restore(kept: KeptReply, setting: ReplySetting): Reply {
    const reply = Reply.#under(kept, setting);
    reply.text = kept.text;
    reply.schedule = kept.schedule;
    const traced = kept.trace?.tokens ?? [];
    if (traced.length === kept.tokenIds.length) {
      reply.tokens = traced.map(({ text, logprob }, index) => ({ id: kept.tokenIds[index]!, text, logprob }));
    }
    reply.#keptAxis = traced.map(({ axis }) => axis);
    reply.#keptMean = kept.trace?.position ?? null;
    reply.#keptIds = kept.tokenIds;
    reply.status = 'kept';
    return reply;
  }

  /** Empty, to be written again. */
  static again(kept: KeptReply, setting: ReplySetting): Reply {
    const reply = Reply.#under(kept, setting);
    reply.schedule = kept.schedule;
    return reply;
  }

  static #under(kept: KeptReply, { model, system, sampling }: ReplySetting): Reply {
    return new Reply(kept.seed, kept.interventions, {
      model: kept.model ?? model,
      system: kept.system ?? system,
      sampling: kept.sampling ?? sampling,
    });
  }

  /** Ids of the sampled tokens. */
  get tokenIds(): number[] {
    return this.#keptIds ?? this.tokens.map(({ id }) => id);
  }
}
