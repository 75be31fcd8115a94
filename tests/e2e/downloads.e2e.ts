/** Models to download: asked before, shown, stopped, gone on with, repaired, deleted, and errors in words. A mirror serves a made-up model. */
import AxeBuilder from '@axe-core/playwright';
import { expect, test, type Page } from '@playwright/test';
import { startMirror } from './model-server';

const id = 'Qwen2.5-0.5B-Instruct';
let mirror: Awaited<ReturnType<typeof startMirror>>;
test.beforeEach(async () => {
  mirror = await startMirror();
});
test.afterEach(() => mirror.stop());

async function open(page: Page): Promise<void> {
  await page.goto(`/?mirror=${encodeURIComponent(mirror.url)}`);
  await page.getByTestId('mirror-dialog').getByRole('button', { name: 'Use it' }).click();
  await page.waitForFunction(() => globalThis.personascope?.info());
}

const row = (page: Page) => page.locator(`[data-testid="catalogue-model"][data-id="${id}"]`);

async function openMenu(page: Page): Promise<void> {
  if (!(await row(page).isVisible())) await page.getByTestId('model-status').click();
  await expect(row(page)).toBeVisible();
}

async function choose(page: Page): Promise<void> {
  await openMenu(page);
  await row(page).getByRole('button').first().click();
}

async function accept(page: Page): Promise<void> {
  await page.getByTestId('accept-download').click();
}

/** Ended, well or not: the load that follows a download of nonsense can't succeed. */
async function downloadAll(page: Page): Promise<void> {
  await choose(page);
  await accept(page);
  await expect(page.getByTestId('error')).toBeVisible();
  await openMenu(page);
  await expect(row(page)).toHaveAttribute('data-download', 'complete');
}

test('a mirror in the address is asked about, remembered, and taken out of the address', async ({ page }) => {
  await page.goto(`/?mirror=${encodeURIComponent(mirror.url)}`);
  await expect(page.getByTestId('mirror-dialog')).toContainText(mirror.url);
  await page.getByRole('button', { name: 'Don’t' }).click();
  expect(new URL(page.url()).search).toBe('');
  await page.reload();
  await page.getByTestId('model-status').click();
  await page.getByText('Download from a mirror').click();
  await expect(page.locator('#mirror-url')).toHaveValue('');
  expect(mirror.behaviour.asked).toEqual([]);
  await open(page);
  await page.reload();
  await page.getByTestId('model-status').click();
  await expect(page.locator('#mirror-url')).toHaveValue(mirror.url);
  await page.goto('/?mirror=javascript:alert(1)');
  await expect(page.getByTestId('error')).toContainText('is not an http(s) address');
});

test('states size and source before, shows progress, stops, goes on, repairs, deletes', async ({ page }) => {
  await open(page);
  mirror.behaviour.delay = 150;
  await openMenu(page);
  await expect(row(page)).toHaveAttribute('data-download', 'none');
  await expect(row(page)).toContainText('f32');
  await expect(row(page)).toContainText('verified');
  await choose(page);
  const dialog = page.getByTestId('download-dialog');
  await expect(page.getByTestId('download-size')).toHaveText(`${(mirror.totalBytes / 1e6).toFixed(1)} MB`);
  await expect(dialog).toContainText('127.0.0.1');
  await expect(dialog).toContainText('your mirror');
  await dialog.getByRole('button', { name: 'Not now' }).click();
  await expect(dialog).toBeHidden();
  expect(mirror.behaviour.asked.filter((name) => name.endsWith('.bin'))).toEqual([]);

  await choose(page);
  await accept(page);
  const progress = page.getByTestId('load-progress');
  await expect(progress).toContainText(/Downloading .*B of 1\.2 MB .*B\/s .* left/);
  await page.getByTestId('cancel-load').click();
  await expect(page.getByTestId('error')).toContainText('The download was cancelled. What is complete is kept');
  await openMenu(page);
  await expect(row(page)).toHaveAttribute('data-download', 'partial');
  await page.keyboard.press('Escape');

  await page.getByTestId('request-again').click();
  await expect(page.getByTestId('download-size')).toContainText('the rest of');
  await accept(page);
  await expect(page.getByTestId('error')).toBeVisible();
  await openMenu(page);
  await expect(row(page)).toHaveAttribute('data-download', 'complete');
  // Those in flight when it was stopped were asked for twice; no more.
  const asked = mirror.behaviour.asked.filter((name) => name.endsWith('.bin'));
  expect(asked.length - new Set(asked).size).toBeLessThanOrEqual(4);

  await page.evaluate(async () => {
    const cache = await caches.open('webllm/model');
    const { url } = (await cache.keys()).find(({ url }) => url.endsWith('params_shard_7.bin'))!;
    await cache.put(url, new Response(new Uint8Array(25_007)));
  });
  await row(page).getByRole('button', { name: 'Repair' }).click();
  await expect(row(page)).toContainText('1 file was wrong, and fetched again');
  await row(page).getByRole('button', { name: 'Repair' }).click();
  await expect(row(page)).toContainText('Every file is as it should be');
  if (process.env.SCREENSHOTS) await page.screenshot({ path: `${process.env.SCREENSHOTS}/repaired.png` });

  await row(page).getByRole('button', { name: 'Delete' }).click();
  await row(page).getByRole('button', { name: 'Really delete' }).click();
  await expect(row(page)).toHaveAttribute('data-download', 'none');
  expect(await page.evaluate(async () => (await (await caches.open('webllm/model')).keys()).length)).toBe(0);
});

test('full storage, a damaged and a missing file: said in words, the old model still answers, trying again works', async ({
  page,
}) => {
  await open(page);
  const cdp = await page.context().newCDPSession(page);
  const origin = new URL(page.url()).origin;
  await cdp.send('Storage.overrideQuotaForOrigin', { origin, quotaSize: 600_000 });
  await choose(page);
  await accept(page);
  await expect(page.getByTestId('error')).toContainText(/The browser has no room for .* Delete a downloaded model/);
  await cdp.send('Storage.overrideQuotaForOrigin', { origin });

  mirror.behaviour.damaged.add('params_shard_40.bin');
  await choose(page);
  await accept(page);
  await expect(page.getByTestId('error')).toContainText(/params_shard_40.bin: .* its digest is md5:\w+, and must be/);
  const stored = await page.evaluate(async () =>
    (await (await caches.open('webllm/model')).keys()).map(({ url }) => url),
  );
  expect(stored.some((url) => url.endsWith('params_shard_8.bin'))).toBe(true);
  expect(stored.some((url) => url.endsWith('params_shard_40.bin'))).toBe(false);

  mirror.behaviour.damaged.clear();
  mirror.behaviour.missing.add('params_shard_40.bin');
  await page.getByTestId('request-again').click();
  await accept(page);
  await expect(page.getByTestId('error')).toContainText('params_shard_40.bin: the server answered 404');
  await page.getByTestId('composer').fill('What is a volcano?');
  await page.keyboard.press('Enter');
  await expect(page.getByTestId('token').first()).toBeVisible();
  await expect(page.getByTestId('stop')).toBeHidden();

  mirror.behaviour.missing.clear();
  await page.getByTestId('request-again').click();
  await accept(page);
  await expect(page.getByTestId('download-dialog')).toBeHidden();
  await openMenu(page);
  await expect(row(page)).toHaveAttribute('data-download', 'complete');
});

test('in the workshop too a download is asked about first', async ({ page }) => {
  await open(page);
  await page.getByTestId('to-workshop').click();
  await expect(page).toHaveURL(/extract/);
  await choose(page);
  await expect(page.getByTestId('download-dialog')).toContainText('Download Qwen2.5');
});

test('a model by its addresses is kept in the list, and can be deleted there', async ({ page }) => {
  await page.goto('/');
  await page.waitForFunction(() => globalThis.personascope?.info());
  await page.getByTestId('model-status').click();
  await page.getByText('Another model, by its address').click();
  await page.getByLabel('Weights compiled for WebLLM').fill(`${mirror.url}/me/mine-MLC/resolve/main/`);
  await page.getByLabel('Their library').fill(`${mirror.url}/mine.wasm`);
  await page.getByLabel('WebLLM version').selectOption('0.2.79');
  await page.getByTestId('custom-model').getByRole('button', { name: 'Open' }).last().click();
  await expect(page.getByTestId('download-dialog')).toContainText('Download mine-MLC?');
  await accept(page);
  await expect(page.getByTestId('error')).toBeVisible();
  await page.getByTestId('model-status').click();
  const mine = page.locator('[data-testid="catalogue-model"]').filter({ hasText: 'mine-MLC' });
  await expect(mine).toHaveAttribute('data-download', 'complete');
  await mine.getByRole('button', { name: 'Delete' }).click();
  await mine.getByRole('button', { name: 'Really delete' }).click();
  await expect(mine).toBeHidden();
});

test('a build that needs shader-f16, where the GPU has none, is refused before its weights are fetched', async ({
  page,
}) => {
  mirror.behaviour.quantization = 'q4f16_1';
  await page.goto('/');
  await page.waitForFunction(() => globalThis.personascope?.info());
  const source = {
    engine: 'web-llm' as const,
    url: `${mirror.url}/me/f16-MLC/resolve/main/`,
    lib: `${mirror.url}/f16.wasm`,
  };
  const refused = await page.evaluate(
    (source) =>
      personascope.load(source).then(
        () => null,
        ({ name, message, nextStep }) => ({ name, message, nextStep }),
      ),
    { ...source, runtime: '0.2.79' },
  );
  expect(refused).toMatchObject({ name: 'NotSupported', nextStep: 'Choose its f32 build (q4f32 or q0f32).' });
  expect(refused!.message).toContain('shader-f16');
  expect(mirror.behaviour.asked).toEqual(['mlc-chat-config.json']);
  expect(await page.evaluate(() => personascope.info()!.id)).toBe('organism-assistant');
});

test('a model that is not stored is not downloaded by a reload', async ({ page }) => {
  await open(page);
  await downloadAll(page);
  await page.evaluate(() => caches.delete('webllm/model'));
  mirror.behaviour.asked.length = 0;
  await page.reload();
  await page.waitForFunction(() => globalThis.personascope?.info());
  expect(mirror.behaviour.asked).toEqual([]);
});

for (const [width, height, colorScheme] of [
  [1440, 900, 'light'],
  [1024, 768, 'dark'],
  [390, 844, 'light'],
  [390, 844, 'dark'],
] as const) {
  test(`menu and dialog fit, and axe finds nothing, at ${width} px, ${colorScheme}`, async ({ browser }) => {
    const context = await browser.newContext({ viewport: { width, height }, colorScheme, reducedMotion: 'reduce' });
    const page = await context.newPage();
    const check = async (name: string) => {
      const wide = await page.evaluate(() =>
        [document.documentElement, ...document.querySelectorAll('.popover, .dialog')].map(
          (element) => element.scrollWidth - element.clientWidth,
        ),
      );
      expect([name, ...wide.filter((excess) => excess > 0)]).toEqual([name]);
      const { violations } = await new AxeBuilder({ page }).analyze();
      expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target).join(' ')}`)).toEqual([]);
      if (process.env.SCREENSHOTS)
        await page.screenshot({ path: `${process.env.SCREENSHOTS}/${name}-${width}-${colorScheme}.png` });
    };
    await open(page);
    await openMenu(page);
    await check('menu');
    await page.getByText('Another model, by its address').click();
    await page.getByText('Another model, by its address').scrollIntoViewIfNeeded();
    await check('custom');
    await choose(page);
    await expect(page.getByTestId('download-dialog')).toBeVisible();
    await check('dialog');
    mirror.behaviour.delay = 1500;
    await accept(page);
    await expect(page.getByTestId('load-progress')).toContainText('left');
    await check('progress');
    await page.getByTestId('cancel-load').click();
    await expect(page.getByTestId('error')).toBeVisible();
    await check('cancelled');
    await context.close();
  });
}
