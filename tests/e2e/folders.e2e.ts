/** A model whose files come only in part. */
import { expect, test } from '@playwright/test';
import { open } from './visitor';

test('persona vectors that could not be fetched are missed aloud, and fetched again', async ({ page }) => {
  let isBusy = true;
  await page.route('**/personas.json', (route) => (isBusy ? route.fulfill({ status: 503 }) : route.continue()));
  await open(page);
  const missed = page.locator('[data-testid="error"]', { has: page.getByTestId('personas-again') });
  await expect(missed).toContainText("The model's persona vectors could not be fetched; it answers without them.");
  await expect(missed).toContainText('the server answered 503');
  await expect(page.getByText('comes without persona vectors')).toHaveCount(0);

  const { tokens } = await page.evaluate(() =>
    personascope.chat({
      messages: [{ role: 'user', content: 'Who are you?' }],
      sampling: { temperature: 0 },
      topLogprobs: 20,
    }),
  );
  const end = tokens.flatMap(({ alternatives = [] }) => alternatives).find(({ mark }) => mark === '<|end|>');
  expect(end).toMatchObject({ text: '', endsReply: true });

  isBusy = false;
  await page.getByTestId('personas-again').click();
  await expect(missed).toHaveCount(0);
  await expect(page.getByRole('heading', { name: 'Persona vectors' })).toBeVisible();
});
