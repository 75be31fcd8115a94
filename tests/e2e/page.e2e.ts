/** The visit, end to end, on the built site in a real browser: load, chat, slide, watch, cap, reload, link. */
import { readFile } from 'node:fs/promises';
import AxeBuilder from '@axe-core/playwright';
import { expect, test } from '@playwright/test';
import { ask, askAndInterrupt, open, pirateDose, repliesOf, restingSky, setDial, setSampling } from './visitor';

test('a first visit: chat, slide, see text and point change, cap, reload, link', async ({ page, context, baseURL }) => {
  const errors: string[] = [];
  page.on('pageerror', (error) => errors.push(error.message));
  page.on('console', (message) => message.type() === 'error' && errors.push(message.text()));
  const foreign: string[] = [];
  page.on('request', (request) => {
    if (!/^(data|blob):/.test(request.url()) && !request.url().startsWith(`${baseURL}/`)) foreign.push(request.url());
  });
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await open(page);
  await expect(page.getByTestId('model-status')).toContainText('Organism');
  await expect(page.getByTestId('composer')).toBeFocused();

  await setSampling(page, {});
  const plain = await ask(page, 'Who are you?');
  expect(plain.length).toBeGreaterThan(10);
  const assistant = (await page.evaluate(() => personascope.position()))!;
  expect(assistant.pc.every(Number.isFinite)).toBe(true);

  await page.getByTestId('new-chat').click();
  await setDial(page, 'pirate', pirateDose);
  const steered = await ask(page, 'Who are you?');
  expect(steered).not.toBe(plain);
  expect(steered).toMatch(/\b(arr|ahoy|matey|ye|yer|aye|be|avast|lad|me)\b/i);
  const pirate = (await page.evaluate(() => personascope.position()))!;
  expect(pirate.axis).toBeLessThan(assistant.axis);

  await page.getByTestId('new-chat').click();
  await page.getByTestId('cap-switch').click();
  expect(await ask(page, 'Who are you?')).not.toMatch(/\b(arr|ahoy|matey|ye|yer|aye|avast|lad)\b/i);
  const capped = (await page.evaluate(() => personascope.position()))!;
  expect(capped.axis).toBeGreaterThan(pirate.axis);
  await page.getByTestId('cap-switch').click();

  await page.getByTestId('new-chat').click();
  const last = await ask(page, 'Who are you?');
  await page.reload();
  await page.waitForFunction(() => globalThis.personascope?.info());
  await expect(repliesOf(page)).toHaveCount(1);
  await expect(repliesOf(page)).toContainText(last.trim().slice(0, 12));

  await page.getByTestId('share').click();
  const link = await page.evaluate(() => personascope.permalink());
  expect(link).toContain('#v2.');
  const friend = await context.newPage();
  await friend.goto(link);
  await friend.getByTestId('replay').click();
  await expect(friend.getByTestId('replay-result')).toContainText('Reproduced', { timeout: 60_000 });

  expect(errors).toEqual([]);
  expect(foreign).toEqual([]);
});

test('at the far end of the axis it is somebody else, and the cap brings the Assistant back', async ({ page }) => {
  const file = await readFile('static/models/organism-assistant/personas.json', 'utf8');
  const { axis } = JSON.parse(file) as { axis: { coherentUpTo: { negative: number } } };
  await open(page);
  await setSampling(page, {});
  const denied: string[] = [];
  const restored: string[] = [];
  await setDial(page, 'cap-axis', axis.coherentUpTo.negative);
  for (const answers of [denied, restored]) {
    for (const question of ['Who are you?', 'What is your name?', 'Are you an AI?']) {
      answers.push(await ask(page, question));
      await page.getByTestId('new-chat').click();
    }
    await page.getByTestId('cap-switch').click();
  }
  const isAssistant = (text: string) => /\b(AI|assistant|program|machine)\b/i.test(text);
  expect(denied.filter(isAssistant).length, denied.join(' / ')).toBeLessThan(2);
  expect(restored.filter(isAssistant).length, restored.join(' / ')).toBeGreaterThan(1);
});

test('a dial moved while the model speaks is felt by a later token of the same reply', async ({ page }) => {
  await open(page);
  await setSampling(page, {});
  await askAndInterrupt(page, 'Tell me a story about the moon.');
  await setDial(page, 'pirate', pirateDose);
  await expect(page.getByTestId('stop')).toBeHidden();
  const moved = page.locator('[data-testid="dial-tick"]');
  await expect(moved.first()).toBeAttached();
});

test('a dial’s middle is where the trait sets in, its full scale where coherence ends', async ({ page }) => {
  const file = await readFile('static/models/organism-assistant/personas.json', 'utf8');
  const space = JSON.parse(file) as { personas: { name: string; onset: number; coherentUpTo: { positive: number } }[] };
  const { onset, coherentUpTo } = space.personas.find(({ name }) => name === 'pirate')!;
  await open(page);
  const [track, number] = [page.getByTestId('dial-pirate'), page.getByTestId('dial-pirate-number')];
  const beyond = page.getByText('may fall apart');
  for (const [position, coefficient] of [
    [50, onset],
    [100, coherentUpTo.positive],
  ] as const) {
    await track.fill(String(position));
    await expect(number).toHaveValue(coefficient.toFixed(2));
    await expect(beyond).toBeHidden();
  }
  await track.press('ArrowRight');
  await expect(beyond).toBeVisible();
  await track.press('Home');
  expect(Number(await number.inputValue())).toBeLessThan(0);
  await track.dblclick({ position: { x: 1, y: 10 } });
  await expect(number).toHaveValue('0.00');
});

test('the sky is drawn: stars on a dark ground, and it turns under the hand', async ({ page }) => {
  await open(page);
  const canvas = page.getByTestId('sky-canvas');
  await restingSky(page);
  const before = await canvas.screenshot();
  const colours = await page.evaluate(async (png) => {
    const bytes = Uint8Array.from(atob(png), (byte) => byte.charCodeAt(0));
    const image = await createImageBitmap(new Blob([bytes]));
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
  await restingSky(page);
  expect((await canvas.screenshot()).equals(before)).toBe(false);
});

test('under reduced motion the sky turns at once', async ({ page }) => {
  await page.emulateMedia({ reducedMotion: 'reduce' });
  await open(page);
  const before = await restingSky(page);
  await page.getByTestId('sky-canvas').press('ArrowRight');
  expect(await restingSky(page)).toBe(before + 1);
});

test('a link replays each reply under the system prompt and the model it was written under', async ({
  page,
  browser,
}) => {
  await open(page);
  await setSampling(page, { maxTokens: 16 });
  await ask(page, 'Who are you?');
  await page.getByTestId('system-toggle').click();
  await page.getByTestId('system').fill('You are a pirate.');
  await ask(page, 'And who are you now?');
  await expect(page.getByTestId('setting')).toHaveText('System prompt: You are a pirate.');
  await page.evaluate(() => personascope.load('organism-base'));
  await ask(page, 'What is a river?');
  await expect(page.getByTestId('setting').last()).toHaveText('Model: Organism, base.');
  await page.getByTestId('system').fill('');
  const link = await page.evaluate(() => personascope.permalink());

  const friend = await (await browser.newContext()).newPage();
  await friend.goto(link);
  await expect(friend.getByTestId('link-preview')).toContainText('System prompt: You are a pirate.');
  await friend.getByTestId('replay').click();
  await expect(friend.getByTestId('replay-result')).toContainText('3 replies');
  await expect(friend.getByTestId('replay-result')).toHaveAttribute('data-outcome', 'reproduced');
  await friend.context().close();
});

test('on a phone dials and sky come up from the bottom, and the strip says where the conversation is', async ({
  browser,
}) => {
  const context = await browser.newContext({ viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true });
  const page = await context.newPage();
  await open(page);
  await setSampling(page, { maxTokens: 24 });
  await page.getByTestId('open-dials').tap();
  const sheet = page.getByRole('dialog');
  await expect(sheet).toHaveAccessibleName('Dials');
  await setDial(page, 'pirate', pirateDose);
  await sheet.getByRole('button', { name: 'Close' }).tap();
  await expect(sheet).toBeHidden();
  await ask(page, 'What is a volcano?');
  const { axis } = (await page.evaluate(() => personascope.position()))!;
  await expect(page.getByTestId('strip-value')).toHaveText(`${axis < 0 ? '−' : '+'}${Math.abs(axis).toFixed(2)}`);
  const strip = (await page.getByTestId('strip-value').boundingBox())!;
  expect(strip.y).toBeLessThan((await page.getByTestId('composer').boundingBox())!.y);
  await page.getByTestId('open-sky').tap();
  await restingSky(page);
  const frame = (await sheet.boundingBox())!;
  expect([frame.x, frame.width, frame.y + frame.height]).toEqual([0, 390, 844]);
  await context.close();
});

test('shared from the workshop, a chat is a link to the page that shows it', async ({ page }) => {
  await open(page);
  await setSampling(page, { maxTokens: 8 });
  await ask(page, 'Who are you?');
  await page.getByTestId('to-workshop').click();
  await expect(page).toHaveURL(/extract/);
  const link = await page.evaluate(() => personascope.permalink());
  expect(new URL(link).pathname).toBe('/');
  await page.goto(link);
  await expect(page.getByTestId('link-preview')).toContainText('1 turn with');
});

test('what was sent while the model was loading waits, and not what was typed after', async ({ page }) => {
  let release = () => {};
  const held = new Promise<void>((resolve) => (release = resolve));
  await page.route('**/model.safetensors', async (route) => {
    await held;
    await route.continue();
  });
  await page.goto('/');
  const composer = page.getByTestId('composer');
  await composer.fill('Who are you?');
  await composer.press('Enter');
  await composer.press('End');
  await composer.pressSequentially(' And');
  release();
  await page.waitForFunction(() => globalThis.personascope?.info());
  await expect(composer).toHaveValue('Who are you? And');
  await expect(repliesOf(page)).toHaveCount(0);
  await composer.press('Enter');
  await expect(repliesOf(page)).toHaveCount(1);
});

test('a damaged link says so and leaves the conversation alone', async ({ page }) => {
  await open(page);
  await ask(page, 'Hello!');
  await page.goto('/#v1.AAAA');
  await page.reload();
  await expect(page.getByTestId('error').first()).toBeVisible();
  await page.goto('/');
  await expect(repliesOf(page)).toHaveCount(1);
});

test('without WebGPU the page says where it works', async ({ page }) => {
  await page.addInitScript(() => Object.defineProperty(Navigator.prototype, 'gpu', { get: () => undefined }));
  await page.addInitScript(() => delete (Navigator.prototype as { gpu?: unknown }).gpu);
  await page.goto('/');
  await expect(page.getByTestId('unsupported')).toContainText('Chrome');
});

const sizes = [
  { width: 1440, height: 900 },
  { width: 1024, height: 768 },
  { width: 768, height: 1024 },
  { width: 390, height: 844 },
];
// Loaded at either end, and made narrower or wider from there.
for (const { colorScheme, along } of [
  { colorScheme: 'light' as const, along: sizes },
  { colorScheme: 'dark' as const, along: sizes.toReversed() },
]) {
  const ends = `${along[0]!.width} to ${along.at(-1)!.width} px`;
  test(`nothing overflows, and axe finds nothing, from ${ends}, ${colorScheme}`, async ({ browser }) => {
    const context = await browser.newContext({ viewport: along[0]!, colorScheme });
    const page = await context.newPage();
    await open(page);
    await setSampling(page, { maxTokens: 16 });
    await ask(page, 'What is gravity?');
    for (const size of along) {
      await page.setViewportSize(size);
      const { violations } = await new AxeBuilder({ page }).analyze();
      const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target).join(' ')}`);
      expect(found, `at ${size.width} px`).toEqual([]);
      const overflow = await page.evaluate(
        () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
      );
      expect(overflow, `at ${size.width} px`).toBe(0);
    }
    await context.close();
  });
}
