/** WebLLM's logit processor: takes the logits and draws the token itself, so that both engines draw alike and a seed means the same in both. */
import type { LogitProcessor } from '@mlc-ai/web-llm';
import { drawToken, type Draw, type Drawn } from '../engine/sampling';

export class LogitTap implements LogitProcessor {
  /** How the next token is to be drawn; null: not at all. */
  draw: Draw | null = null;
  /** Of the last forward pass. */
  drawn: Drawn | null = null;
  /** (tokens that have a text) */
  logits = new Float32Array();
  readonly #size: number;

  /** @param size ids below it have a text; the rows that libraries add behind them to fill a block are never drawn */
  constructor(size: number) {
    this.#size = size;
  }

  /** Leaves the drawn token as the only possible one. */
  processLogits = (logits: Float32Array): Float32Array => {
    this.logits = logits.slice(0, Math.min(this.#size, logits.length));
    this.drawn = this.draw && drawToken(this.logits, this.draw);
    return logits.fill(-1e30).fill(0, this.drawn?.id ?? 0, (this.drawn?.id ?? 0) + 1);
  };

  processSampledToken = (): void => undefined;

  resetState = (): void => undefined;
}
