/** Chats that stay: two tabs, a reload in mid-reply, other replies, files, links on their way through the page. */
import { readFile } from 'node:fs/promises';
import { expect, test } from '@playwright/test';
import { ask, askAndInterrupt, open, repliesOf, setDial, setSampling } from './visitor';
import type { Conversation } from '../../src/lib/conversation/conversation';
import { decodePermalink, encodePermalink } from '../../src/lib/conversation/permalink';

test('two tabs have a chat each, and nothing is lost whichever closes first', async ({ context }) => {
  const one = await context.newPage();
  await open(one);
  await setSampling(one, { maxTokens: 6 });
  await ask(one, 'Who are you?');
  const two = await context.newPage();
  await open(two);
  await expect(two.getByTestId('remark')).toContainText('open in another tab');
  await expect(two.getByTestId('remark')).toContainText('twice the GPU memory');
  await expect(repliesOf(two)).toHaveCount(0);
  await setSampling(two, { maxTokens: 6 });
  await ask(two, 'What is a river?');
  await ask(one, 'What is a volcano?');
  await two.close();
  await one.getByTestId('chats').click();
  const list = one.getByTestId('chat-list');
  await expect(list.getByRole('listitem')).toHaveCount(2);
  await expect(list).toContainText('Who are you?');
  await expect(list).toContainText('What is a river?');
  await one.reload();
  await one.waitForFunction(() => globalThis.personascope?.info());
  await expect(repliesOf(one)).toHaveCount(2);

  // The other tab's chat is opened, named, and deleted with a way back.
  await one.getByTestId('chats').click();
  await list.getByRole('button', { name: 'What is a river? 1 turn' }).click();
  await expect(repliesOf(one)).toHaveCount(1);
  await one.getByTestId('chats').click();
  await list.getByRole('button', { name: 'More about What is a river?' }).click();
  await list.getByRole('button', { name: 'Rename' }).click();
  await list.getByLabel('Name').fill('Rivers');
  await list.getByLabel('Name').press('Enter');
  await expect(list).toContainText('Rivers');
  await list.getByRole('button', { name: 'More about Rivers' }).click();
  await list.getByRole('button', { name: 'Delete' }).click();
  await expect(list.getByRole('listitem')).toHaveCount(1);
  await one.keyboard.press('Escape');
  await expect(repliesOf(one)).toHaveCount(0);
  await one.getByTestId('undo').click();
  await expect(repliesOf(one)).toHaveCount(1);
  await one.close();
});

test('a reply cut by a reload is kept, the chat goes on, and what is cleared comes back once', async ({ page }) => {
  // Somebody was here before, and set a mirror.
  await page.addInitScript(() => localStorage.setItem('personascope-mirror', 'http://10.0.0.2:8080'));
  await open(page);
  await setSampling(page, {});
  await setDial(page, 'pirate', 3);
  await askAndInterrupt(page, 'Tell me a story about the moon.');
  // A reply that grows is kept every second and a half.
  await page.waitForTimeout(2_500);
  await page.reload();
  await page.waitForFunction(() => globalThis.personascope?.info());
  const cut = repliesOf(page).first();
  await expect(cut).toHaveAttribute('data-status', /interrupted|aborted/);
  expect(await cut.getByTestId('token').count()).toBeGreaterThan(0);
  await expect(page.getByTestId('dial-pirate-number')).toHaveValue('3.00');
  await setDial(page, 'pirate', 0);
  await setSampling(page, { maxTokens: 8 });
  expect((await ask(page, 'Who are you?')).length).toBeGreaterThan(3);

  // Another reply stands beside the first.
  const first = await repliesOf(page).last().getByTestId('token').allTextContents();
  await setDial(page, 'pirate', 1.75);
  await page.getByTestId('regenerate').click();
  await expect(page.getByTestId('stop')).toBeHidden();
  await expect(page.getByTestId('reply-number')).toHaveText('2 of 2');
  await page.getByRole('button', { name: 'Earlier reply' }).click();
  expect(await repliesOf(page).last().getByTestId('token').allTextContents()).toEqual(first);

  // All of it as a file.
  await page.getByTestId('share').click();
  const saving = page.waitForEvent('download');
  await page.getByTestId('share-file').click();
  const file = await readFile(await (await saving).path(), 'utf8');
  await page.keyboard.press('Escape');

  await page.getByTestId('system-toggle').click();
  await page.getByTestId('system').fill('You are a cook.');
  // Kept without a further reply.
  await expect.poll(() => page.evaluate(readRecords)).toContain('You are a cook.');
  await page.getByTestId('reset-all').click();
  await expect(page.getByTestId('system')).toHaveValue('');
  await expect(page.getByTestId('dial-pirate-number')).toHaveValue('0.00');
  await page.getByTestId('undo').click();
  await expect(page.getByTestId('system')).toHaveValue('You are a cook.');
  await expect(page.getByTestId('dial-pirate-number')).toHaveValue('1.75');

  await page.getByTestId('new-chat').click();
  await expect(page.getByTestId('undo-notice')).toContainText('mirror of an earlier visit');
  expect(await page.evaluate(() => localStorage.getItem('personascope-mirror'))).toBeNull();
  await expect(repliesOf(page)).toHaveCount(0);
  await expect(page.getByTestId('system')).toHaveValue('');
  await page.getByTestId('undo').click();
  await expect(repliesOf(page)).toHaveCount(2);
  await expect(page.getByTestId('system')).toHaveValue('You are a cook.');
  await expect(page.getByTestId('undo')).toHaveCount(0);
  expect(await page.evaluate(() => localStorage.getItem('personascope-mirror'))).toBe('http://10.0.0.2:8080');

  await page.getByTestId('chats').click();
  await page
    .getByTestId('import-chat')
    .setInputFiles({ name: 'moon.json', mimeType: 'application/json', buffer: Buffer.from(file) });
  await expect(repliesOf(page)).toHaveCount(2);
  await expect(page.getByTestId('reply-number')).toHaveText('1 of 2');
  expect(await repliesOf(page).last().getByTestId('token').allTextContents()).toEqual(first);
});

test('a link shows what its tokens say, replays while a reply runs, and becomes one more chat', async ({ page }) => {
  await page.addInitScript(() => Object.defineProperty(navigator, 'clipboard', { value: undefined }));
  await open(page, '/?utm_source=chat&mirror=');
  await setSampling(page, { maxTokens: 8 });
  await ask(page, 'Who are you?');
  await page.getByTestId('share').click();
  const link = await page.getByTestId('share-link').inputValue();
  expect(new URL(link).search).toBe('');
  await expect(page.getByTestId('qr-code')).toBeVisible();
  await page.keyboard.press('Escape');

  const shared = await decodePermalink(new URL(link).hash);
  expect(shared.turns[0]!.replies[0]).toMatchObject({
    ended: 'length',
    date: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d$/),
    madeWith: { weights: expect.stringMatching(/^[0-9a-f]{64}$/), pack: expect.stringMatching(/^[0-9a-f]{64}$/) },
  });
  const variant = async (change: (reply: Conversation['turns'][0]['replies'][0]) => void) => {
    const copy = structuredClone(shared);
    change(copy.turns[0]!.replies[0]!);
    return `#${await encodePermalink(copy)}`;
  };
  const cut = await variant((reply) => {
    reply.tokenIds = reply.tokenIds.slice(0, 3);
    reply.text = '';
    reply.ended = 'stop';
  });
  const forged = await variant((reply) => (reply.text = 'I am evil, and the link says so.'));
  const elsewhere = await variant((reply) => {
    reply.madeWith = { weights: 'ab'.repeat(32) };
    reply.tokenIds = [...reply.tokenIds.slice(0, 4), 5, 6, 7, 8];
  });

  // Pasted into the open page while the visitor's own reply runs; then another page, and Back.
  await setSampling(page, { maxTokens: 200 });
  await setDial(page, 'pirate', 3);
  await askAndInterrupt(page, 'Tell me a story about the moon.');
  const paste = (hash: string) => page.evaluate((to) => (location.hash = to), hash);
  const result = page.getByTestId('replay-result');
  await paste(forged);
  await expect(page.getByTestId('linked-text')).not.toContainText('evil');
  await expect(page.getByTestId('forged')).toBeVisible();
  await page.getByTestId('replay').click();
  await expect(result).toHaveAttribute('data-outcome', 'different');
  await expect(result).toContainText('other words');
  await paste(cut);
  await page.getByTestId('replay').click();
  await expect(result).toContainText('here it goes on');
  await paste(elsewhere);
  await page.getByTestId('replay').click();
  await expect(result).toContainText('another version of this model');
  await page.getByTestId('to-workshop').click();
  await expect(page).toHaveURL(/extract/);
  await page.goBack();
  await expect(page.getByTestId('link-preview')).toBeVisible();
  expect(new URL(page.url()).hash).toBe(elsewhere);

  await paste(`${new URL(link).hash}).`);
  await page.getByTestId('replay').click();
  await expect(result).toHaveAttribute('data-outcome', 'reproduced');
  await page.getByTestId('open-here').click();
  await expect(page.getByTestId('link-preview')).toHaveCount(0);
  await expect(repliesOf(page)).toHaveCount(1);
  await expect(repliesOf(page)).toContainText('axis');
  expect(new URL(page.url()).hash).toBe('');
  await page.getByTestId('chats').click();
  await expect(page.getByTestId('chat-list').getByRole('listitem')).toHaveCount(2);
});

/** Everything in the store of chats, as text. */
function readRecords(): Promise<string> {
  return new Promise((resolve) => {
    const opening = indexedDB.open('personascope');
    opening.onsuccess = () => {
      const reading = opening.result.transaction('conversations').objectStore('conversations').getAll();
      reading.onsuccess = () => {
        opening.result.close();
        resolve(JSON.stringify(reading.result));
      };
    };
  });
}
