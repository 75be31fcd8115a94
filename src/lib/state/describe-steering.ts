/** What a moved dial changed, in words: "pirate 0.80 to 1.20, cap on". */
import type { Intervention } from '../engine/intervention';
import { assistantAxis, messageAxis } from '../personas/position';
import { isolate } from './isolate';

/** Two digits, or three where the dial has them. */
const minus = (value: number) =>
  value.toFixed(Number(value.toFixed(2)) === Number(value.toFixed(3)) ? 2 : 3).replace('-', '−');

/** The axes as the dials call them, not as the files do. */
const axes = new Map([
  [messageAxis.name, 'axis'],
  [assistantAxis.name, 'axis of replies'],
]);

export function nameOf({ vector }: Intervention): string {
  return typeof vector === 'string' ? (axes.get(vector) ?? isolate(vector)) : 'a vector';
}

/** What is set to what. */
interface Setting {
  label: string;
  value: string;
}

/** The key of the cap's; a vector may be named so too. */
const cap = 'cap';

function settings(interventions: readonly Intervention[]): Map<string, Setting> {
  const found = new Map<string, Setting>();
  for (const intervention of interventions) {
    const { kind, coefficient, floor } = intervention;
    const name = nameOf(intervention);
    const key = `${kind} of ${name}`;
    if (kind === 'addition') found.set(key, { label: name, value: minus(coefficient ?? 1) });
    else if (kind === 'capping') found.set(cap, { label: cap, value: `at ${minus(floor ?? 0)}` });
    else found.set(key, { label: key, value: 'on' });
  }
  return found;
}

export function describeChange(before: readonly Intervention[], after: readonly Intervention[]): string {
  const was = settings(before);
  const is = settings(after);
  const changes: string[] = [];
  for (const [key, { label }] of new Map([...was, ...is])) {
    const [from, to] = [was.get(key)?.value, is.get(key)?.value];
    if (from === to) continue;
    if (key === cap) changes.push(to ? (from ? 'cap moved' : 'cap on') : 'cap off');
    else changes.push(`${label} ${from ?? '0.00'} to ${to ?? '0.00'}`);
  }
  return changes.join(', ') || 'no change';
}

/** "pirate 1.20, cap on"; '' for unsteered. */
export function describeSteering(interventions: readonly Intervention[]): string {
  return [...settings(interventions)]
    .map(([key, { label, value }]) => (key === cap ? 'cap on' : `${label} ${value}`))
    .join(', ');
}
