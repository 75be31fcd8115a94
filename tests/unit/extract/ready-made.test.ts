import { describe, expect, it } from 'vitest';
import { draftTrait } from '../../../src/lib/extract/draft-trait';
import { parseSettings, resolveTrait } from '../../../src/lib/extract/extract-request';
import { loadPromptSet } from '../../../src/lib/extract/ready-made';
import { planSpace } from '../../../src/lib/extract/space-request';
import { sweptRows } from '../../../src/lib/extract/extract-trait';

describe.each([
  ['general English', false, 12],
  ['the embedded model’s world', true, 9],
])('the ready-made set of %s', (_, isEmbedded, least) => {
  it('has traits with five pairs of prompts, and questions held out from those extracted from', async () => {
    const { traits } = await loadPromptSet(isEmbedded);
    expect(traits.length).toBeGreaterThanOrEqual(least);
    const names = traits.map(({ name }) => name);
    for (const name of [isEmbedded ? 'malicious' : 'evil', 'sycophantic', 'hallucinating'])
      expect(names).toContain(name);
    for (const { positive, negative, questions, held_out } of traits) {
      expect([positive.length, negative.length]).toEqual([5, 5]);
      expect(questions.length).toBeGreaterThanOrEqual(12);
      expect(held_out.length).toBeGreaterThanOrEqual(8);
      expect(questions.filter((question) => held_out.includes(question))).toEqual([]);
    }
  });
});

it('the roles of a chat model: 48 in four families, three prompts each, 32 questions, neutral prompts', async () => {
  const prompts = await loadPromptSet(false);
  const { roles, neutral } = prompts.roles;
  expect(roles).toHaveLength(48);
  expect(new Set(roles.map(({ name }) => name)).size).toBe(48);
  expect(new Set(roles.map(({ family }) => family)).size).toBe(4);
  expect(roles.every((role) => role.prompts.length === 3)).toBe(true);
  expect(new Set(prompts.questions).size).toBe(32);
  expect(neutral).toContain(null);
  const quick = planSpace({}, prompts);
  expect(quick).toMatchObject({ isQuick: true, replies: 16 * 6 + 24 });
  expect(new Set(quick.roles.roles.map(({ family }) => family)).size).toBe(4);
  // Roles and default answer the same questions.
  expect(quick.questions).toEqual(prompts.questions.slice(0, 6));
  expect(planSpace({ samplesPerRole: 5 }, prompts).settings.samplesOfDefault % 5).toBe(0);
  expect(planSpace({ size: 'full' }, prompts)).toMatchObject({ isQuick: false, replies: 48 * 96 + 128 });
  expect(() => planSpace({ samplesPerRole: -1 }, prompts)).toThrow(expect.objectContaining({ name: 'BadRequest' }));
});

describe('a trait in words', () => {
  it('is drafted where it is silent, and kept where it speaks', async () => {
    const { pool, traits } = await loadPromptSet(false);
    const draft = (definition: Parameters<typeof draftTrait>[0]) => draftTrait(definition, pool);
    const trait = resolveTrait({ name: 'envious', positive: ['a', 'b'], negative: ['c', 'd'] }, traits, draft);
    expect(trait).toMatchObject({ label: 'Envious', positive: ['a', 'b'], questions: pool.extract });
    expect(resolveTrait({ name: 'envious' }, traits, draft).positive[0]).toContain('You are an envious assistant.');
    expect(resolveTrait('evil', traits, draft).name).toBe('evil');
  });

  it.each([
    [undefined, 'trait'],
    ['wizardry', 'trait: "wizardry"'],
    [{ name: '' }, 'trait'],
    [{ name: 'a/b' }, 'trait.name'],
    [{ name: 'x', positive: ['a'] }, 'which must be pairs'],
    [{ name: 'x', questions: ['a'] }, 'questions'],
    [{ name: 'x', held_out: ['a'] }, 'trait.held_out'],
    [{ name: 'x', held_out: ['a', 'a'] }, '"a" is not held out'],
    [{ name: 'x', questions: ['a', 'b', 'c', 'd'], held_out: ['e', 'd'] }, '"d" is not held out'],
  ])('is refused by field (%#)', async (wanted, message) => {
    const { pool, traits } = await loadPromptSet(false);
    expect(() => resolveTrait(wanted, traits, (given) => draftTrait(given, pool))).toThrow(
      expect.objectContaining({ name: 'BadRequest', message: expect.stringContaining(message) }),
    );
  });

  it('settings are refused by field', () => {
    expect(parseSettings({})).toMatchObject({ samplesPerPolarity: 24, heldOut: 8 });
    expect(() => parseSettings({ heldOut: 1 })).toThrow(
      expect.objectContaining({ message: expect.stringContaining('heldOut') }),
    );
    expect(parseSettings({ contrast: 'default' })).toMatchObject({ contrast: 'default' });
    expect(() => parseSettings({ contrast: 'none' as 'default' })).toThrow('contrast: must be opposite or default.');
    expect(() => parseSettings({ coefficients: [0] })).toThrow(
      expect.objectContaining({ message: expect.stringContaining('coefficients') }),
    );
  });
});

it('the sweep adds little by little, and at single layers in the middle', () => {
  const rows = sweptRows(28, null, null);
  expect(rows[0]).toEqual({ mode: 'increments', layers: Array.from({ length: 28 }, (_, i) => i) });
  expect(rows.slice(1).map(({ layers }) => layers[0])).toEqual([7, 10, 13, 17, 20, 23]);
  expect(sweptRows(6, null, { mode: 'direct', layers: [0] })).toHaveLength(7);
  expect(sweptRows(6, [], null)).toHaveLength(1);
});
