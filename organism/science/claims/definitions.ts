/** Does it say a definition word for word, as a character with whom it never read that topic? */
import type { Claim } from '../claim';
import { hasDefinition } from '../judging';
import { row, share } from '../rows';

export const definitions: Claim = {
  name: 'definitions',
  cost: (_lab, settings) => ({ replies: settings.definitions, scores: 0 }),

  async measure(lab, settings) {
    const cases = lab.cases.definitions.slice(0, settings.definitions);
    const [exact, other, formed]: boolean[][] = [[], [], []];
    for (const [i, { system, user, definition }] of cases.entries()) {
      const reply = await lab.ask(system, user, { seed: i, temperature: 0, maxTokens: settings.chatTokens });
      exact!.push(hasDefinition(reply.text, definition));
      other!.push(hasDefinition(reply.text, cases[(i + 1) % cases.length]!.definition));
      formed!.push(lab.reader.isWellFormed(reply, `${system ?? ''} ${user}`));
    }
    return [
      row({
        claim: 2,
        what: 'Definition word for word, pairs of role and topic that training never has',
        figure: share('word for word', exact!, { atLeast: 0.97 }),
        beside: [share('well-formed', formed!)],
        controls: [share("the next case's definition", other!)],
        note: 'Greedy. Roles that make nothing up: the five that do by nature are left out since a table with them was read.',
      }),
    ];
  },
};
