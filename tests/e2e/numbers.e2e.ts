/** Numbers that are typed: what a field shows is what is used, and what it does not take is said. */
import AxeBuilder from '@axe-core/playwright';
import { expect, test } from '@playwright/test';
import { encodePermalink } from '../../src/lib/conversation/permalink';
import { open } from './visitor';

test('dials and sampling take numbers as they are typed, and spring back with a reason', async ({ page }) => {
  await open(page);
  const dial = page.getByTestId('dial-pirate-number');
  const said = (text: string) => page.getByRole('status').filter({ hasText: text });
  await dial.fill('1,75');
  await dial.press('Enter');
  await expect(dial).toHaveValue('1.75');
  await expect(page.getByTestId('dial-pirate')).toHaveAttribute('aria-valuetext', /^\+1\.75/);
  await dial.press('ArrowUp');
  await expect(dial).toHaveValue('1.80');
  await dial.fill('−0.5');
  await dial.press('Escape');
  await expect(dial).toHaveValue('1.80');
  for (const [typed, reason] of [
    ['1e308', 'at most 3.40e+38'],
    ['1,234', 'can be read in two ways'],
    ['', 'A number is needed'],
  ] as const) {
    await dial.fill(typed);
    await dial.press('Enter');
    await expect(dial).toHaveValue('1.80');
    await expect(dial).toHaveAttribute('aria-valuenow', '1.8');
    await expect(dial).toHaveAccessibleDescription(new RegExp(reason.replace('+', '\\+')));
  }

  await page.getByRole('button', { name: 'Sampling' }).click();
  const temperature = page.getByTestId('temperature');
  await temperature.fill('101');
  await temperature.press('Tab');
  await expect(temperature).toHaveValue('0.5');
  await expect(said('It must be at most 100.')).toBeVisible();
  const topP = page.getByTestId('top-p');
  await topP.fill('0');
  await topP.press('Tab');
  await expect(topP).toHaveValue('0.95');
  await expect(said('It must be more than 0.')).toBeVisible();
  const audit = await new AxeBuilder({ page }).include('.popover').analyze();
  expect(audit.violations.map(({ id }) => id)).toEqual([]);
  const seed = page.getByTestId('seed');
  await seed.fill('7');
  await seed.press('Enter');
  await expect(seed).toHaveValue('7');
  await seed.fill('7.5');
  await seed.press('Escape');
  await expect(seed).toHaveValue('7');
  await seed.fill('');
  await seed.press('Tab');
  await expect(seed).toHaveValue('');
  await expect(seed).toHaveAttribute('aria-valuetext', 'random');
});

test('sampling that came by a link is shown as it is used', async ({ page }) => {
  const fragment = await encodePermalink({
    ...{ model: 'organism-assistant', system: '', sampling: { temperature: 42.125, topP: 0.0123, maxTokens: 99_999 } },
    turns: [],
  });
  await open(page, `/#${fragment}`);
  await page.getByTestId('open-here').click();
  await page.getByRole('button', { name: 'Sampling' }).click();
  for (const [name, value] of [
    ['temperature', '42.125'],
    ['top-p', '0.0123'],
    ['max-tokens', '99999'],
  ]) {
    await expect(page.getByTestId(name!)).toHaveValue(value!);
  }
});
