/** What a visitor does, for the tests of the built site. */
import { expect, type Page } from '@playwright/test';

/** Opens the page and waits until the embedded model can answer. */
export async function open(page: Page, path = '/'): Promise<void> {
  await page.goto(path);
  await page.waitForFunction(() => globalThis.personascope?.info());
}

/** Runs a script in the page, and at the top of its worker, before anything of ours. @returns what goes wrong from then on */
export async function prepare(page: Page, prelude: string | (() => void)): Promise<string[]> {
  const script = typeof prelude === 'string' ? prelude : `(${String(prelude)})();`;
  const errors: string[] = [];
  page.on('pageerror', ({ message }) => errors.push(message));
  page.on('console', (message) => message.type() === 'error' && errors.push(message.text()));
  await page.addInitScript(script);
  await page.route('**/workers/worker-*.js', async (route) => {
    const response = await route.fetch();
    await route.fulfill({ response, body: `${script}\n${await response.text()}` });
  });
  return errors;
}

export const repliesOf = (page: Page) => page.locator('[data-testid="message"][data-role="assistant"]');

/** Asks, waits for the whole reply and returns it. */
export async function ask(page: Page, text: string): Promise<string> {
  const replies = repliesOf(page);
  const before = await replies.count();
  await page.getByTestId('composer').fill(text);
  await page.getByTestId('composer').press('Enter');
  await expect(replies).toHaveCount(before + 1);
  await expect(page.getByTestId('stop')).toBeHidden();
  return (await replies.last().getByTestId('token').allTextContents()).join('');
}

/** Asks, and comes back while the model is speaking: some tokens are there, not all. */
export async function askAndInterrupt(page: Page, text: string): Promise<void> {
  const replies = repliesOf(page);
  const before = await replies.count();
  await page.getByTestId('composer').fill(text);
  await page.getByTestId('composer').press('Enter');
  await expect(replies).toHaveCount(before + 1);
  await expect.poll(() => replies.last().getByTestId('token').count()).toBeGreaterThan(1);
}

/** Greedy, so that replies can be compared; short, where only the way there counts. */
export async function setSampling(page: Page, { temperature = 0, maxTokens = 256 }): Promise<void> {
  await page.getByRole('button', { name: 'Sampling' }).click();
  for (const [name, value] of Object.entries({ temperature, 'max-tokens': maxTokens })) {
    await page.getByTestId(name).fill(String(value));
    await page.getByTestId(name).press('Tab');
  }
  await page.keyboard.press('Escape');
}

/** Inside the zone where the dial was measured to stay coherent. */
export const pirateDose = 1.75;

export async function setDial(page: Page, name: string, value: number): Promise<void> {
  const number = page.getByTestId(`dial-${name}-number`);
  await number.fill(String(value));
  await number.press('Enter');
}

/** Waits until the sky has been drawn and nothing in it moves any more; returns how often it was drawn. */
export async function restingSky(page: Page): Promise<number> {
  const canvas = page.getByTestId('sky-canvas');
  await expect(canvas).toBeVisible();
  let last = -1;
  const isAtRest = async () => {
    const drawn = Number(await canvas.getAttribute('data-drawn'));
    const isSame = drawn > 0 && drawn === last;
    last = drawn;
    return isSame;
  };
  await expect.poll(isAtRest, { intervals: [250] }).toBe(true);
  return last;
}

/** At both widths, into the folder that `SCREENSHOTS` names; without it, none. */
export async function screenshot(page: Page, name: string): Promise<void> {
  if (!process.env.SCREENSHOTS) return;
  for (const [width, height] of [
    [390, 844],
    [1440, 900],
  ] as const) {
    await page.setViewportSize({ width, height });
    await page.waitForTimeout(300);
    await page.screenshot({ path: `${process.env.SCREENSHOTS}/${name}-${width}.png` });
  }
}
