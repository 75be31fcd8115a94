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
  // What the page's own policy forbids is said there.
  page.on('console', (message) => message.type() === 'error' && wrong.push(message.text()));
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

  // WebLLM's models, wherever they are compiled.
  await page.evaluate(() => WebAssembly.compile(Uint8Array.from([0, 97, 115, 109, 1, 0, 0, 0])));

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

  await page.goto(`${host.origin}/no/where`);
  await expect(page.getByTestId('page-trouble')).toContainText('There is no page at this address.');
  await page.getByRole('link', { name: 'Back to the chat' }).click();
  await expect(page).toHaveURL(`${host.origin}/`);
  await expect(page.getByTestId('composer')).toBeVisible();
});

test('a page whose files were replaced by another version’s says so, and a reload goes on', async ({ browser }) => {
  const context = await browser.newContext({ viewport: { width: 390, height: 844 } });
  const page = await context.newPage();
  const notice = page.getByTestId('update-notice');
  host.behaviour.isGone = (file) => /workers\/worker-/.test(file);
  await page.goto(`${host.origin}/`);
  const error = page.getByTestId('error');
  await expect(error).toContainText("The engine's worker could not be started: a file of this page did not arrive.");
  await expect(notice).toBeHidden();
  host.behaviour.version = 'another';
  await page.getByTestId('retry').click();
  await expect(notice).toContainText('This page was updated since you opened it: reload to go on.');

  // The other version is there, and then again another.
  Object.assign(host.behaviour, { isGone: () => false, version: null });
  await page.getByTestId('reload').click();
  await untilReady(page);
  await expect(notice).toBeHidden();
  Object.assign(host.behaviour, { isGone: (file: string) => file.startsWith('_app/immutable/'), version: 'another' });
  await page.getByTestId('open-sky').click();
  await expect(page.getByRole('dialog')).toContainText(
    'A part of this page did not arrive, so the sky is shown as a table',
  );
  await page.getByRole('dialog').getByRole('button', { name: 'Close' }).click();
  await expect(notice).toBeVisible();
  await context.close();
});

test('offline, a page that was not fetched yet says so, keeps the chat, and opens when the host answers', async ({
  page,
  context,
}) => {
  await open(page, `${host.origin}/`);
  await context.setOffline(true);
  await page.getByTestId('to-workshop').click();
  const trouble = page.getByTestId('page-trouble');
  await expect(trouble).toContainText('You are offline, and this page was not fetched yet.');
  await page.getByTestId('try-again').click();
  await expect(trouble).toContainText('The site does not answer yet.');
  await page.getByRole('link', { name: 'Back to the chat' }).click();
  await expect(page.getByTestId('composer')).toBeVisible();
  expect(await page.evaluate(() => personascope.info()!.id)).toBe('organism-assistant');

  await page.getByTestId('to-workshop').click();
  await expect(trouble).toBeVisible();
  await context.setOffline(false);
  await page.getByTestId('try-again').click();
  await untilReady(page);
  await expect(page).toHaveURL(`${host.origin}/extract/`);
  await expect(trouble).toHaveCount(0);
});
