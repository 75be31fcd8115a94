/** `cases.json` and `judges.json`, which `science_cases.py` writes. */
import * as v from 'valibot';
import { readClassifiers, type Classifiers } from '../../src/lib/extract/classifier';
import { readJson } from '../settings';

const definition = v.object({ system: v.nullable(v.string()), user: v.string(), definition: v.string() });
const message = v.object({ role: v.picklist(['system', 'user', 'assistant']), content: v.string() });
const schema = v.object({
  seed: v.number(),
  /** Pairs of a role and a topic that training never has. */
  definitions: v.array(definition),
  plainDefinitions: v.array(definition),
  ordinary: v.array(v.string()),
  /** With the generator's own reply; `isTopical`: the on-topic proxy knows the last question's kind. */
  chats: v.array(v.object({ messages: v.array(message), reply: v.string(), isTopical: v.boolean() })),
  harms: v.array(v.string()),
  drift: v.array(
    v.object({ kind: v.picklist(['coding', 'writing', 'therapy', 'philosophy']), users: v.array(v.string()) }),
  ),
  coins: v.array(
    v.object({ liked: v.string(), disliked: v.string(), likedOnHeads: v.string(), likedOnTails: v.string() }),
  ),
  identity: v.array(v.string()),
  /** Of the visitors' messages, those that the generator writes too. */
  generatedVisitors: v.array(v.string()),
  /** Topic, with no article -> its definition. */
  topics: v.record(v.string(), v.string()),
  /** Words of the generator, with spaces between. */
  vocabulary: v.string(),
});
export type Cases = v.InferOutput<typeof schema>;

const freshSchema = v.record(
  v.string(),
  v.object({ positive: v.array(v.string()), negative: v.array(v.string()), questions: v.array(v.string()) }),
);
/** Of each trait: prompts and questions that nothing was made from or chosen by. */
export type Fresh = v.InferOutput<typeof freshSchema>;

export async function readFresh(): Promise<Fresh> {
  return v.parse(freshSchema, await readJson('prompts/fresh.json'));
}

export async function readCases(): Promise<Cases> {
  return v.parse(schema, await readJson('science/cases.json'));
}

const sets = ['roles', 'assistant', 'identity', 'prompt', 'reply'] as const;

/** One classifier a class: the class with the highest score is the judge's answer. */
export type JudgeSets = Record<(typeof sets)[number], Classifiers> & {
  /** On unseen text of the generator, after pruning. */
  accuracy: Record<string, number>;
};

export async function readJudgeSets(): Promise<JudgeSets> {
  const file = v.parse(v.record(v.string(), v.unknown()), await readJson('science/judges.json'));
  const read = Object.fromEntries(sets.map((name) => [name, readClassifiers(file[name])]));
  return {
    ...(read as Record<(typeof sets)[number], Classifiers>),
    accuracy: v.parse(v.record(v.string(), v.number()), file['accuracy']),
  };
}
