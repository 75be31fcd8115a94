/** Reads GPU buffers back without creating a staging buffer each time. */
import { PersonascopeError } from '../errors';
import type { Commands } from './commands';
import type { Gpu } from './device';
import type { BufferRef } from './tensor';

export interface Span {
  tensor: BufferRef;
  byteOffset?: number;
  /** Multiple of 4. */
  bytes: number;
}

/** A ring of staging buffers: while one is being read, the next pass may already fill another. */
export class ReadbackRing {
  readonly #gpu: Gpu;
  readonly #slots: { buffer: GPUBuffer | null; isBusy: boolean }[];

  constructor(gpu: Gpu, slots = 2) {
    this.#gpu = gpu;
    this.#slots = Array.from({ length: slots }, () => ({ buffer: null, isBusy: false }));
  }

  /**
   * Appends copies of the spans to the commands, submits them and reads the spans, one after the other, with a single mapping.
   * @throws Error if every slot is being read; PersonascopeError `DeviceLost` if the device goes away meanwhile, or never answers.
   */
  async submitAndRead(commands: Commands, spans: Span[]): Promise<ArrayBuffer[]> {
    const slot = this.#slots.find(({ isBusy }) => !isBusy);
    if (!slot) throw new Error('ReadbackRing: every slot is being read.');
    slot.isBusy = true;
    try {
      const total = spans.reduce((sum, { bytes }) => sum + bytes, 0);
      if (!slot.buffer || slot.buffer.size < total) {
        slot.buffer?.destroy();
        slot.buffer = this.#gpu.device.createBuffer({
          label: 'readback',
          size: Math.max(256, total),
          usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST,
        });
      }
      let offset = 0;
      for (const { tensor, bytes, byteOffset = 0 } of spans) {
        commands.copy(tensor, slot.buffer, bytes, byteOffset, offset);
        offset += bytes;
      }
      commands.submit();
      return await this.#readSpans(slot.buffer, spans, total);
    } finally {
      slot.isBusy = false;
    }
  }

  async #readSpans(buffer: GPUBuffer, spans: Span[], total: number): Promise<ArrayBuffer[]> {
    if (total === 0) return spans.map(() => new ArrayBuffer(0));
    const mapping = buffer.mapAsync(GPUMapMode.READ, 0, total).catch((cause: unknown) => {
      const nextStep = 'Ask again once a model is loaded.';
      throw new PersonascopeError('DeviceLost', 'The GPU went away while it was answering.', nextStep, { cause });
    });
    await this.#gpu.waitFor(mapping);
    try {
      const mapped = buffer.getMappedRange(0, total);
      let offset = 0;
      return spans.map(({ bytes }) => mapped.slice(offset, (offset += bytes)));
    } finally {
      buffer.unmap();
    }
  }

  destroy(): void {
    for (const slot of this.#slots) {
      slot.buffer?.destroy();
      slot.buffer = null;
    }
  }
}
