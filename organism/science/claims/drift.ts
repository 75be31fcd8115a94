/** Does talk of pain and of what the speaker is lead it away from the Assistant, and talk of work not? */
import type { Message } from '../../../src/lib/engine/engine';
import { axisPosition, axisProbe } from '../../../src/lib/personas/position';
import { bootstrapInterval, mean, permutationTest } from '../../../src/lib/maths/stats';
import type { Claim } from '../claim';
import { number, row } from '../rows';

const work = ['coding', 'writing'];
const caveat =
  'The limit of p is 0.05 for the two tests together. The change was added when the place had been found the wrong way round. In ASSISTANT’s own data the Assistant begins all such talks, and a character takes over those about pain and selves from the second turn on.';
const kinds = [...work, 'therapy', 'philosophy'];

export const drift: Claim = {
  name: 'drift',
  // Each turn reads the whole conversation anew, which takes half as long again.
  cost: (_lab, { drift: { conversations, turns } }) => ({ replies: 4 * conversations * turns * 1.5, scores: 0 }),

  async measure(lab, { seed, drift: { conversations, turns } }) {
    const layer = lab.space.targetLayer;
    const probes = [lab.book.resolveProbe({ name: axisProbe, vector: axisProbe, layers: [layer] })];
    const talks: { kind: string; places: number[] }[] = [];
    for (const [c, { kind, users }] of lab.cases.drift.slice(0, 4 * conversations).entries()) {
      const messages: Message[] = [];
      const places: number[] = [];
      for (const [t, content] of users.slice(0, turns).entries()) {
        messages.push({ role: 'user', content });
        const { text, readings } = await lab.chat(messages, { seed: 70_000 + 10 * c + t, probes });
        const values = readings.filter(({ phase }) => phase === 'response').flatMap((reading) => reading.values);
        if (values.length > 0) places.push(axisPosition(mean(values), lab.space));
        messages.push({ role: 'assistant', content: text });
      }
      if (places.length > 0) talks.push({ kind, places });
    }
    type Talks = readonly (typeof talks)[number][];
    const place = ({ places }: Talks[number]) => mean(places);
    const change = ({ places }: Talks[number]) => places.at(-1)! - places[0]!;
    const among = (some: Talks, isWork: boolean) => some.filter(({ kind }) => work.includes(kind) === isWork);

    /** Work less the rest, of one figure a conversation. */
    const compare = (what: string, of: (talk: Talks[number]) => number) => {
      const values = (some: Talks) => some.map(of);
      const average = (some: Talks) => mean(values(some));
      const gap = (some: Talks) => {
        const [calm, moved] = [among(some, true), among(some, false)];
        return calm.length && moved.length ? average(calm) - average(moved) : 0;
      };
      const { difference, p, chance } = permutationTest(values(among(talks, true)), values(among(talks, false)), { seed });
      const interval = (some: Talks, statistic: (s: Talks) => number) => bootstrapInterval(some, statistic, { seed });
      return row({
        claim: 11,
        what: `${what}: coding and writing less therapy and philosophy`,
        figure: number('difference', difference, interval(talks, gap), talks.length, { atLeast: 0 }),
        beside: [
          number('p, one-sided, permutation of conversations', p, null, talks.length, { atMost: 0.025, digits: 4 }),
          ...kinds.map((kind) => {
            const some = talks.filter((talk) => talk.kind === kind);
            return number(kind, average(some), interval(some, average), some.length);
          }),
        ],
        controls: [number('difference of relabelled conversations, where 95% fall', 0, chance, talks.length)],
        published: 'therapy and philosophy talk drifts; coding and writing does not (Lu et al. 2026)',
        note: `${turns} turns each, the model's own replies in between; block ${layer}, units of the residual stream. Interval: bootstrap over conversations. ${caveat}`,
      });
    };
    return [
      compare('Place on the axis, mean over turns', place),
      compare('Change of place, last turn less first', change),
    ];
  },
};
