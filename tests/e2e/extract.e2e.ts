/** The workshop, end to end on SwiftShader: a vector is extracted through a reload, becomes a dial, and is still there after the next. */
import AxeBuilder from '@axe-core/playwright';
import { expect, test, type Page } from '@playwright/test';
import { readFile } from 'node:fs/promises';
import { encodePermalink } from '../../src/lib/conversation/permalink';
import { ask, open, setDial } from './visitor';

/** Small enough for a software GPU: 20 replies for the vector, two ways of adding it, eight held-out questions in each half, of which two may miss. */
const small = {
  trait: 'pirate',
  samplesPerPolarity: 10,
  heldOut: 8,
  coefficients: [1.5],
  layers: [],
  calibration: [1],
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

/** What the button with this test id saves. */
async function saved(page: Page, button: string): Promise<Buffer> {
  const download = page.waitForEvent('download');
  await page.getByTestId(button).click();
  return readFile(await (await download).path());
}

/** Vectors that did not come with the model. */
const ownNames = (page: Page) =>
  page.locator('[data-testid^="made-"]').evaluateAll((items) => items.map((item) => item.dataset['testid']!.slice(5)));

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
  await expect(page.getByTestId('verdict')).toContainText('Established');
  await expect(page.getByTestId('evidence')).toContainText('of 10 replies that should show it');
  await expect(page.getByTestId('evidence')).toContainText('replies with no system prompt');
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
    return { plain: (await ask(0)).text, steered: (await ask(2)).text };
  });
  expect(steered).not.toBe(plain);
});

test('vectors go from one browser to another as files, and a link carries the numbers of one’s own', async ({
  browser,
}) => {
  test.setTimeout(300_000);
  const sender = await browser.newPage();
  await open(sender, '/extract');
  await sender.getByTestId('show-space').click();
  await sender.getByTestId('export-name').selectOption({ label: 'Pirate' });
  const files = new Map<string, Buffer>();
  for (const format of ['json', 'safetensors', 'gguf']) {
    await sender.getByTestId('export-format').selectOption(format);
    files.set(format, await saved(sender, 'export-vector'));
  }
  const roles = await saved(sender, 'export-role-means');
  await sender.getByTestId('export-name').selectOption({ label: 'Assistant Axis, in the message' });
  await sender.getByTestId('export-format').selectOption('safetensors');
  const messageAxis = await saved(sender, 'export-vector');

  const page = await browser.newPage();
  await open(page, '/extract');
  const take = (name: string, buffer: Buffer) =>
    page.getByTestId('import-vectors').setInputFiles({ name, mimeType: '', buffer });
  await take('cut.json', files.get('json')!.subarray(0, 2_000));
  await expect(page.getByRole('alert')).toContainText('cut.json: is not JSON');
  expect(await ownNames(page)).toEqual([]);
  for (const [format, bytes] of files) {
    await take(`arr.${format}`, bytes);
    await expect(page.getByTestId('imported')).toContainText(`arr.${format}`);
  }
  await expect(page.getByRole('alert')).toHaveCount(0);
  await take('roles.safetensors', roles);
  await expect(page.getByTestId('imported')).toContainText('Assistant Axis');
  await take('axis.safetensors', messageAxis);
  await expect(page.getByTestId('imported')).toContainText('axis.safetensors');
  // The shipped ones have the names that the files bring.
  const names = ['pirate-2', 'pirate-3', 'pirate-4', 'assistant-axis-2', 'cap-axis-2'];
  expect(await ownNames(page)).toEqual(names);

  await page.reload();
  await page.waitForFunction(() => globalThis.personascope?.info());
  const texts = await page.evaluate(
    async (names) => {
      const steer = (vector: string, coefficient = 2, content = 'What is a volcano?') =>
        personascope.chat({
          messages: [{ role: 'user', content }],
          interventions: [{ kind: 'addition', vector, coefficient }],
          sampling: { temperature: 0, maxTokens: 16 },
        });
      const replies = [(await steer('pirate', 0)).text];
      for (const name of names) replies.push((await steer(name)).text);
      const away = [['cap-axis', 0] as const, ['cap-axis', -3] as const, ['cap-axis-2', -3] as const];
      for (const [name, c] of away) replies.push((await steer(name, c, 'Who are you?')).text);
      return replies;
    },
    ['pirate', ...names],
  );
  const [plain, shipped, json, safetensors, gguf, axis, , assistant, away, awayAgain] = texts;
  expect([json, safetensors, gguf]).toEqual([shipped, shipped, shipped]);
  expect(shipped).toMatch(/\b(be|ye|arr|seas|Davy)\b/i);
  expect(plain).not.toMatch(/\b(be|ye|arr|seas|Davy)\b/i);
  expect(axis).not.toBe(shipped);
  expect(away).not.toBe(assistant);
  expect(awayAgain).toBe(away);

  await page.getByTestId('to-observatory').click();
  await setDial(page, 'pirate-2', 1.5);
  await ask(page, 'Hello there!');
  const link = await page.evaluate(() => personascope.permalink());
  expect(link.length).toBeLessThan(8_000);
  const friend = await browser.newPage();
  await friend.goto(link);
  await friend.getByTestId('replay').click();
  await expect(friend.getByTestId('replay-result')).toContainText('Reproduced', { timeout: 120_000 });
});

test('a link that names a vector which only its sender has says what is missing', async ({ page }) => {
  const interventions = [{ kind: 'addition' as const, vector: 'my-own', coefficient: 0.5 }];
  const reply = { text: 'Arr', seed: 1, interventions, schedule: [], tokenIds: [7] };
  const fragment = await encodePermalink({
    ...{ model: 'organism-assistant', system: '', sampling: { temperature: 0, topP: 1, maxTokens: 8 } },
    turns: [{ user: 'Hi', replies: [reply], chosen: 0 }],
  });
  await open(page, `/#${fragment}`);
  await page.getByTestId('replay').click();
  await expect(page.getByTestId('error')).toContainText('steered with “my-own”, which is not known here');
  await expect(page.getByTestId('error')).toContainText('import it in the workshop');
  await page.getByTestId('open-here').click();
  await expect(page.getByTestId('error')).toContainText('“my-own”, which is not known here; it goes on without it');
  // Its words are not what its one token says, either.
  await expect(page.getByTestId('remark')).toContainText('other words than its tokens say');
  await page.getByTestId('error').getByRole('button', { name: 'Dismiss' }).click();
  expect((await ask(page, 'Hello')).length).toBeGreaterThan(0);
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
