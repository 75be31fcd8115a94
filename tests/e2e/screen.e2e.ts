/** The page on other screens than ours: a lost GPU, other pixels, forced colours, small windows, other scripts and input methods. */
import { expect, test, type Locator, type Page } from '@playwright/test';
import { ask, askAndInterrupt, open, repliesOf, restingSky, setSampling } from './visitor';

/** A key as an input method sends it, or (without either) as any other. */
function press(field: Locator, key: string, { isComposing = false, keyCode = 0 } = {}): Promise<void> {
  return field.evaluate(
    (element, init) =>
      void element.dispatchEvent(new KeyboardEvent('keydown', { ...init, bubbles: true, cancelable: true })),
    { key, isComposing, keyCode },
  );
}

/** Pixels of an element: the share that is not the light ground, and the share that has a hue. */
async function look(page: Page, locator: Locator): Promise<{ drawn: number; hued: number }> {
  const png = (await locator.screenshot()).toString('base64');
  return page.evaluate(async (base64) => {
    // The content policy lets nothing be fetched from data: addresses.
    const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
    const image = await createImageBitmap(new Blob([bytes], { type: 'image/png' }));
    const context = new OffscreenCanvas(image.width, image.height).getContext('2d')!;
    context.drawImage(image, 0, 0);
    const { data } = context.getImageData(0, 0, image.width, image.height);
    const seen = { drawn: 0, hued: 0 };
    for (let i = 0; i < data.length; i += 4) {
      const [r, g, b] = [data[i]!, data[i + 1]!, data[i + 2]!];
      if (Math.min(r, g, b) < 235) seen.drawn += 4 / data.length;
      if (Math.max(r, g, b) - Math.min(r, g, b) > 24) seen.hued += 4 / data.length;
    }
    return seen;
  }, png);
}

test('sky and drift are there again after a lost GPU, and sharp after a change of pixels', async ({ page }) => {
  await open(page);
  await page.getByTestId('composer').blur();
  const canvas = page.getByTestId('sky-canvas');
  const status = page.getByTestId('sky-status');
  await restingSky(page);
  const before = await look(page, canvas);
  const lose = await canvas.evaluateHandle((element: HTMLCanvasElement) => {
    const context = element.getContext('webgl2')!;
    return { context, extension: context.getExtension('WEBGL_lose_context')! };
  });

  await lose.evaluate(({ extension }) => extension.loseContext());
  await expect(status).toContainText('taken the GPU away');
  await expect(page.locator('.labels span')).toHaveCount(0);
  await lose.evaluate(({ extension }) => extension.restoreContext());
  await expect(status).toBeEmpty();
  await restingSky(page);
  expect(before.hued).toBeGreaterThan(0.005);
  expect((await look(page, canvas)).hued / before.hued).toBeCloseTo(1, 1);

  const drift = page.getByTestId('drift').locator('canvas');
  const inked = () =>
    drift.evaluate((element: HTMLCanvasElement) =>
      element
        .getContext('2d')!
        .getImageData(0, 0, element.width, element.height)
        .data.reduce((sum, x) => sum + x, 0),
    );
  const ink = await inked();
  await drift.evaluate((element: HTMLCanvasElement) => {
    element.getContext('2d')!.reset();
    element.dispatchEvent(new Event('contextrestored'));
  });
  // Drawn by the GPU or by the processor, it differs by a rounding.
  await expect.poll(async () => (await inked()) / ink).toBeCloseTo(1, 4);

  const debuggee = await page.context().newCDPSession(page);
  const metrics = { width: 1440, height: 900, mobile: false };
  for (const deviceScaleFactor of [2, 1.25]) {
    await debuggee.send('Emulation.setDeviceMetricsOverride', { ...metrics, deviceScaleFactor });
    // The browser tells of it with the next frame; a page at rest has none until its picture is taken.
    await debuggee.send('Page.captureScreenshot');
    for (const each of [canvas, drift]) {
      const ratio = () => each.evaluate((element: HTMLCanvasElement) => element.width / element.clientWidth);
      await expect.poll(ratio).toBeCloseTo(deviceScaleFactor, 1);
    }
  }

  await page.getByRole('button', { name: 'Persona space as a table' }).click();
  await page.getByTestId('to-workshop').click();
  await expect.poll(() => lose.evaluate(({ context }) => context.isContextLost())).toBe(true);
});

test('without WebGL, in Arabic, with an input method: the chat goes on', async ({ page }) => {
  await page.addInitScript(() => {
    const given = HTMLCanvasElement.prototype.getContext as (kind: string, ...rest: unknown[]) => unknown;
    Object.assign(HTMLCanvasElement.prototype, {
      getContext(this: HTMLCanvasElement, kind: string, ...rest: unknown[]) {
        return kind.startsWith('webgl') ? null : given.call(this, kind, ...rest);
      },
    });
  });
  await open(page);
  const composer = page.getByTestId('composer');
  const messages = page.locator('[data-testid="message"]');

  await test.step('the table stands in for the sky', async () => {
    await expect(page.getByText('This browser gave no WebGL')).toContainText('All else works');
    await expect(page.getByRole('button', { name: 'Persona space as a table' })).toHaveAttribute(
      'aria-pressed',
      'true',
    );
  });

  await test.step('an input method has its keys to itself', async () => {
    await page.getByRole('button', { name: 'Sampling' }).click();
    const tokens = page.getByTestId('max-tokens');
    await tokens.fill('12');
    for (const key of ['ArrowUp', 'Enter', 'Escape']) await press(tokens, key, { isComposing: true });
    await expect(tokens).toHaveValue('12');
    await tokens.press('Escape');
    await tokens.fill('12');
    await tokens.press('Tab');
    await page.keyboard.press('Escape');
    await expect(tokens).toBeHidden();

    await composer.fill('かざん');
    await press(composer, 'Enter', { isComposing: true, keyCode: 229 });
    await press(composer, 'Enter', { keyCode: 229 });
    await expect(messages).toHaveCount(0);
    await expect(composer).toHaveValue('かざん');
  });

  await test.step('Arabic runs from right to left where it is written and where it is read', async () => {
    await composer.fill('ما هو volcano؟');
    await expect(composer).toHaveCSS('direction', 'rtl');
    await composer.fill('What is بركان?');
    await expect(composer).toHaveCSS('direction', 'ltr');
    await ask(page, 'ما هو volcano؟');
    await expect(page.getByTestId('drift')).toHaveAttribute('data-turns', '1');
    await expect(page.getByTestId('role-table')).toContainText('Reply 1');
    await expect(messages.first().locator('p')).toHaveCSS('direction', 'rtl');
    await page.getByTestId('system-toggle').click();
    await page.getByTestId('system').fill('أنت قرصان');
    await expect(page.getByTestId('system')).toHaveCSS('direction', 'rtl');
    await page.getByTestId('system').fill('');
  });

  await test.step('a reply of Arabic tokens runs so too, and its lane with it; each paragraph by itself', async () => {
    const reply = repliesOf(page).first();
    await reply
      .getByTestId('token')
      .evaluateAll((spans) =>
        spans.forEach(
          (span, index) => (span.textContent = ['البر', 'كان', ' volcano', ' جبل', '\nA mountain'][index] ?? ''),
        ),
      );
    const lefts = (selector: string) =>
      reply.locator(selector).evaluateAll((all) => all.map((each) => each.getBoundingClientRect().left));
    const [first, second, latin, fourth] = await lefts('[data-testid="token"]');
    expect([first! > second!, second! > latin!, latin! > fourth!]).toEqual([true, true, true]);
    const cells = await lefts('.lane span');
    expect(cells[0]).toBe(Math.max(...cells));
    const last = reply.getByTestId('token').nth(4);
    const text = (await reply.locator('p').last().boundingBox())!;
    const start = await last.evaluate((span) => span.getClientRects()[span.getClientRects().length - 1]!.left);
    expect(start).toBeCloseTo(text.x, 0);
    await reply.getByTestId('token').first().press('Home');
    await expect(reply.getByTestId('token').first()).toHaveClass(/current/);
    await reply.getByTestId('token').first().press('ArrowLeft');
    await expect(reply.getByTestId('token').nth(1)).toHaveClass(/current/);
  });

  await test.step('Escape inside a composition gives up neither the edit nor the reply', async () => {
    await messages.first().hover();
    await page.getByRole('button', { name: 'Edit this message' }).click();
    const edit = page.getByRole('textbox', { name: 'Your message' });
    await press(edit, 'Escape', { isComposing: true, keyCode: 229 });
    await expect(edit).toBeVisible();
    await expect(edit).toHaveCSS('direction', 'rtl');
    await edit.press('Escape');
    await expect(edit).toBeHidden();
    await setSampling(page, { maxTokens: 256 });
    await askAndInterrupt(page, 'Tell me a story about the moon.');
    await press(composer, 'Escape', { isComposing: true, keyCode: 229 });
    await expect(page.getByTestId('stop')).toBeVisible();
    await composer.press('Escape');
    await expect(page.getByTestId('stop')).toBeHidden();
    await expect(repliesOf(page).last()).toHaveAttribute('data-status', 'aborted');
  });
});

test('in forced colours all that a background drew is still seen', async ({ browser }) => {
  const context = await browser.newContext({ forcedColors: 'active', colorScheme: 'light' });
  await context.addInitScript(() => localStorage.setItem('personascope-theme', 'dark'));
  const page = await context.newPage();
  await open(page);
  await setSampling(page, { maxTokens: 6 });
  await page.getByTestId('dial-pirate-number').fill('1');
  await page.getByTestId('dial-pirate-number').press('Enter');
  await ask(page, 'What is gravity?');
  const { drawn: off } = await look(page, page.getByTestId('cap-switch'));
  expect(off).toBeGreaterThan(0.3);
  await page.getByTestId('cap-switch').click();
  await page.mouse.move(0, 0);
  await expect.poll(async () => (await look(page, page.getByTestId('cap-switch'))).hued).toBeGreaterThan(0.3);
  for (const [name, locator, drawn, hued] of [
    ['the track and the handle of a dial', page.getByTestId('dial-pirate'), 0.15, 0.03],
    ['the axis', page.locator('.gauge .scale'), 0.5, 0.3],
    ['the cap’s handle', page.getByTestId('cap-threshold'), 0.01, 0],
    ['a tint', repliesOf(page).getByTestId('token').first(), 0.1, 0.3],
    ['the lane', repliesOf(page).locator('.lane'), 0.5, 0.3],
    ['what is on', page.getByTestId('tint'), 0.5, 0],
    ['the divider', page.getByRole('separator'), 0.3, 0],
    ['the drift chart', page.getByTestId('drift'), 0.1, 0.1],
  ] as const) {
    const seen = await look(page, locator);
    expect(seen.drawn, name).toBeGreaterThan(drawn);
    expect(seen.hued, name).toBeGreaterThanOrEqual(hued);
  }
  await expect(page.getByTestId('compare')).not.toHaveCSS(
    'background-color',
    await background(page.getByTestId('tint')),
  );
  await page.getByTestId('composer').focus();
  await expect(page.locator('form.composer')).toHaveCSS('outline-style', 'solid');
  // The contrast theme is a light one, whatever was chosen here: the sky's words are dark on it.
  await expect(page.locator('html')).not.toHaveAttribute('data-theme');
  await page.emulateMedia({ forcedColors: 'none' });
  await expect(page.locator('html')).toHaveAttribute('data-theme', 'dark');
  await context.close();
});

const background = (locator: Locator) => locator.evaluate((element) => getComputedStyle(element).backgroundColor);

test('at 400% zoom, on a small phone and on one on its side everything is in reach', async ({ page }) => {
  await page.setViewportSize({ width: 320, height: 256 });
  await open(page);
  await expect(page.getByRole('heading', { name: 'Who is the model being?' })).toBeInViewport();
  await setSampling(page, { maxTokens: 8 });
  await page.getByTestId('composer').fill('What is gravity?');
  await page.getByTestId('send').click();
  await expect(page.getByTestId('stop')).toBeHidden();
  const reach = async (locator: Locator) => {
    await locator.scrollIntoViewIfNeeded();
    await expect(locator).toBeInViewport({ ratio: 0.95 });
  };
  for (const [width, height] of [
    [320, 256],
    [320, 568],
    [844, 390],
  ] as const) {
    await page.setViewportSize({ width, height });
    const size = `${width} x ${height}`;
    expect(await page.evaluate(() => document.body.scrollWidth), size).toBe(width);
    await reach(repliesOf(page).last().getByTestId('token').first());
    const composer = (await page.locator('form.composer').boundingBox())!;
    expect(composer.y - 48, size).toBeGreaterThanOrEqual(100);
    for (const id of ['send', 'composer', 'tint']) await expect(page.getByTestId(id)).toBeInViewport({ ratio: 1 });
    for (const id of ['system-toggle', 'new-chat', ...(width < 768 ? ['open-dials', 'open-sky'] : [])]) {
      await reach(page.getByTestId(id));
    }
    for (const [opener, last] of [
      [page.getByRole('button', { name: 'Sampling' }), page.getByTestId('seed')],
      [page.getByTestId('share'), page.getByRole('button', { name: 'As text' })],
      [page.getByTestId('chats'), page.getByRole('button', { name: 'What this site stores' })],
    ] as const) {
      await opener.click();
      await reach(last);
      await page.keyboard.press('Escape');
      await expect(last).toBeHidden();
    }
    expect(await page.evaluate(() => document.body.scrollWidth), size).toBe(width);
  }
  await page.setViewportSize({ width: 320, height: 256 });
  await page.getByTestId('open-dials').click();
  await reach(page.getByTestId('dial-mystical'));
  await page.keyboard.press('Escape');
  await page.getByTestId('open-sky').click();
  await reach(page.getByTestId('drift'));
  expect((await page.getByTestId('sky-canvas').boundingBox())!.height).toBeGreaterThan(80);
  await page.keyboard.press('Escape');
  await page.getByTestId('chats').click();
  await page.getByRole('button', { name: 'What this site stores' }).click();
  await reach(page.getByTestId('delete-stored'));
});
