/** The visit, end to end, on the built site in a real browser: load, chat, slide, watch, cap, reload, link. */
import AxeBuilder from '@axe-core/playwright';
import { expect, test, type Page } from '@playwright/test';

/** Opens the page and waits until the embedded model can answer. */
async function open(page: Page, path = '/'): Promise<void> {
  await page.goto(path);
  await page.waitForFunction(() => globalThis.personascope?.info());
}

async function ask(page: Page, text: string): Promise<string> {
  const replies = page.locator('[data-testid="message"][data-role="assistant"]');
  const before = await replies.count();
  await page.getByTestId('composer').fill(text);
  await page.keyboard.press('Enter');
  await expect(replies).toHaveCount(before + 1);
  await expect(page.getByTestId('stop')).toBeHidden();
  return (await replies.last().getByTestId('token').allTextContents()).join('');
}

/** Greedy, so that replies can be compared. */
async function useTemperatureZero(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Sampling' }).click();
  await page.getByTestId('temperature').fill('0');
  await page.getByTestId('temperature').press('Tab');
  await page.keyboard.press('Escape');
}

/** The end of the zone where the dial was measured to stay coherent. */
const pirateDose = 0.5;

async function setDial(page: Page, name: string, value: number): Promise<void> {
  const number = page.getByTestId(`dial-${name}-number`);
  await number.fill(String(value));
  await number.press('Enter');
}

test('a first visit: chat, slide, see text and point change, cap, reload, link', async ({ page, context }) => {
  const errors: string[] = [];
  page.on('pageerror', (error) => errors.push(error.message));
  const foreign: string[] = [];
  page.on('request', (request) => {
    if (!/^(data|blob):|^http:\/\/localhost:4174\//.test(request.url())) foreign.push(request.url());
  });
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await open(page);
  await expect(page.getByTestId('model-status')).toContainText('Organism');
  await expect(page.getByTestId('composer')).toBeFocused();

  await useTemperatureZero(page);
  const plain = await ask(page, 'What is a volcano?');
  expect(plain.length).toBeGreaterThan(10);
  const assistant = (await page.evaluate(() => personascope.position()))!;
  expect(assistant.pc.every(Number.isFinite)).toBe(true);

  await page.getByTestId('new-chat').click();
  await setDial(page, 'pirate', pirateDose);
  const steered = await ask(page, 'What is a volcano?');
  expect(steered).not.toBe(plain);
  expect(steered).toMatch(/\b(arr|ahoy|matey|ye|yer|aye|be|avast|lad|me)\b/i);
  const pirate = (await page.evaluate(() => personascope.position()))!;
  expect(pirate.axis).toBeLessThan(assistant.axis);

  await page.getByTestId('new-chat').click();
  await page.getByTestId('cap-switch').click();
  await ask(page, 'What is a volcano?');
  const capped = (await page.evaluate(() => personascope.position()))!;
  expect(capped.axis).toBeGreaterThan(pirate.axis);
  await page.getByTestId('cap-switch').click();

  await page.getByTestId('new-chat').click();
  const last = await ask(page, 'Who are you?');
  await page.reload();
  await page.waitForFunction(() => globalThis.personascope?.info());
  await expect(page.locator('[data-testid="message"][data-role="assistant"]')).toHaveCount(1);
  await expect(page.locator('[data-testid="message"][data-role="assistant"]')).toContainText(last.trim().slice(0, 12));

  await page.getByTestId('share').click();
  const link = await page.evaluate(() => personascope.permalink());
  expect(link).toContain('#v1.');
  const friend = await context.newPage();
  await friend.goto(link);
  await friend.getByTestId('replay').click();
  await expect(friend.getByTestId('replay-result')).toContainText('Reproduced', { timeout: 60_000 });

  expect(errors).toEqual([]);
  expect(foreign).toEqual([]);
});

test('a dial moved while the model speaks is felt by a later token of the same reply', async ({ page }) => {
  await open(page);
  await useTemperatureZero(page);
  await page.getByTestId('composer').fill('Tell me a story about the moon.');
  await page.keyboard.press('Enter');
  await expect.poll(() => page.getByTestId('token').count()).toBeGreaterThan(1);
  await setDial(page, 'pirate', pirateDose);
  await expect(page.getByTestId('stop')).toBeHidden();
  const moved = page.locator('[data-testid="dial-tick"]');
  await expect(moved.first()).toBeAttached();
});

test('the sky is drawn: stars on a dark ground, and it turns under the hand', async ({ page }) => {
  await open(page);
  const canvas = page.getByTestId('sky-canvas');
  await expect(canvas).toBeVisible();
  await expect.poll(async () => Number(await canvas.getAttribute('data-drawn'))).toBeGreaterThan(0);
  await page.waitForTimeout(500);
  const before = await canvas.screenshot();
  const colours = await page.evaluate(async (png) => {
    const image = await createImageBitmap(await (await fetch(`data:image/png;base64,${png}`)).blob());
    const context = new OffscreenCanvas(image.width, image.height).getContext('2d')!;
    context.drawImage(image, 0, 0);
    const { data } = context.getImageData(0, 0, image.width, image.height);
    const seen = new Map<number, number>();
    for (let i = 0; i < data.length; i += 4) {
      const colour = ((data[i]! >> 4) << 8) | ((data[i + 1]! >> 4) << 4) | (data[i + 2]! >> 4);
      seen.set(colour, (seen.get(colour) ?? 0) + 1);
    }
    return { distinct: seen.size, background: Math.max(...seen.values()) / (data.length / 4) };
  }, before.toString('base64'));
  expect(colours.distinct).toBeGreaterThan(30);
  expect(colours.background).toBeLessThan(0.995);
  await canvas.focus();
  for (let i = 0; i < 6; i++) await page.keyboard.press('ArrowRight');
  await page.waitForTimeout(500);
  expect((await canvas.screenshot()).equals(before)).toBe(false);
});

test('a damaged link says so and leaves the conversation alone', async ({ page }) => {
  await open(page);
  await ask(page, 'Hello!');
  await page.waitForTimeout(300);
  await page.goto('/#v1.AAAA');
  await page.reload();
  await expect(page.getByTestId('error').first()).toBeVisible();
  await page.goto('/');
  await expect(page.locator('[data-testid="message"][data-role="assistant"]')).toHaveCount(1);
});

test('without WebGPU the page says where it works', async ({ page }) => {
  await page.addInitScript(() => Object.defineProperty(Navigator.prototype, 'gpu', { get: () => undefined }));
  await page.addInitScript(() => delete (Navigator.prototype as { gpu?: unknown }).gpu);
  await page.goto('/');
  await expect(page.getByTestId('unsupported')).toContainText('Chrome');
});

for (const [width, height] of [
  [1440, 900],
  [1024, 768],
  [390, 844],
] as const) {
  for (const colorScheme of ['light', 'dark'] as const) {
    test(`nothing overflows, and axe finds nothing, at ${width} px, ${colorScheme}`, async ({ browser }) => {
      const context = await browser.newContext({ viewport: { width, height }, colorScheme });
      const page = await context.newPage();
      await open(page);
      await ask(page, 'What is gravity?');
      const overflow = await page.evaluate(
        () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
      );
      expect(overflow).toBe(0);
      const { violations } = await new AxeBuilder({ page }).analyze();
      expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target).join(' ')}`)).toEqual([]);
      await context.close();
    });
  }
}
