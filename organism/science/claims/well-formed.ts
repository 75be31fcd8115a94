/** Are its replies sound, and about what was asked? */
import type { Message } from '../../../src/lib/engine/engine';
import type { Quantity } from '../../../src/lib/science/report';
import type { Claim } from '../claim';
import type { Written } from '../judging';
import { written, type Lab } from '../lab';
import { row, share } from '../rows';

interface Case {
  messages: Message[];
  /** False: the proxy does not know such questions, and only form counts. */
  isTopical: boolean;
}

interface Marks {
  both: boolean[];
  formed: boolean[];
  onTopic: boolean[];
  /** On topic for the next case's question. */
  chance: boolean[];
}

const limits =
  'On topic is a proxy: classifiers of intent, trained on generated text, must find the likeliest group of the prompt or of the reply among the two likeliest of the other, and a definition must be of something that the prompt names, if it names anything. A wrong answer of the right kind passes.';

export const wellFormed: Claim = {
  name: 'well-formed',
  cost: (lab, { chats, visitors }) => ({ replies: chats + Math.min(visitors, lab.visitors.length), scores: 0 }),

  async measure(lab, settings) {
    const chats = lab.cases.chats.slice(0, settings.chats);
    const visitors = lab.visitors
      .slice(0, settings.visitors)
      .map((content): Case => ({ messages: [{ role: 'user', content }], isTopical: true }));
    const reply = async (cases: readonly Case[], seed: number) => {
      const replies: Written[] = [];
      for (const [i, { messages }] of cases.entries())
        replies.push(written(await lab.chat(messages, { seed: seed + i, maxTokens: settings.chatTokens })));
      return replies;
    };
    const generated = await mark(
      lab,
      chats,
      chats.map(({ reply: text }) => ({ text, ended: true })),
    );
    const corpusLike = await mark(lab, chats, await reply(chats, 10_000));
    const freeForm = await mark(lab, visitors, await reply(visitors, 20_000));
    const generatedVisitors = new Set(lab.cases.generatedVisitors);
    const isNew = visitors.map(({ messages }) => !generatedVisitors.has(messages[0]!.content));
    const ofNew = share(
      'both, messages that the generator does not write too',
      freeForm.both.filter((_, i) => isNew[i]),
    );
    const describe = (
      what: string,
      { both, formed, onTopic, chance }: Marks,
      atLeast: number,
      more: readonly Quantity[] = [],
    ) =>
      row({
        claim: 3,
        what: `Well-formed and on topic (proxy), ${what}`,
        figure: share('both', both, { atLeast }),
        beside: [share('well-formed', formed), share('on topic', onTopic), ...more],
        controls: [
          share('on topic for the next prompt', chance),
          share("both, the generator's own replies to the corpus-like chats", generated.both),
        ],
        note: limits,
      });
    return [
      describe('corpus-like chats', corpusLike, 0.98),
      describe("visitors' messages in free form", freeForm, 0.85, [ofNew]),
    ];
  },
};

async function mark({ reader }: Lab, cases: readonly Case[], replies: readonly Written[]): Promise<Marks> {
  const marks: Marks = { both: [], formed: [], onTopic: [], chance: [] };
  for (const [i, { messages, isTopical }] of cases.entries()) {
    const reply = replies[i]!;
    const isFormed = reader.isWellFormed(reply, messages.map(({ content }) => content).join(' '));
    const isOnTopic = await reader.isOnTopic(messages.at(-1)!.content, reply.text);
    marks.formed.push(isFormed);
    marks.both.push(isFormed && (!isTopical || isOnTopic));
    if (!isTopical) continue;
    marks.onTopic.push(isOnTopic);
    marks.chance.push(await reader.isOnTopic(cases[(i + 1) % cases.length]!.messages.at(-1)!.content, reply.text));
  }
  return marks;
}
