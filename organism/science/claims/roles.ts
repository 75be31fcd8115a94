/** Does it play the roles that it is asked to play, and is it the Assistant when it is asked for nothing? */
import { planSamples } from '../../../src/lib/extract/sample';
import type { Claim } from '../claim';
import { classOf } from '../judging';
import { row, share, spread } from '../rows';

const pool = 4;

export const roles: Claim = {
  name: 'roles',
  cost: (lab, { roles, poolsPerRole, ordinary }) => ({
    replies: spread(lab.roles.roles, roles).length * poolsPerRole * pool + ordinary,
    scores: 0,
  }),

  async measure(lab, settings) {
    const { judges, cases } = lab;
    const asked = spread(lab.roles.roles, settings.roles);
    const names = asked.map(({ name }) => name);
    const [right, wrong, assistantLike]: boolean[][] = [[], [], []];
    for (const [r, { name, prompts }] of asked.entries()) {
      // Each role begins at another question, so that all of them are used.
      const from = (r * pool) % lab.questions.length;
      const questions = [...lab.questions.slice(from), ...lab.questions.slice(0, from)];
      const texts: string[] = [];
      for (const [i, { prompt, question }] of planSamples(prompts, questions, settings.poolsPerRole * pool).entries()) {
        texts.push((await lab.ask(prompt, question, { seed: 1_000 * r + i })).text);
      }
      for (let i = 0; i < texts.length; i += pool) {
        const found = await classOf(judges.roles, texts.slice(i, i + pool));
        right!.push(found === name);
        wrong!.push(found === names[(r + 1) % names.length]);
      }
      if (name === 'assistant') continue;
      for (const text of texts) assistantLike!.push((await classOf(judges.assistant, [text])) === 'assistant');
    }
    const plain: boolean[] = [];
    for (const [i, question] of cases.ordinary.slice(0, settings.ordinary).entries()) {
      const { text } = await lab.ask(null, question, { seed: 100_000 + i });
      plain.push((await classOf(judges.assistant, [text])) === 'assistant');
    }
    const onRealText = (label: string, key: string) => ({
      label,
      value: judges.accuracy[key]!,
      interval: null,
      n: null,
    });
    const judged =
      "Judges are logistic regressions on words and word pairs, trained on the generator's text and pruned.";
    return [
      row({
        claim: 1,
        what: `Role recognised from four replies, ${asked.length} roles`,
        figure: share('recognised', right!, { atLeast: 0.9 }),
        beside: [onRealText('the judge on real text', 'role, four replies')],
        controls: [share('taken for another role of the list, the next one', wrong!)],
        note: `${judged} Pools of four replies to different questions.`,
      }),
      row({
        claim: 1,
        what: 'Assistant-like with no system prompt',
        figure: share('Assistant-like', plain, { atLeast: 0.95 }),
        beside: [onRealText("the judge on the Assistant's real text", "assistant-like, the Assistant's replies")],
        controls: [share("the roles' replies above, by the same judge", assistantLike!)],
        note: judged,
      }),
    ];
  },
};
