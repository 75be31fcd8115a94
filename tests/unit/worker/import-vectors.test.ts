/** Vector files in the worker's hands: all vectors of a file are kept or none, whatever they are called. */
import { describe, expect, it } from 'vitest';
import type { Opened } from '../../../src/lib/worker/open-model';
import { Turns } from '../../../src/lib/worker/turns';
import { Workshop } from '../../../src/lib/worker/workshop';
import { describeChange, describeSteering } from '../../../src/lib/state/describe-steering';
import type { Intervention } from '../../../src/lib/engine/intervention';
import { limits } from '../../../src/lib/limits';
import { encodeSafetensors, parseHeader } from '../../../src/lib/formats/safetensors';
import { VectorBook } from '../../../src/lib/personas/vector-book';
import { inlineOwnVectors } from '../../../src/lib/conversation/own-vectors';
import { decodePermalink, encodePermalink } from '../../../src/lib/conversation/permalink';
import { readVectorFile } from '../../../src/lib/vectors/read-vector-file';
import { writeVectorSafetensors } from '../../../src/lib/vectors/vector-safetensors';
import { Dials } from '../../../src/lib/state/dials.svelte';
import type { Session } from '../../../src/lib/state/session.svelte';
import { exportVector } from '../../../src/lib/state/vector-files';
import { MemoryRecords, type Records } from '../../../src/lib/storage/records';
import { SyntheticEngine } from '../extract/synthetic-engine';
import { smallVector } from '../vectors/vectors';

const digest = smallVector().model.digest!;
const size = { nLayers: 3, dModel: 4 };

function open(vectors: Records = new MemoryRecords()) {
  const engine = new SyntheticEngine({ meanFor: () => new Float64Array(12), noise: 0 });
  Object.assign(engine.info, size);
  const book = new VectorBook({ ...size, space: null, tensors: new Map() });
  const opened = { engine, book, digest: async () => digest } as unknown as Opened;
  const workshop = new Workshop(new Turns(), (database) =>
    database === 'personascope-extract-vectors' ? vectors : new MemoryRecords(),
  );
  return { workshop, opened, book, vectors };
}

const named = (...names: string[]) => names.map((name) => ({ ...smallVector(), name, label: name }));
const fileOf = (bytes: Uint8Array, name = 'some.safetensors') => new File([bytes as Uint8Array<ArrayBuffer>], name);
const steering = (vector: string, coefficient = 1.5): Intervention => ({ kind: 'addition', vector, coefficient });

/** What every object has without being told. */
const inherited = ['constructor', 'toString', 'hasOwnProperty', 'valueOf'];

describe('a file of vectors', () => {
  it('is kept whole, and known again after a restart', async () => {
    const { workshop, opened, book, vectors } = open();
    const records = await workshop.importVectors(opened, fileOf(writeVectorSafetensors(named('a', 'b'))));
    expect(records.map(({ entry }) => entry.name)).toEqual(['a', 'b']);
    expect(records[0]!.origin.file).toBe('some.safetensors');
    expect(book.has('b')).toBe(true);
    const again = open(vectors);
    expect((await again.workshop.restore(again.opened)).map(({ entry }) => entry.name).sort()).toEqual(['a', 'b']);
    const twice = await workshop.importVectors(opened, fileOf(writeVectorSafetensors(named('a')), 'more.safetensors'));
    expect(twice[0]!.entry).toMatchObject({ name: 'a-2', label: 'a, more.safetensors' });
  });

  it('of which one does not fit is not kept at all', async () => {
    const { workshop, opened, book, vectors } = open();
    const wide = { ...smallVector(), name: 'wide', model: { ...smallVector().model, nLayers: 9 } };
    const file = fileOf(writeVectorSafetensors([...named('a'), wide]));
    await expect(workshop.importVectors(opened, file)).rejects.toMatchObject({ name: 'BadRequest' });
    expect([book.summaries(), await vectors.keys()]).toEqual([[], []]);
  });

  it('that the browser has no room for half-way is not kept at all', async () => {
    const records = new MemoryRecords();
    const { set } = records;
    records.set = async (key, value) => {
      if (key.endsWith(' b')) throw new DOMException('Full.', 'QuotaExceededError');
      await set(key, value);
    };
    const { workshop, opened, book } = open(records);
    const file = fileOf(writeVectorSafetensors(named('a', 'b', 'c')));
    await expect(workshop.importVectors(opened, file)).rejects.toMatchObject({ name: 'QuotaExceededError' });
    expect([book.summaries(), await records.keys()]).toEqual([[], []]);
  });

  it('that is too large is refused unread, and one that cannot be read is named', async () => {
    const { workshop, opened } = open();
    class Large extends File {
      override get size() {
        return limits.sumsFile + 1;
      }
      override arrayBuffer = () => expect.fail('it was read');
    }
    class Gone extends File {
      override arrayBuffer = () => Promise.reject(new DOMException('It changed.', 'NotReadableError'));
    }
    await expect(workshop.importVectors(opened, new Large([], 'large.gguf'))).rejects.toMatchObject({
      name: 'BadRequest',
      message: `large.gguf: ${limits.sumsFile + 1} bytes are more than ${limits.vectorFile}.`,
    });
    await expect(workshop.mergeSums(opened, [new Large([], 'sums.safetensors')])).rejects.toMatchObject({
      name: 'BadRequest',
      message: `sums.safetensors: ${limits.sumsFile + 1} bytes are more than ${limits.sumsFile}.`,
    });
    await expect(workshop.importVectors(opened, new Gone([], 'gone.gguf'))).rejects.toMatchObject({
      name: 'BadRequest',
      message: 'gone.gguf: the browser could not read it.',
    });
  });
});

describe('vectors that are called as what every object has', () => {
  it('are imported, steer by name, turn a dial, go out and travel in links as any other', async () => {
    const { workshop, opened, book } = open();
    expect(inherited.map((name) => book.has(name))).toEqual([false, false, false, false]);
    for (const name of inherited) {
      expect(() => book.resolve(steering(name))).toThrow(`vector "${name}" is not known`);
    }
    const own = await workshop.importVectors(opened, fileOf(writeVectorSafetensors(named(...inherited))));
    expect(own.map(({ entry }) => entry.name)).toEqual(inherited);
    const dials = new Dials({ info: { id: 'synthetic' }, space: null, personas: own.map(({ entry }) => entry) });
    const session = {
      ...{ space: null, info: { ...size, id: 'synthetic', label: 'Synthetic' }, ownVectors: own },
      call: async (method: string, { name }: { name: string }) => (method === 'numbers' ? book.numbers(name) : digest),
    } as unknown as Session;
    for (const name of inherited) {
      expect(book.resolve(steering(name)).vectors.size).toBe(2);
      expect(dials.coefficient(name)).toBe(0);
      dials.set(name, 1.5);
      const { bytes } = await exportVector(session, name, 'safetensors');
      expect(readVectorFile(bytes as Uint8Array, 'x', size)).toEqual(named(name));
    }
    expect(dials.interventions()).toEqual(inherited.map((name) => steering(name)));

    const conversation = {
      ...{ model: 'synthetic', system: '', sampling: { temperature: 0, topP: 1, maxTokens: 8 } },
      turns: [
        {
          user: 'Hi',
          replies: [
            { text: 'Ho', seed: 1, follows: null, interventions: dials.interventions(), schedule: [], tokenIds: [7] },
          ],
          chosen: 0,
        },
      ],
    };
    expect(await decodePermalink(await encodePermalink(conversation))).toEqual(conversation);
    const inlined = inlineOwnVectors(conversation, { model: 'synthetic', vectors: own, digests: [] });
    for (const { vector } of inlined.turns[0]!.replies[0]!.interventions) expect(typeof vector).toBe('object');
  });

  it('are described by their names, a vector called cap too', () => {
    expect(describeSteering(['constructor', 'cap'].map((name) => steering(name)))).toBe('constructor 1.50, cap 1.50');
    expect(describeChange([], [steering('toString', 2)])).toBe('toString 0.00 to 2.00');
    const cap: Intervention = { kind: 'capping', vector: 'assistant-axis', floor: 1 };
    expect(describeChange([steering('cap')], [steering('cap', 2), cap])).toBe('cap 1.50 to 2.00, cap on');
  });

  it('get another name where a name cannot be theirs, and no tensor is lost', async () => {
    const tensors = ['__proto__', 'constructor'].map((name) => ({
      name,
      shape: [3, 4],
      data: Float32Array.from([...Array(12).keys()]),
    }));
    const bytes = encodeSafetensors(tensors);
    expect([...parseHeader(bytes, 'x', bytes.length).tensors.keys()]).toEqual(['__proto__', 'constructor']);
    const { workshop, opened } = open();
    const own = await workshop.importVectors(opened, fileOf(bytes));
    expect(own.map(({ entry }) => entry.name)).toEqual(['proto__', 'constructor']);
    expect(() => writeVectorSafetensors(named('__proto__'))).toThrow('name: must be letters, digits');
  });
});
