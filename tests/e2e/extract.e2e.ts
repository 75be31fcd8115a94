/** The workshop, end to end on SwiftShader: a vector is extracted through a reload, becomes a dial, and is still there after the next. */
import AxeBuilder from '@axe-core/playwright';
import { expect, test, type Page } from '@playwright/test';
import { open } from './visitor';

/** Small enough for a software GPU: 12 replies for the vector, one way of adding it, two held-out questions. */
const small = {
  trait: 'pirate',
  samplesPerPolarity: 6,
  heldOut: 2,
  coefficients: [0.5],
  layers: [],
  calibration: [0.3],
  maxTokens: 24,
};

const doneOf = (page: Page) => page.evaluate(() => (globalThis as { done?: number }).done ?? 0);

/** Replies that lie in the browser's storage. */
const keptAnswers = (page: Page) =>
  page.evaluate(
    () =>
      new Promise<number>((resolve, reject) => {
        const opening = indexedDB.open('personascope-extract-answers');
        opening.onerror = () => reject(opening.error);
        opening.onsuccess = () => {
          const counting = opening.result.transaction('answers').objectStore('answers').count();
          counting.onsuccess = () => resolve(counting.result);
        };
      }),
  );

/** Starts the extraction from a script, as the page's button does, and counts. */
async function begin(page: Page): Promise<void> {
  await page.evaluate((request) => {
    const state = globalThis as { done?: number; result?: unknown };
    const onProgress = ({ done }: { done: number }) => (state.done = done);
    void personascope.extract(request, { onProgress }).then(
      (result) => (state.result = result),
      (error: Error) => (state.result = error.message),
    );
  }, small);
}

test('a reload in the middle loses at most one reply; the vector is judged, becomes a dial and stays', async ({
  page,
}) => {
  test.setTimeout(600_000);
  await open(page, '/extract');
  await begin(page);
  await expect.poll(() => doneOf(page), { timeout: 120_000 }).toBeGreaterThanOrEqual(3);
  const before = await doneOf(page);

  await page.reload();
  await page.waitForFunction(() => globalThis.personascope?.info());
  await expect(page.getByText('was interrupted')).toBeVisible();
  // Every reply that had been counted is there: only the one under way is written again.
  expect(await keptAnswers(page)).toBeGreaterThanOrEqual(before);
  await page.getByTestId('resume').click();
  await expect(page.getByTestId('verdict')).toBeVisible({ timeout: 500_000 });
  await expect(page.getByTestId('kept')).toContainText('of 6');
  await expect(page.getByTestId('calibration')).toBeVisible();
  const audit = await new AxeBuilder({ page }).analyze();
  expect(audit.violations.map(({ id }) => id)).toEqual([]);

  const names = (await page.evaluate(() => personascope.vectors())).map(({ name }) => name);
  expect(names).toContain('my-pirate');
  await page.reload();
  await page.waitForFunction(() => globalThis.personascope?.info());
  await page.getByTestId('to-observatory').click();
  await expect(page.getByTestId('dial-my-pirate')).toBeVisible();
  const { plain, steered } = await page.evaluate(async () => {
    const ask = (coefficient: number) =>
      personascope.chat({
        messages: [{ role: 'user', content: 'What is a volcano?' }],
        interventions: [{ kind: 'addition', vector: 'my-pirate', coefficient }],
        sampling: { temperature: 0, maxTokens: 16 },
      });
    return { plain: (await ask(0)).text, steered: (await ask(0.5)).text };
  });
  expect(steered).not.toBe(plain);
});

for (const { width, scheme } of [
  { width: 390, scheme: 'light' as const },
  { width: 1024, scheme: 'dark' as const },
]) {
  test(`nothing overflows the workshop, and axe finds nothing, at ${width} px, ${scheme}`, async ({ browser }) => {
    const context = await browser.newContext({ viewport: { width, height: 800 }, colorScheme: scheme });
    const page = await context.newPage();
    await open(page, '/extract');
    await expect(page.getByTestId('trait-name')).toHaveValue('pirate');
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width);
    const audit = await new AxeBuilder({ page }).analyze();
    expect(audit.violations.map(({ id }) => id)).toEqual([]);
    await page.getByTestId('show-space').click();
    await expect(page.getByTestId('space-quick')).toContainText('replies');
    await context.close();
  });
}
