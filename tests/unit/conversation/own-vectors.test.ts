import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Intervention } from '../../../src/lib/engine/intervention';
import { VectorBook } from '../../../src/lib/personas/vector-book';
import { toJson, type Conversation } from '../../../src/lib/conversation/conversation';
import { inlineOwnVectors, namedOwnVectors } from '../../../src/lib/conversation/own-vectors';
import { decodePermalink, encodePermalink } from '../../../src/lib/conversation/permalink';
import { personaOf } from '../../../src/lib/vectors/persona-vector';
import { smallVector } from '../vectors/vectors';

const size = { nLayers: 3, dModel: 4 };
const plain = {
  ...smallVector(),
  vectors: new Map([0, 1, 2].map((layer) => [layer, Float32Array.of(layer, 0.1, -3, 2)])),
};

function conversation(interventions: Intervention[], model?: string): Conversation {
  const reply = { text: 'Arr', seed: 1, interventions, schedule: [{ token: 2, interventions }], tokenIds: [5] };
  return {
    ...{ model: 'small', system: '', sampling: { temperature: 0, topP: 1, maxTokens: 8 } },
    turns: [{ user: 'Hi', replies: [{ ...reply, ...(model && { model }) }], chosen: 0 }],
  };
}

describe('own vectors in a link', () => {
  const { entry, vector } = personaOf(plain, { ...size, digest: '' });
  const own = {
    model: 'small',
    vectors: [{ entry, vector }],
    digests: [['pirate', 'a'.repeat(64)]] satisfies [[string, string]],
  };
  const addition: Intervention = { kind: 'addition', vector: 'pirate', coefficient: 0.5 };

  it.each(['increments', 'direct'] as const)('go along as numbers that add the same, %s', async (mode) => {
    const steered = [{ entry: { ...entry, steering: { mode, layers: [0, 2] } }, vector }];
    const link = await encodePermalink(inlineOwnVectors(conversation([addition]), { ...own, vectors: steered }));
    const reply = (await decodePermalink(link)).turns[0]!.replies[0];
    const book = new VectorBook({ ...size, space: null, tensors: new Map() });
    const [there] = book.resolveAll(reply!.interventions);
    book.add(steered[0]!.entry, vector);
    expect(there).toEqual(book.resolve(addition));
    expect(reply!.schedule[0]!.interventions).toEqual(reply!.interventions);
  });

  it('are written in as few digits as give every f32 again', () => {
    const values = fc.array(fc.float({ noNaN: true, noDefaultInfinity: true }).filter((x) => !Object.is(x, -0)));
    fc.assert(
      fc.property(values, (numbers) => {
        const exact = Float32Array.from(numbers);
        expect(Float32Array.from(JSON.parse(toJson(exact)) as number[])).toEqual(exact);
      }),
    );
    expect(toJson(Float32Array.of(0.1, -3, 2 / 3))).toBe('[0.1,-3,0.6666667]');
  });

  it('stay names where they belong to another model, or are not added', () => {
    const other = conversation([addition], 'other');
    expect(inlineOwnVectors(other, own)).toEqual(other);
    const ablation = conversation([{ kind: 'ablation', vector: 'pirate' }]);
    expect(inlineOwnVectors(ablation, own)).toEqual(ablation);
    const unknown = conversation([{ kind: 'addition', vector: 'poet' }]);
    expect(inlineOwnVectors(unknown, own)).toEqual(unknown);
  });

  it('stay names where the reply was made with other numbers under that name', () => {
    const steeredBy = (digest: string) => {
      const made = conversation([addition]);
      made.turns[0]!.replies[0]!.madeWith = { vectors: [['pirate', digest.repeat(64)]] };
      return made;
    };
    const former = steeredBy('b');
    expect(inlineOwnVectors(former, own)).toEqual(former);
    expect(namedOwnVectors(former, own)).toEqual([entry.label]);
    expect(namedOwnVectors(inlineOwnVectors(steeredBy('a'), own), own)).toEqual([]);
  });
});
