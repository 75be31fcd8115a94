import { expect, it } from 'vitest';
import { describeTroubles } from '../../../src/lib/state/describe-trouble';

const refused = (...names: string[]) => names.map((what) => ({ kind: 'refused', what }) as const);
const full = (...names: string[]) => names.map((what) => ({ kind: 'full', what }) as const);

it('says what is not kept, and nothing where all is', () => {
  expect(describeTroubles([])).toBeNull();
  const everything = refused('settings', 'downloaded models', 'conversations');
  const blocked = describeTroubles(everything);
  expect(blocked).toContain('This browser keeps nothing for this page');
  // One more kind that is refused is nothing new to the reader.
  expect(describeTroubles([...everything, ...refused('vectors')])).toBe(blocked);
  expect(describeTroubles(refused('settings'))).toBe(
    'This browser does not keep settings for this page: they are gone when you close it.',
  );
  expect(describeTroubles(refused('conversations', 'vectors', 'persona spaces'))).toContain(
    'does not keep conversations, vectors and persona spaces for this page',
  );
  expect(describeTroubles(full('vectors'))).toContain('has no room for vectors: what is new is gone');
  expect(describeTroubles([...refused('settings'), ...full('vectors', 'conversations')])).toMatch(
    /does not keep settings .* no room for vectors and conversations/,
  );
});
