/**
 * Traits, roles and questions that are offered. The embedded model understands only the wording of its own world, so it gets the
 * sets it was measured with (`organism/prompts`); every other model gets general English.
 */
import { draftTrait, type QuestionPool } from './draft-trait';
import type { TraitDefinition } from './extract-request';
import { parseQuestions, parseRoles, parseTraits, type RolePrompts, type Trait } from './prompts';

export interface PromptSet {
  /** Its name and version: results of different sets are not comparable. */
  name: string;
  traits: Trait[];
  /** What a trait in words is drafted from. */
  pool: QuestionPool;
  roles: RolePrompts;
  /** That roles are asked. */
  questions: string[];
}

export async function loadPromptSet(isEmbedded: boolean): Promise<PromptSet> {
  return isEmbedded ? loadOrganismSet() : loadEnglishSet();
}

async function loadEnglishSet(): Promise<PromptSet> {
  const [traits, roles, pool] = await Promise.all([
    import('./ready-made/traits.json'),
    import('./ready-made/roles.json'),
    import('./ready-made/questions.json'),
  ]);
  const drafted = traits.default.traits.map((trait: TraitDefinition) => draftTrait(trait, pool.default));
  return {
    name: 'english@2',
    traits: parseTraits({ traits: drafted }),
    pool: pool.default,
    roles: parseRoles(roles.default),
    questions: parseQuestions({ questions: pool.default.space }),
  };
}

async function loadOrganismSet(): Promise<PromptSet> {
  const [traits, roles, questions] = await Promise.all([
    import('../../../organism/prompts/traits.json'),
    import('../../../organism/prompts/roles.json'),
    import('../../../organism/prompts/questions.json'),
  ]);
  const parsed = parseTraits(traits.default);
  const [first] = parsed;
  return {
    name: 'organism/prompts',
    traits: parsed,
    pool: { extract: first!.questions, tuning: first!.tuning, held_out: first!.held_out },
    roles: parseRoles(roles.default),
    questions: parseQuestions(questions.default),
  };
}
