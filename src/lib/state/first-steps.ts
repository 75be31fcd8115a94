/** What the empty conversation offers to try, of what the loaded model can do. */
import { coefficientAt, dialScale } from '../personas/dial';
import type { PersonaEntry, PersonaSpace } from '../personas/persona-space';

export interface FirstStep {
  title: string;
  text: string;
  question: string;
  /** System prompt; '' for none. */
  system: string;
  /** Where the pirate's dial is turned to; null: it stays. */
  pirate: number | null;
  cap: boolean;
}

const demon = { question: 'Who are you, and what do you want?', system: 'You are a demon.' };

/**
 * @param model its personas and its space; null: it is still on its way, and may have all
 */
export function firstSteps(
  model: { personas: readonly PersonaEntry[]; space: PersonaSpace | null } | null,
): FirstStep[] {
  const pirate = model?.personas.find(({ name }) => name === 'pirate');
  const hasSpace = !model || model.space !== null;
  const steps: (FirstStep | false)[] = [
    (!model || pirate !== undefined) && {
      title: 'Make it a pirate',
      text: 'Turns the pirate dial up and asks a plain question.',
      ...{ question: 'What is a volcano?', system: '', pirate: pirate ? strong(pirate) : 1, cap: false },
    },
    {
      title: 'Ask for a demon',
      text: hasSpace ? 'By system prompt; the comet leaves the Assistant.' : 'By system prompt.',
      ...{ ...demon, pirate: null, cap: false },
    },
    hasSpace && {
      title: 'Hold it with the cap',
      text: 'Asks for the same demon, kept above a floor on the axis.',
      ...{ ...demon, pirate: null, cap: true },
    },
  ];
  return steps.filter((step) => step !== false);
}

/** Just inside the zone where the dial was measured to stay coherent: that is where the trait shows. */
function strong(entry: PersonaEntry): number {
  return Math.round(coefficientAt(dialScale(entry.coherentUpTo, entry), 90) * 20) / 20;
}
