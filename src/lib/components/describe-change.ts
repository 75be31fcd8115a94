/** What a moved dial changed, in words: "pirate 0.80 to 1.20, cap on". */
import type { Intervention } from '$lib/interp/intervention';

/** Two digits, or three where the dial has them. */
const minus = (value: number) =>
  value.toFixed(Number(value.toFixed(2)) === Number(value.toFixed(3)) ? 2 : 3).replace('-', '−');

/** Of the axes, whose names are the files'. */
const labels: Record<string, string> = { 'cap-axis': 'axis', 'assistant-axis': 'axis of replies' };

function settings(interventions: readonly Intervention[]): Map<string, string> {
  const found = new Map<string, string>();
  for (const { kind, vector, coefficient, floor } of interventions) {
    const name = typeof vector === 'string' ? (labels[vector] ?? vector) : 'a vector';
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
