/** Kinds of fields that links and vector files have, each with a message that says what it must be. */
import * as v from 'valibot';

export const finite = v.pipe(v.number('must be a number'), v.finite('must be finite'));

export const between = (low: number, high: number) =>
  v.pipe(finite, v.minValue(low, `must be at least ${low}`), v.maxValue(high, `must be at most ${high}`));

export const integer = (low: number, high: number) => v.pipe(between(low, high), v.integer('must be a whole number'));

export const text = (length: number) =>
  v.pipe(v.string('must be text'), v.maxLength(length, `must be at most ${length} characters`));
