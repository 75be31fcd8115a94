/** What goes wrong on the way: a lost GPU, a model elsewhere that does not let itself be read. Nothing said before is lost. */
import { createReadStream, existsSync, statSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join, normalize } from 'node:path';
import { expect, test, type Browser } from '@playwright/test';
import { ask, askAndInterrupt, open, repliesOf, setDial, setSampling } from './visitor';

/** Gives a function that ends the browser's GPU process at once, as a driver that crashes does. */
async function findGpu(browser: Browser): Promise<() => void> {
  const session = await browser.newBrowserCDPSession();
  const { processInfo } = await session.send('SystemInfo.getProcessInfo');
  const { id } = processInfo.find(({ type }) => type === 'GPU')!;
  return () => process.kill(id, 'SIGKILL');
}

test('a lost GPU is said in a sentence, the conversation is kept, and trying again works', async ({
  playwright,
  baseURL,
}, { project }) => {
  // A browser of its own: after repeated losses a browser takes the GPU away from all its pages.
  const browser = await playwright.chromium.launch(project.use.launchOptions);
  try {
    const page = await browser.newPage({ baseURL });
    await open(page);
    await setSampling(page, { maxTokens: 60 });
    await ask(page, 'What is a volcano?');
    // So far beyond the dial's range that the reply does not end by itself.
    await setDial(page, 'pirate', 3);
    const killGpu = await findGpu(browser);
    await askAndInterrupt(page, 'Tell me a story about the moon.');
    killGpu();

    const lost = page.locator('[data-testid="error"]', { has: page.getByTestId('retry') });
    await expect(lost).toContainText(
      'The GPU was lost: its driver or the browser stopped it. Your conversation is kept. Load the model again.',
    );
    await expect(repliesOf(page)).toHaveCount(2);
    await expect(repliesOf(page).last()).toContainText('The reply so far is kept.');
    expect(await page.evaluate(() => personascope.info())).toBeNull();

    await page.getByTestId('retry').click();
    await page.waitForFunction(() => personascope.info());
    await expect(lost).toHaveCount(0);
    expect((await ask(page, 'What is a river?')).length).toBeGreaterThan(5);
    await expect(repliesOf(page)).toHaveCount(3);

    const killAgain = await findGpu(browser);
    killAgain();
    await page.getByTestId('retry').click();
    await expect(page.getByTestId('model-status')).toHaveAttribute('data-phase', /ready|failed/);
    await expect(repliesOf(page)).toHaveCount(3);
    await expect(page.getByTestId('unsupported')).toHaveCount(0);
  } finally {
    await browser.close();
  }
});

/** Serves `static/models` from another origin. */
async function serveModels(headers: Record<string, string>): Promise<{ server: Server; url: string }> {
  const server = createServer((request, response) => {
    const file = join('static/models', normalize(new URL(request.url!, 'http://localhost').pathname));
    const isFile = existsSync(file) && statSync(file).isFile();
    response.writeHead(isFile ? 200 : 404, headers);
    if (isFile) createReadStream(file).pipe(response);
    else response.end();
  });
  await new Promise<void>((resolve) => server.listen(0, resolve));
  return { server, url: `http://localhost:${(server.address() as AddressInfo).port}/organism-assistant/` };
}

test('a model folder elsewhere is loaded if its server allows it, and refused in a sentence if not', async ({
  page,
}) => {
  const allowing = await serveModels({ 'Access-Control-Allow-Origin': '*' });
  const closed = await serveModels({});
  const openFolder = async (url: string) => {
    await page.getByTestId('model-status').click();
    await page.getByText('Another model, by its address').click();
    await page.getByLabel('A folder in Hugging Face layout').fill(url);
    await page.getByTestId('custom-model').getByRole('button', { name: 'Open' }).first().click();
  };
  try {
    await open(page);
    await setSampling(page, { maxTokens: 12 });
    const here = await ask(page, 'What is a volcano?');

    await openFolder(closed.url);
    const refused = page.getByTestId('error');
    await expect(refused).toContainText('config.json');
    await expect(refused).toContainText('allows other sites to read it (CORS)');
    expect(await page.evaluate(() => personascope.info()!.id)).toBe('organism-assistant');
    await page.getByRole('button', { name: 'Dismiss' }).click();
    await page.getByTestId('regenerate').click();
    await expect(page.getByTestId('stop')).toBeHidden();
    await expect(repliesOf(page)).toContainText(here.trim());

    // An address beside the page's own.
    const base = await page.evaluate(() => personascope.load({ engine: 'wgsl', url: 'models/organism-base' }));
    expect(base.nLayers).toBe(6);

    await openFolder(allowing.url);
    await page.waitForFunction((url) => personascope.info()?.id === url, allowing.url);
    await expect(page.getByTestId('dial-pirate')).toBeVisible();
    await expect(repliesOf(page)).toHaveCount(1);
    await page.getByTestId('new-chat').click();
    expect(await ask(page, 'What is a volcano?')).toBe(here);
  } finally {
    allowing.server.close();
    closed.server.close();
  }
});
