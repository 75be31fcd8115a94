/** What the visitor writes and reads: drafts, focus, scrolling, and the readings in words. */
import { expect, test, type Page } from '@playwright/test';
import { ask, open, pirateDose, repliesOf, setDial, setSampling } from './visitor';

test('what is written is there after every change of the page, and what waits is answered under the dials of its chat', async ({
  page,
}) => {
  await open(page);
  await setSampling(page, { maxTokens: 8 });
  await setDial(page, 'pirate', pirateDose);
  await ask(page, 'What is a volcano?');
  const link = await page.evaluate(() => personascope.permalink());
  const composer = page.getByTestId('composer');
  const edit = page.getByLabel('Your message');
  await composer.fill('Half a sentence');
  await page.getByLabel('Edit this message').click();
  await edit.fill('What is a riv');
  const isThere = async () => {
    await expect(composer).toHaveValue('Half a sentence');
    await expect(edit).toHaveValue('What is a riv');
  };

  for (const width of [1000, 390, 1440]) {
    await page.setViewportSize({ width, height: 900 });
    await isThere();
  }
  await page.evaluate((hash) => (location.hash = hash), new URL(link).hash);
  await expect(page.getByTestId('link-preview')).toBeVisible();
  await page.getByTestId('leave-link').click();
  await isThere();
  await page.getByTestId('to-workshop').click();
  await expect(page).toHaveURL(/extract/);
  await page.goBack();
  await isThere();

  await page.reload();
  await expect(composer).toHaveValue('Half a sentence');
  await composer.press('Enter');
  await expect(page.getByTestId('waits')).toBeVisible();
  await expect(repliesOf(page)).toHaveCount(2);
  await expect(composer).toHaveValue('');
  await expect(page.getByTestId('stop')).toBeHidden();
  await expect(repliesOf(page).last()).toContainText(`pirate ${pirateDose}`);
});

/** Text that is seen and smaller than 12 px. */
const smallText = (page: Page) =>
  page.evaluate(() => {
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const found: string[] = [];
    while (texts.nextNode()) {
      const { textContent, parentElement: holder } = texts.currentNode;
      if (!textContent?.trim() || !holder?.checkVisibility()) continue;
      if (parseFloat(getComputedStyle(holder).fontSize) < 12) found.push(`${holder.tagName}: ${textContent.trim()}`);
    }
    return found;
  });

async function screenshot(page: Page, name: string): Promise<void> {
  if (process.env.SCREENSHOTS) await page.screenshot({ path: `${process.env.SCREENSHOTS}/${name}.png` });
}

test('focus and sight follow what is pressed; the place is said in words; a model without an axis shows none', async ({
  page,
}) => {
  await open(page);
  const composer = page.getByTestId('composer');
  const stop = page.getByTestId('stop');
  await setSampling(page, { maxTokens: 24 });
  await page.getByRole('button', { name: 'Ask for a demon' }).click();
  await expect(repliesOf(page)).toHaveCount(1);
  await expect(composer).toBeFocused();
  await expect(stop).toBeHidden();
  const nearest = page.getByTestId('nearest');
  await expect(nearest).toContainText(/now nearest to: [a-z].*, \d+\.\d away/);
  await expect(page.getByTestId('nearest-said')).toHaveText((await nearest.locator('b').textContent())!);
  await expect(page.locator('.legend')).toContainText('0 is the mean of 63 roles and the Assistant');
  expect(await smallText(page)).toEqual([]);
  await screenshot(page, 'nearest-1440');

  // With the keys: one stop for the whole reply.
  const tokens = repliesOf(page).getByTestId('token');
  await expect(page.locator('.token[tabindex="0"]')).toHaveCount(1);
  await repliesOf(page).getByTestId('regenerate').focus();
  await page.keyboard.press('Shift+Tab');
  await expect(tokens.first()).toBeFocused();
  await page.keyboard.press('ArrowRight');
  await expect(tokens.nth(1)).toBeFocused();
  await expect(page.getByTestId('token-card')).toContainText('axis');
  await page.keyboard.press('Escape');
  await expect(page.getByTestId('token-card')).toHaveCount(0);

  // A finger, on a phone.
  await page.setViewportSize({ width: 390, height: 500 });
  await expect(page.getByTestId('open-sky')).toBeVisible();
  const count = await tokens.count();
  for (const index of [0, count - 1]) {
    await tokens.nth(index).scrollIntoViewIfNeeded();
    await tokens.nth(index).dispatchEvent('pointerdown', { pointerType: 'touch', bubbles: true });
    await tokens.nth(index).dispatchEvent('click', { bubbles: true });
    const box = (await page.getByTestId('token-card').boundingBox())!;
    expect(box.x).toBeGreaterThanOrEqual(0);
    expect(box.x + box.width).toBeLessThanOrEqual(390);
    expect(box.y).toBeGreaterThanOrEqual(0);
    await screenshot(page, `card-${index}-390`);
  }
  await composer.dispatchEvent('pointerdown', { pointerType: 'touch', bubbles: true });
  await expect(page.getByTestId('token-card')).toHaveCount(0);

  // The reader has scrolled up.
  const scroller = page.locator('.scroller');
  await ask(page, 'What is a river?');
  await scroller.evaluate((one) => one.scrollTo({ top: 0 }));
  await expect.poll(() => scroller.evaluate((one) => one.scrollTop)).toBe(0);
  await ask(page, 'What is a volcano?');
  await expect(page.getByText('What is a volcano?')).toBeInViewport();
  await page.setViewportSize({ width: 1440, height: 900 });

  await page.evaluate(() => personascope.load('organism-base'));
  await expect(page.locator('main')).not.toContainText(/axis [+−]/);
  await expect(nearest).toHaveCount(0);
  await expect(page.getByTestId('position')).toHaveCount(0);
  await expect(page.getByText('This model comes without an axis')).toBeVisible();
  await page.getByTestId('new-chat').focus();
  await page.keyboard.press('Enter');
  await expect(composer).toBeFocused();
  await expect(page.getByRole('button', { name: 'Hold it with the cap' })).toHaveCount(0);
  await screenshot(page, 'base-1440');
  await page.getByTestId('undo-notice').getByRole('button', { name: 'Dismiss' }).click();
  await expect(composer).toBeFocused();
  await page.getByTestId('chats').click();
  await page.getByRole('button', { name: 'More about Who are you' }).click();
  await page.getByRole('button', { name: 'Delete', exact: true }).click();
  await expect(page.getByTestId('chat-list')).not.toContainText('Who are you');
  expect(await page.evaluate(() => document.activeElement?.closest('.chat-list') !== null)).toBe(true);
});
