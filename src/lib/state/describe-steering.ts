/** What a moved dial changed, in words: "pirate 0.80 to 1.20, cap on". */
import type { Intervention } from '../interp/intervention';
import { assistantAxis, messageAxis } from '../interp/position';

/** Two digits, or three where the dial has them. */
const minus = (value: number) =>
  value.toFixed(Number(value.toFixed(2)) === Number(value.toFixed(3)) ? 2 : 3).replace('-', '−');

/** The axes as the dials call them, not as the files do. */
const axes: Record<string, string> = { [messageAxis.name]: 'axis', [assistantAxis.name]: 'axis of replies' };

export function nameOf({ vector }: Intervention): string {
  return typeof vector === 'string' ? (axes[vector] ?? vector) : 'a vector';
}

function settings(interventions: readonly Intervention[]): Map<string, string> {
  const found = new Map<string, string>();
  for (const intervention of interventions) {
    const { kind, coefficient, floor } = intervention;
    const name = nameOf(intervention);
    if (kind === 'addition') found.set(name, minus(coefficient ?? 1));
    else if (kind === 'capping') found.set('cap', `at ${minus(floor ?? 0)}`);
    else found.set(`${kind} of ${name}`, 'on');
  }
  return found;
}

export function describeChange(before: readonly Intervention[], after: readonly Intervention[]): string {
  const was = settings(before);
  const is = settings(after);
  const changes: string[] = [];
  for (const name of new Set([...was.keys(), ...is.keys()])) {
    if (was.get(name) === is.get(name)) continue;
    if (name === 'cap') changes.push(is.has(name) ? (was.has(name) ? 'cap moved' : 'cap on') : 'cap off');
    else changes.push(`${name} ${was.get(name) ?? '0.00'} to ${is.get(name) ?? '0.00'}`);
  }
  return changes.join(', ') || 'no change';
}

/** "pirate 1.20, cap on"; '' for unsteered. */
export function describeSteering(interventions: readonly Intervention[]): string {
  return [...settings(interventions)]
    .map(([name, value]) => (name === 'cap' ? 'cap on' : `${name} ${value}`))
    .join(', ');
}
