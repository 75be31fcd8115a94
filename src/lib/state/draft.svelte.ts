/** The message that is being written: kept for this tab, so that neither another view of the page nor a reload loses it. */
import { tabNotes } from '../storage/preferences';
import type { ConversationState } from './conversation.svelte';

const textKey = 'personascope-draft';
const waitsKey = 'personascope-draft-waits';

export class Draft {
  readonly #conversation: Pick<ConversationState, 'canAnswer' | 'send' | 'makeRoom'>;
  #text = $state(tabNotes.get(textKey) ?? '');
  #isWaiting = $state(tabNotes.get(waitsKey) !== null);

  constructor(conversation: Pick<ConversationState, 'canAnswer' | 'send' | 'makeRoom'>) {
    this.#conversation = conversation;
  }

  get text(): string {
    return this.#text;
  }

  /** Changed, it waits to be sent no longer. */
  set text(text: string) {
    this.#text = text;
    if (text) tabNotes.set(textKey, text);
    else tabNotes.remove(textKey);
    this.#wait(false);
  }

  /** Sent before it could be answered: it goes out as soon as it can. */
  get isWaiting(): boolean {
    return this.#isWaiting;
  }

  /** It waits, and would be answered now. */
  get isDue(): boolean {
    return this.#isWaiting && this.#conversation.canAnswer;
  }

  /** Sends it, or has it wait until it can be answered. What is not taken stays here; the conversation says why. */
  async submit(): Promise<void> {
    if (this.#conversation.canAnswer) return this.#give((text) => this.#conversation.send(text));
    this.#wait(this.#text.trim() !== '');
  }

  /** It stays, but is not sent by itself. */
  hold(): void {
    this.#wait(false);
  }

  /** The oldest turns are no longer read; then it is sent. */
  async makeRoom(firstRead: number): Promise<void> {
    await this.#give((text) => this.#conversation.makeRoom(firstRead, text));
  }

  async #give(take: (text: string) => Promise<boolean>): Promise<void> {
    const asked = this.#text;
    this.#wait(false);
    if ((await take(asked)) && this.#text === asked) this.text = '';
  }

  #wait(isWaiting: boolean): void {
    if (isWaiting === this.#isWaiting) return;
    this.#isWaiting = isWaiting;
    if (isWaiting) tabNotes.set(waitsKey, 'yes');
    else tabNotes.remove(waitsKey);
  }
}
