/** Storage that is refused, silent, or to be emptied; and a model of the last visit that is not there any more. */
import { readFile } from 'node:fs/promises';
import { expect, test, type BrowserContext } from '@playwright/test';
import { ask, open, prepare, repliesOf, screenshot, setSampling } from './visitor';

/** A sandboxed frame with cookies blocked, on a page without HTTPS: what is not forbidden is not there. */
function refuseEverything(): void {
  const refuse = () => {
    throw new DOMException('Access is denied for this document.', 'SecurityError');
  };
  for (const name of ['localStorage', 'sessionStorage']) {
    if (name in globalThis) Object.defineProperty(globalThis, name, { get: refuse });
  }
  IDBFactory.prototype.open = refuse;
  CacheStorage.prototype.open = CacheStorage.prototype.match = CacheStorage.prototype.keys = async () => refuse();
  for (const name of ['locks', 'storage', 'clipboard', 'serviceWorker']) {
    Reflect.deleteProperty(Object.getPrototypeOf(navigator) as object, name);
  }
  Reflect.deleteProperty(Crypto.prototype, 'subtle');
  Reflect.deleteProperty(Crypto.prototype, 'randomUUID');
}

test('where nothing may be stored the page is whole, and says once what it will not keep', async ({ page }) => {
  const errors = await prepare(page, refuseEverything);
  await open(page);
  const notice = page.getByTestId('storage-notice');
  await expect(notice).toContainText('This browser keeps nothing for this page: its storage is blocked.');
  await expect(notice).toHaveCount(1);
  await setSampling(page, { maxTokens: 8 });
  expect((await ask(page, 'What is a volcano?')).length).toBeGreaterThan(3);
  await page.getByTestId('theme').click();
  await expect(page.getByTestId('theme')).toHaveAttribute('data-choice', 'light');
  await screenshot(page, 'blocked');
  await notice.getByRole('button', { name: 'Dismiss' }).click();
  // A model that is made here is known here, and copying a link has another way.
  await page.getByTestId('share').click();
  await expect(page.getByTestId('share-dialog')).toContainText('Select the link and copy it');
  await page.keyboard.press('Escape');
  await page.getByTestId('model-status').click();
  await expect(page.getByTestId('catalogue-model').first()).toHaveAttribute('data-download', 'none');
  await page.getByTestId('show-stored').click();
  await expect(page.getByTestId('storage-dialog')).toContainText('Nothing.');
  await page.keyboard.press('Escape');
  await expect(notice).toBeHidden();
  expect(errors).toEqual([]);
});

test('a database that never opens costs seconds, not the page', async ({ page }) => {
  const errors = await prepare(page, () => {
    IDBFactory.prototype.open = () => ({}) as IDBOpenDBRequest;
  });
  await open(page);
  await expect(page.getByTestId('storage-notice')).toContainText('This browser does not keep conversations');
  await setSampling(page, { maxTokens: 8 });
  expect((await ask(page, 'What is a volcano?')).length).toBeGreaterThan(3);
  await page.getByTestId('new-chat').click();
  await expect(repliesOf(page)).toHaveCount(0);
  await expect(page.getByTestId('error')).toHaveCount(0);
  expect(errors).toEqual([]);
});

const elsewhere = 'https://elsewhere.test/organism-assistant/';

/** The embedded model at an address of somebody else's, until it is gone. */
async function serveElsewhere(context: BrowserContext) {
  const state = { isGone: false, asked: 0 };
  await context.route('https://elsewhere.test/**', async (route) => {
    state.asked++;
    const path = new URL(route.request().url()).pathname;
    const body = await readFile(`static/models${path}`).catch(() => null);
    if (state.isGone) return route.abort('connectionrefused');
    await route.fulfill({
      status: body ? 200 : 404,
      headers: { 'Access-Control-Allow-Origin': '*', 'Content-Length': String(body?.length ?? 0) },
      ...(body && { body }),
    });
  });
  return state;
}

test('a model from elsewhere is offered at the next visit, never loaded by itself; all that is stored can be deleted', async ({
  page,
  context,
}) => {
  const server = await serveElsewhere(context);
  await open(page);
  await setSampling(page, { maxTokens: 8 });
  await page.evaluate((url) => personascope.load({ engine: 'wgsl', url }), elsewhere);
  await ask(page, 'What is a volcano?');
  server.isGone = true;
  server.asked = 0;

  await page.reload();
  await page.waitForFunction(() => globalThis.personascope?.info());
  expect(await page.evaluate(() => personascope.info()!.id)).toBe('organism-assistant');
  await expect(repliesOf(page)).toHaveCount(1);
  const offer = page.getByTestId('last-model');
  await expect(offer).toContainText('Your last visit was with organism-assistant.');
  expect(server.asked).toBe(0);
  await screenshot(page, 'offer');
  await page.getByTestId('load-last-model').click();
  await expect(page.getByTestId('error')).toContainText('config.json');
  await setSampling(page, { maxTokens: 8 });
  expect((await ask(page, 'What is a river?')).length).toBeGreaterThan(3);

  await page.goto('/?model=embedded');
  await page.waitForFunction(() => globalThis.personascope?.info());
  await expect(repliesOf(page)).toHaveCount(2);
  await expect(offer).toHaveCount(0);

  await page.getByTestId('theme').click();
  await page.evaluate(async () => {
    localStorage.setItem('of-another-page', 'stays');
    const folder = 'https://huggingface.co/mlc-ai/tiny-MLC/resolve/main/';
    await (await caches.open('webllm/model')).put(`${folder}a.bin`, new Response(new Uint8Array(2_000_000)));
    await (await caches.open('of-another-page')).put('/stays', new Response('stays'));
  });
  await page.getByTestId('model-status').click();
  await page.getByTestId('show-stored').click();
  const stored = page.getByTestId('stored');
  await expect(stored).toContainText('conversations');
  await expect(stored).toContainText('1, about 2.0 MB');
  await expect(stored).toContainText('tiny-MLC');
  await expect(stored).toContainText('model used last, theme');
  await expect(page.getByRole('button', { name: 'Cancel' })).toBeFocused();
  await screenshot(page, 'stored');
  const reloaded = page.waitForEvent('load');
  await page.getByTestId('delete-stored').click();
  await reloaded;
  await page.waitForFunction(() => globalThis.personascope?.info());
  const left = await page.evaluate(async () => {
    const records: string[] = [];
    for (const { name } of await indexedDB.databases()) {
      const database = await new Promise<IDBDatabase>((resolve, reject) => {
        const request = indexedDB.open(name!);
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => reject(request.error!);
      });
      for (const store of database.objectStoreNames) {
        const keys = await new Promise<IDBValidKey[]>((resolve) => {
          const request = database.transaction(store).objectStore(store).getAllKeys();
          request.onsuccess = () => resolve(request.result);
        });
        records.push(...keys.map((key) => `${name} ${String(key)}`));
      }
      database.close();
    }
    const files: string[] = [];
    for (const name of await caches.keys()) {
      for (const { url } of await (await caches.open(name)).keys()) files.push(`${name} ${new URL(url).pathname}`);
    }
    return { records, files, settings: Object.keys(localStorage) };
  });
  expect(left).toEqual({ records: [], files: ['of-another-page /stays'], settings: ['of-another-page'] });
  await expect(repliesOf(page)).toHaveCount(0);
  await expect(offer).toHaveCount(0);
  await setSampling(page, { maxTokens: 8 });
  expect((await ask(page, 'What is a volcano?')).length).toBeGreaterThan(3);
});
