/** The built site on a host of static files that knows no routes, at its root and in a folder of it. */
import { readFile } from 'node:fs/promises';
import { expect, test, type Page } from '@playwright/test';
import { startPlainHost } from './plain-host';
import { ask, open, repliesOf, restingSky, setSampling } from './visitor';

let host: Awaited<ReturnType<typeof startPlainHost>>;
test.beforeEach(async () => {
  host = await startPlainHost();
});
test.afterEach(() => host.stop());

const untilReady = (page: Page) => page.waitForFunction(() => globalThis.personascope?.info());

test('in a folder every page opens, reloads and finds its models, and a link leads there', async ({ page }) => {
  host.behaviour.mount = '/sub/';
  const wrong: string[] = [];
  page.on('response', (response) => {
    if (response.status() >= 400) wrong.push(`${response.status()} ${response.url()}`);
  });
  page.on('pageerror', (error) => wrong.push(error.message));
  await open(page, `${host.origin}/sub/`);
  await setSampling(page, { maxTokens: 8 });
  const said = await ask(page, 'Who are you?');
  await restingSky(page);
  await page.getByTestId('share').click();
  await expect(page.getByTestId('qr-code')).toBeVisible();
  const saving = page.waitForEvent('download');
  await page.getByTestId('share-file').click();
  expect(await readFile(await (await saving).path(), 'utf8')).toContain('Who are you?');
  await page.keyboard.press('Escape');
  await page.getByTestId('to-workshop').click();
  await expect(page).toHaveURL(`${host.origin}/sub/extract/`);
  const link = await page.evaluate(() => personascope.permalink());
  expect(link).toContain(`${host.origin}/sub/#v2.`);

  await page.reload();
  await untilReady(page);
  // Relative to the site on every page of it, as it always was.
  const loaded = await page.evaluate(() => personascope.load({ engine: 'wgsl', url: 'models/organism-assistant' }));
  expect(loaded.label).toBe('organism-assistant');

  await page.goto(`${host.origin}/sub/science`);
  await expect(page).toHaveURL(`${host.origin}/sub/science/`);
  await expect(page.locator('table').first()).toBeVisible();
  await page.getByTestId('to-observatory').click();
  await expect(page).toHaveURL(`${host.origin}/sub/`);
  await expect(repliesOf(page)).toContainText(said.trim().slice(0, 12));

  await page.goto(link);
  await page.reload();
  await untilReady(page);
  await page.getByTestId('replay').click();
  await expect(page.getByTestId('replay-result')).toHaveAttribute('data-outcome', 'reproduced');
  expect(wrong).toEqual([]);
});

test('where a host does not lead to the slash, 404.html does, with query and fragment', async ({ page }) => {
  host.behaviour.redirects = false;
  await open(page, `${host.origin}/extract?model=embedded#here`);
  await expect(page).toHaveURL(`${host.origin}/extract/?model=embedded#here`);
  await expect(page.getByRole('heading', { name: 'Ready-made' })).toBeVisible();
});
