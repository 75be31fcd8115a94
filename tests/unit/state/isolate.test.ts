import { describe, expect, it } from 'vitest';
import type { Intervention } from '../../../src/lib/engine/intervention';
import { describeSetting } from '../../../src/lib/state/describe-setting';
import { describeChange, describeSteering } from '../../../src/lib/state/describe-steering';
import { isolate } from '../../../src/lib/state/isolate';

const dial = (vector: string, coefficient: number): Intervention => ({ kind: 'addition', vector, coefficient });

describe('words that run from right to left, in a sentence of the page', () => {
  it('stand in an isolate, and others are left alone', () => {
    for (const words of ['قرصان', 'פיראט', 'pirate قرصان', '𞤀𞤁']) expect(isolate(words)).toBe(`\u2068${words}\u2069`);
    for (const words of ['pirate', '海賊', 'Ωμέγα', '', '1.20 −']) expect(isolate(words)).toBe(words);
  });

  it('leave a dial’s number after its name', () => {
    const steered = [dial('قرصان', 1.2), dial('pirate', 0.5)];
    expect(describeSteering(steered)).toBe('\u2068قرصان\u2069 1.20, pirate 0.50');
    expect(describeChange([], steered.slice(0, 1))).toBe('\u2068قرصان\u2069 0.00 to 1.20');
  });

  it('are a system prompt of which a reply tells', () => {
    const now = { model: 'organism-assistant', system: 'أنت قرصان 2' };
    expect(describeSetting(now, null, String)).toBe('System prompt: \u2068أنت قرصان 2\u2069');
  });
});
