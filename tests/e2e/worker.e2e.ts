/** What is slow can be stopped, what dies is said, and nothing is fetched from elsewhere unasked. */
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test, type Page } from '@playwright/test';
import { encodePermalink } from '../../src/lib/conversation/permalink';
import { open, repliesOf } from './visitor';

/** The embedded model's folder from another origin, and what of it was asked for. @param answers what a file is instead; null: no answer */
async function serveElsewhere(answers: Record<string, (bytes: Buffer) => Buffer | null> = {}) {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    const name = request.url!.split('/').pop()!;
    asked.push(name);
    response.setHeader('access-control-allow-origin', '*');
    const file = `static/models/organism-assistant/${name}`;
    const stored = existsSync(file) ? readFileSync(file) : Buffer.alloc(0);
    const answer = answers[name] ? answers[name](stored) : stored;
    if (answer) response.writeHead(answer.length > 0 ? 200 : 404).end(answer);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const stop = () => {
    server.closeAllConnections();
    server.close();
  };
  return { origin, url: `${origin}/organism-assistant/`, asked, stop };
}

const errorOf = (page: Page) => page.getByTestId('error').filter({ visible: true });

test('a server that never answers and a model that hangs on a message are stopped, and the conversation stays', async ({
  page,
}) => {
  // The time that this pattern takes doubles with every letter a.
  const hostile = (bytes: Buffer) => {
    const json = JSON.parse(bytes.toString());
    const [split] = json.pre_tokenizer.pretokenizers;
    split.pattern.Regex = `(?:a+)+!|${split.pattern.Regex}`;
    return Buffer.from(JSON.stringify(json));
  };
  const elsewhere = await serveElsewhere({ 'mlc-chat-config.json': () => null, 'tokenizer.json': hostile });
  try {
    await open(page);
    await page.getByTestId('model-status').click();
    await page.getByText('Another model, by its address').click();
    await page.getByLabel('Weights compiled for WebLLM').fill(`${elsewhere.origin}/me/mine-MLC/resolve/main/`);
    await page.getByLabel('Their library').fill(`${elsewhere.origin}/mine.wasm`);
    await page.getByTestId('custom-model').getByRole('button', { name: 'Open' }).last().click();
    const progress = page.getByTestId('load-progress');
    await expect(progress).toContainText('Asking how large it is');
    await expect.poll(() => elsewhere.asked).toEqual(['mlc-chat-config.json']);
    await page.getByTestId('cancel-load').click();
    await expect(progress).toBeHidden();
    await expect(errorOf(page)).toHaveCount(0);

    await page.evaluate((url) => personascope.load({ engine: 'wgsl', url }), elsewhere.url);
    await page.getByTestId('composer').fill(`${'a'.repeat(60)}?`);
    await page.getByTestId('composer').press('Enter');
    await page.getByTestId('stop').click();
    await expect(repliesOf(page)).toContainText('too busy to hear that it should stop');
    await page.waitForFunction((url) => globalThis.personascope.info()?.id === url, elsewhere.url);
    await expect(page.getByTestId('model-status')).toHaveAttribute('data-phase', 'ready');
    await expect(page.locator('[data-testid="message"][data-role="user"]')).toHaveText(/aaaaaa\?/);
    const messages = [{ role: 'user' as const, content: 'hello' }];
    const said = await page.evaluate(
      (messages) => personascope.chat({ messages, sampling: { maxTokens: 2 } }),
      messages,
    );
    expect(said.tokens).toHaveLength(2);
  } finally {
    elsewhere.stop();
  }
});

test('an engine whose file does not arrive is said, and trying again starts it', async ({ page }) => {
  const workerFile = /workers\/worker-.*\.js/;
  await page.route(workerFile, (route) => route.fulfill({ status: 404 }));
  await page.goto('/');
  await expect(errorOf(page)).toContainText('could not be started: a file of this page did not arrive. Try again');
  await page.unroute(workerFile);
  await page.getByTestId('retry').click();
  await page.waitForFunction(() => globalThis.personascope.info());
  await expect(errorOf(page)).toHaveCount(0);
});

test('a link to a model elsewhere asks before a byte is fetched, and keys typed meanwhile accept nothing', async ({
  page,
}) => {
  const elsewhere = await serveElsewhere();
  const reply = { text: 'A', seed: 1, interventions: [], schedule: [], tokenIds: [65] };
  const conversation = {
    system: '',
    sampling: { temperature: 0, topP: 1, maxTokens: 4 },
    turns: [{ user: 'hi', replies: [reply], chosen: 0 }],
  };
  const model = { engine: 'wgsl' as const, url: elsewhere.url };
  try {
    await page.goto(
      `/?mirror=${encodeURIComponent(elsewhere.origin)}#${await encodePermalink({ ...conversation, model })}`,
    );
    const mirror = page.getByTestId('mirror-dialog');
    await expect(mirror).toBeVisible();
    await expect(mirror.getByRole('button', { name: 'Don’t' })).toBeFocused();
    await page.waitForTimeout(600);
    await page.keyboard.press('Enter');
    await expect(mirror).toBeHidden();
    expect(await page.evaluate(() => localStorage.getItem('personascope-mirror'))).toBeNull();

    await page.waitForFunction(() => globalThis.personascope.info());
    const dialog = page.getByTestId('foreign-dialog');
    for (const button of ['replay', 'open-here']) {
      await page.getByTestId(button).click();
      await expect(dialog).toContainText(new URL(elsewhere.origin).host);
      await expect(dialog.getByRole('button', { name: 'Not now' })).toBeFocused();
      await dialog.getByRole('button', { name: 'Not now' }).click();
      await expect(dialog).toBeHidden();
    }
    expect(elsewhere.asked).toEqual([]);
    expect(await page.evaluate(() => personascope.info()!.id)).toBe('organism-assistant');

    await page.getByTestId('replay').click();
    await page.getByTestId('accept-foreign').click();
    await page.waitForFunction((url) => personascope.info()?.id === url, elsewhere.url);
    await expect(page.getByTestId('replay-result')).toHaveAttribute('data-outcome', 'different');
    expect(elsewhere.asked).toContain('model.safetensors');
  } finally {
    elsewhere.stop();
  }
});
