/** Puts a reply's taps into WebLLM's stream of dispatches: at each norm that reads the output of a block, our kernels first. */
import { PersonascopeError } from '../errors';
import type { Gpu } from '../gpu/device';
import { borrow } from '../gpu/tensor';
import type { Accumulator } from '../taps/accumulator';
import { spanOf, type Residual, type ResidualType, type TapProgram } from '../taps/tap-program';
import { ForwardTracker, type Norm, type Shape } from './forward-tracker';
import { MAX_PASSENGER, type Interposer, type PassWriter } from './interposer';
import { PassCommands } from './pass-commands';

/** What one forward pass of WebLLM's is to be read and changed by. */
export interface TappedPass {
  program: TapProgram;
  accumulators: readonly Accumulator[];
  /** Of its first token in the sequence. */
  position: number;
  /** Tokens it runs. */
  rows: number;
  /** How many of the sequence's tokens are prompt. */
  promptLength: number;
}

export class TapStream {
  readonly #interposer: Interposer;
  readonly #commands: PassCommands;
  readonly #tracker: ForwardTracker;
  readonly #shape: Shape;
  /** How this library stores the residual stream; null until a pass was seen. */
  type: ResidualType | null = null;

  constructor(interposer: Interposer, gpu: Gpu, shape: Shape) {
    this.#interposer = interposer;
    this.#commands = new PassCommands(gpu);
    this.#tracker = new ForwardTracker(shape);
    this.#shape = shape;
  }

  /**
   * Runs one forward pass of WebLLM's with these taps in it.
   * @returns the bits of the readings, (slots, rows) f32; null if they found no room in WebLLM's own mapping and are still on the GPU
   * @throws PersonascopeError `NotSupported` if the residual stream could not be followed
   */
  async run(tapped: TappedPass, forward: () => Promise<void>): Promise<ArrayBuffer | null> {
    const { program, accumulators } = tapped;
    if (program.isIdle && accumulators.length === 0) {
      await forward();
      return new ArrayBuffer(0);
    }
    let readings: ArrayBuffer | null = program.slots.length === 0 ? new ArrayBuffer(0) : null;
    for (const accumulator of accumulators) accumulator.begin(tapped.position, tapped.rows);
    this.#commands.collect();
    this.#tracker.expect(tapped.rows);
    this.#interposer.isBoarding = () => this.#tracker.isComplete;
    const bytes = program.slots.length * tapped.rows * 4;
    if (bytes > 0 && bytes <= MAX_PASSENGER) {
      const deliver = (data: ArrayBuffer) => (readings = data);
      this.#interposer.passenger = { source: program.readings.buffer, bytes, deliver };
    }
    const { rows, position, promptLength } = tapped;
    const span = spanOf(rows, position, promptLength);
    const commands = this.#commands;
    const tap = (layer: number) => (pass: PassWriter, residual: Residual) => {
      commands.pass = pass;
      program.encode(commands, layer, residual, span);
      for (const accumulator of accumulators) accumulator.encode(commands, layer, residual, position, rows);
      commands.pass = null;
    };
    await this.#watch(({ layer }) => (layer === null ? null : tap(layer)), forward);
    if (!this.#tracker.isComplete)
      throw new PersonascopeError('NotSupported', `${this.explain()}.`, 'Load the model again.');
    return readings;
  }

  /** Runs one forward pass untouched, to see whether it can be followed. @returns what is odd about it; null if nothing */
  async survey(rows: number, forward: () => Promise<void>): Promise<string | null> {
    this.#tracker.expect(rows);
    const types = new Set<ResidualType>();
    await this.#watch(({ layer, type }) => {
      if (layer !== null) types.add(type);
      return null;
    }, forward);
    if (!this.#tracker.isComplete) return this.explain();
    if (types.size !== 1) return `the residual stream is kept in ${types.size} ways (${[...types].join(', ')})`;
    [this.type = null] = types;
    return null;
  }

  /** Why the last forward pass could not be followed. */
  explain(): string {
    const { fault, norms } = this.#tracker;
    if (fault) return fault;
    return `a forward pass has ${norms} norms over the residual stream, where ${this.#shape.nLayers} blocks should have ${2 * this.#shape.nLayers + 1}`;
  }

  destroy(): void {
    this.#interposer.listener = null;
    this.#interposer.passenger = null;
    this.#commands.destroy();
  }

  async #watch(
    write: (norm: Norm) => ((pass: PassWriter, residual: Residual) => void) | null,
    forward: () => Promise<void>,
  ): Promise<void> {
    this.#interposer.listener = (dispatch) => {
      const norm = this.#tracker.next(dispatch);
      const tap = norm && write(norm);
      if (!tap) return null;
      const [h, branch] = norm.bindings.map((binding) => borrow(dispatch.buffers[binding]!));
      return (pass) => tap(pass, branch ? { trunk: h!, branch } : { h: h! });
    };
    try {
      await forward();
    } finally {
      this.#interposer.listener = null;
      this.#interposer.passenger = null;
    }
  }
}
