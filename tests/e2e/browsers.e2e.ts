/** Browsers older than the one that runs the tests, or with no GPU for the page: what works works, and what is missing is named. */
import { expect, test } from '@playwright/test';
import { growOld } from '../newer-apis';
import { ask, open, prepare, repliesOf, setSampling } from './visitor';

test('a browser as old as Chrome 113 answers, shows all that is written, and opens a link', async ({ page }) => {
  const errors = await prepare(page, growOld);
  await open(page);
  expect(await page.evaluate(() => 'any' in AbortSignal || 'canParse' in URL || 'info' in GPUAdapter.prototype)).toBe(
    false,
  );
  await setSampling(page, { maxTokens: 12 });
  const composer = page.getByTestId('composer');
  await page.addStyleTag({ content: 'textarea { field-sizing: fixed !important }' });
  const height = async () => (await composer.boundingBox())!.height;
  const single = await height();
  await composer.fill('Who\nare\nyou?');
  await expect.poll(height).toBeGreaterThan(single * 1.5);
  await composer.fill('');
  await expect.poll(height).toBe(single);

  const reply = await ask(page, 'Who are you?');
  expect(reply.length).toBeGreaterThan(10);
  expect(await page.evaluate(() => personascope.info()!.gpu)).toMatch(/swiftshader/i);
  const link = await page.evaluate(() => personascope.permalink());
  await page.goto('about:blank');
  await open(page, link);
  await page.getByTestId('replay').click();
  await expect(page.getByTestId('replay-result')).toContainText('Reproduced');
  await expect(repliesOf(page)).toContainText(reply.trim());
  expect(errors).toEqual([]);
});
