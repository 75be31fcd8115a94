/** What the visitor writes and reads: drafts, focus, scrolling, and the readings in words. */
import { expect, test } from '@playwright/test';
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
