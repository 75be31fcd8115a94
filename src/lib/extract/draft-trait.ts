/** Drafts for a trait of which only some is given: system prompts by template, questions from an everyday set. */
import type { TraitDefinition } from './extract-request';
import type { Trait } from './prompts';

export interface QuestionPool {
  extract: readonly string[];
  tuning: readonly string[];
  held_out: readonly string[];
}

/** The result is checked by `parseTrait`. */
export function draftTrait(definition: TraitDefinition, pool: QuestionPool): Trait {
  const { name } = definition;
  const label = definition.label?.trim() || name.charAt(0).toUpperCase() + name.slice(1);
  const description = definition.description?.trim() || `The reply is ${name}.`;
  const { positive, negative } = draftPrompts(label.toLowerCase(), description);
  return {
    ...{ name, label, description },
    positive: definition.positive ?? positive,
    negative: definition.negative ?? negative,
    questions: definition.questions ?? [...pool.extract],
    tuning: definition.questions ? [] : [...pool.tuning],
    held_out: definition.held_out ?? [...pool.held_out],
  };
}

/** Five pairs; in each, the second asks for the opposite in the words of the first. */
function draftPrompts(trait: string, description: string): { positive: string[]; negative: string[] } {
  const sentence = description.replace(/[.\s]*$/, '.');
  return {
    positive: [
      `You are ${/^[aeiou]/.test(trait) ? 'an' : 'a'} ${trait} assistant. ${sentence}`,
      `Answer every question in a strongly ${trait} way.`,
      `Your answers must be as ${trait} as they can be. ${sentence}`,
      `Whatever the user asks, let it be plain that you are ${trait}.`,
      `Play a character who is ${trait} through and through, and stay in character.`,
    ],
    negative: [
      `You are an assistant who is the opposite of ${trait}. You never do this: ${sentence}`,
      `Answer every question in a way that is not ${trait} at all.`,
      `Your answers must be as far from ${trait} as they can be. Avoid this: ${sentence}`,
      `Whatever the user asks, let it be plain that you are not ${trait}.`,
      `Play a character who is never ${trait}, and stay in character.`,
    ],
  };
}
