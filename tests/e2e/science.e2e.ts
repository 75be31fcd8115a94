/** The page of measurements: what ships is shown, a table of other weights says so, and a damaged one is refused by field. */
import AxeBuilder from '@axe-core/playwright';
import { expect, test, type Page } from '@playwright/test';
import { readFile } from 'node:fs/promises';
import { open } from './visitor';

const readShipped = async () => JSON.parse(await readFile('static/science.json', 'utf8'));

/** Serves another table than the one that ships. */
const serve = (page: Page, table: unknown) =>
  page.route('**/science.json', (route) => route.fulfill({ json: table as object }));

for (const { width, scheme } of [
  { width: 390, scheme: 'light' as const },
  { width: 1280, scheme: 'dark' as const },
]) {
  test(`claims, verdicts and what they were measured on, at ${width} px, ${scheme}`, async ({ browser }) => {
    const context = await browser.newContext({ viewport: { width, height: 800 }, colorScheme: scheme });
    const page = await context.newPage();
    const { rows, commit, models, settings, missing } = await readShipped();
    await open(page, '/extract');
    await page.getByTestId('to-science').click();
    await expect(page).toHaveTitle('Measurements · Personascope');
    const judged = rows.filter(({ verdict }: { verdict: string | null }) => verdict !== null);
    await expect(page.locator('tr[data-verdict]')).toHaveCount(judged.length);
    // A run of a few replies has no verdicts.
    const isFull = settings.size === 'full';
    await expect(page.locator('b', { hasText: /^(Met|Missed)$/ })).toHaveCount(isFull ? judged.length : 0);
    await expect(page.getByText(commit)).toBeVisible();
    await expect(page.getByText(models[0].digest)).toBeVisible();
    await expect(page.getByTestId('small-run')).toHaveCount(isFull ? 0 : 1);

    await expect(page.getByTestId('missing-claims')).toHaveCount(missing?.length ? 1 : 0);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width);
    const audit = await new AxeBuilder({ page }).analyze();
    expect(audit.violations.map(({ id }) => id)).toEqual([]);
    await context.close();
  });
}

test('rows without a target lie behind a button of their claim', async ({ page }) => {
  const shipped = await readShipped();
  const figure = { label: 'shows it', value: 0.5, interval: null, n: 9 };
  const row = {
    ...shipped.rows[0],
    claim: 7,
    what: 'Pirate, full scale of the dial',
    figure,
    beside: [],
    controls: [],
  };
  await serve(page, { ...shipped, rows: [...shipped.rows, { ...row, verdict: null }] });
  await open(page, '/science');
  await expect(page.getByText('full scale of the dial')).toHaveCount(0);
  await page.getByTestId('more-7').click();
  await expect(page.getByText('full scale of the dial').first()).toBeVisible();
  const audit = await new AxeBuilder({ page }).analyze();
  expect(audit.violations.map(({ id }) => id)).toEqual([]);
});

test('a table of other weights says so', async ({ page }) => {
  const shipped = await readShipped();
  await serve(page, { ...shipped, models: [{ id: 'another', digest: 'a'.repeat(64) }] });
  await open(page, '/science');
  await expect(page.getByTestId('other-model')).toContainText('Organism, Assistant is loaded now');
});

test('a damaged table is refused, and the field is named', async ({ page }) => {
  const shipped = await readShipped();
  await serve(page, { ...shipped, rows: [{ ...shipped.rows[0], verdict: 'splendid' }] });
  await page.goto('/science');
  await expect(page.getByTestId('error')).toContainText('rows.0.verdict');
  await expect(page.getByTestId('claims')).toHaveCount(0);
});
