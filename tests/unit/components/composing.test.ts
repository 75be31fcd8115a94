import { describe, expect, it } from 'vitest';
import { isComposing, keepFromHandlers } from '../../../src/lib/components/composing';

/** A key as browsers report it. */
function press(isComposing: boolean, keyCode: number) {
  let isStopped = false;
  const event = { isComposing, keyCode, stopPropagation: () => (isStopped = true) };
  keepFromHandlers(event as unknown as KeyboardEvent);
  return isStopped;
}

describe('keys of an input method', () => {
  it('are those inside a composition, and the one by which Safari ends it', () => {
    expect(isComposing({ isComposing: true, keyCode: 229 })).toBe(true);
    expect(isComposing({ isComposing: true, keyCode: 13 })).toBe(true);
    expect(isComposing({ isComposing: false, keyCode: 229 })).toBe(true);
    expect(isComposing({ isComposing: false, keyCode: 13 })).toBe(false);
    expect(isComposing({ isComposing: false, keyCode: 27 })).toBe(false);
  });

  it('reach no handler; every other key does', () => {
    expect(press(true, 13)).toBe(true);
    expect(press(false, 229)).toBe(true);
    expect(press(false, 13)).toBe(false);
    expect(press(false, 27)).toBe(false);
  });
});
