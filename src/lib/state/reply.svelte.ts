/** One reply, while it is written and after. */
import type { ChatRequest, ChatResult, ChatToken, TokenEvent } from '../engine/engine';
import { PersonascopeError } from '../errors';
import type { Intervention } from '../interp/intervention';
import { meanPosition, positionsOf, type Position } from '../interp/position';
import type { PersonaSpace } from '../interp/persona-space';
import type { ConversationSampling, Reply as KeptReply, ScheduleStep } from '../share/conversation';

export type ReplySampling = Pick<ConversationSampling, 'temperature' | 'topP'>;

/** What ended the reply; `kept`: it was kept from an earlier visit or came by a link. */
export type ReplyStatus = 'writing' | ChatResult['stopReason'] | 'failed' | 'kept';

export class Reply {
  readonly seed: number;
  /** What held when it began. */
  readonly interventions: Intervention[];
  readonly sampling: ReplySampling;
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

  constructor(seed: number, interventions: Intervention[], { temperature, topP }: ReplySampling) {
    this.seed = seed;
    this.interventions = interventions;
    this.sampling = { temperature, topP };
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
      interventions: this.interventions,
      schedule: this.schedule.length ? this.schedule : undefined,
      sampling: { ...this.sampling, maxTokens, seed: this.seed },
    };
  }

  /** @param sampling the conversation's: the reply's own is kept where it differs */
  keep(sampling: ReplySampling): KeptReply {
    const { text, seed, interventions, schedule, tokenIds } = this;
    const tokens = this.tokens.map(({ text, logprob }, index) => ({ text, logprob, axis: this.axis[index] ?? null }));
    const { temperature, topP } = this.sampling;
    const own =
      temperature === sampling.temperature && topP === sampling.topP ? {} : { sampling: { temperature, topP } };
    const trace = { tokens, position: this.position };
    return { text, seed, ...own, interventions, schedule, tokenIds, trace };
  }

  static restore(kept: KeptReply, sampling: ReplySampling): Reply {
    const reply = new Reply(kept.seed, kept.interventions, kept.sampling ?? sampling);
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

  /** Ids of the sampled tokens. */
  get tokenIds(): number[] {
    return this.#keptIds ?? this.tokens.map(({ id }) => id);
  }
}
