/** Browsers older than the one that runs the tests, or with no GPU for the page: what works works, and what is missing is named. */
import { expect, test } from '@playwright/test';
import { growOld } from '../newer-apis';
import { encodePermalink } from '../../src/lib/conversation/permalink';
import { ask, open, prepare, repliesOf, screenshot, setSampling } from './visitor';

test('a browser as old as Chrome 113 answers, shows all that is written, and opens a link', async ({ page }) => {
  const errors = await prepare(page, growOld);
  await open(page);
  expect(await page.evaluate(() => 'any' in AbortSignal || 'canParse' in URL || 'info' in GPUAdapter.prototype)).toBe(
    false,
  );
  await setSampling(page, { maxTokens: 12 });
  const composer = page.getByTestId('composer');
  await composer.evaluate((field) => field.style.setProperty('field-sizing', 'fixed', 'important'));
  const height = async () => (await composer.boundingBox())!.height;
  const single = await height();
  await composer.fill('Who\nare\nyou?');
  await expect.poll(height).toBeGreaterThan(single * 1.5);
  await composer.fill('');
  await expect.poll(height).toBe(single);

  const reply = await ask(page, 'Who are you?');
  expect(reply.length).toBeGreaterThan(10);
  expect(await page.evaluate(() => personascope.info()!.gpu)).toMatch(/swiftshader/i);
  const link = await page.evaluate(() => personascope.permalink());
  await page.goto('about:blank');
  await open(page, link);
  await page.getByTestId('replay').click();
  await expect(page.getByTestId('replay-result')).toContainText('Reproduced');
  await expect(repliesOf(page)).toContainText(reply.trim());
  expect(errors).toEqual([]);
});

const shared = {
  model: 'organism-assistant',
  system: 'Be brief.',
  sampling: { temperature: 0, topP: 1, maxTokens: 4 },
  turns: [
    {
      user: 'Who are you?',
      replies: [{ text: 'The words of the link.', seed: 1, interventions: [], schedule: [], tokenIds: [65] }],
      chosen: 0,
    },
  ],
};

/** The causes, each as a browser brings it about: for page and worker. */
const causes: [obstacle: string, prelude: () => void, words: string][] = [
  [
    'missing',
    () => Reflect.deleteProperty(Object.getPrototypeOf(navigator) as object, 'gpu'),
    'This browser has no WebGPU.',
  ],
  [
    'no-adapter',
    () => {
      GPU.prototype.requestAdapter = async () => null;
    },
    'found no GPU that it can use',
  ],
  [
    'refused',
    () => {
      GPUAdapter.prototype.requestDevice = () =>
        Promise.reject(new DOMException('The driver said no.', 'OperationError'));
    },
    'The GPU refused to open: The driver said no.',
  ],
];

for (const [obstacle, prelude, words] of causes) {
  test(`without a GPU (${obstacle}) the cause is named, and a link is shown all the same`, async ({
    page,
    context,
  }) => {
    await context.grantPermissions(['clipboard-read', 'clipboard-write']);
    const errors = await prepare(page, prelude);
    await page.goto('/');
    const unsupported = page.getByTestId('unsupported');
    await expect(unsupported).toHaveAttribute('data-obstacle', obstacle);
    await expect(page.getByTestId('obstacle')).toContainText(words);
    await screenshot(page, `no-gpu-${obstacle}`);

    await page.goto(`/#${await encodePermalink(shared)}`);
    await expect(page.getByTestId('linked-text')).toHaveText('The words of the link.');
    await expect(page.getByText('Who are you?')).toBeVisible();
    await expect(page.getByTestId('unchecked')).toContainText('can’t be checked here');
    await expect(page.getByTestId('replay')).toHaveCount(0);
    await expect(page.getByTestId('obstacle')).toContainText(words);
    await screenshot(page, `link-${obstacle}`);

    await unsupported.getByTestId('report-error').click();
    const report = page.getByTestId('report');
    await expect(report).toHaveValue(/Error: WebGpuUnavailable: /);
    const text = await report.inputValue();
    expect(text).toContain(words);
    for (const secret of ['#v2', 'The words of the link', 'Be brief', 'Who are you'])
      expect(text).not.toContain(secret);
    expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(text);
    await screenshot(page, `report-${obstacle}`);
    expect(errors).toEqual([]);
  });
}

test('a page on a LAN address says that it is not secure, and what to do; its report can be selected', async ({
  page,
  baseURL,
}) => {
  await page.route('http://lan.test/**', async (route) => {
    const { pathname } = new URL(route.request().url());
    await route.fulfill({ response: await route.fetch({ url: baseURL + pathname }) });
  });
  await page.goto(`http://lan.test/#${await encodePermalink(shared)}`);
  await expect(page.getByTestId('linked-text')).toHaveText('The words of the link.');
  const unsupported = page.getByTestId('unsupported');
  await expect(unsupported).toHaveAttribute('data-obstacle', 'insecure');
  await expect(unsupported).toContainText('http://localhost');
  await expect(unsupported).toContainText('chrome://flags/#unsafely-treat-insecure-origin-as-secure');
  await expect(unsupported).toContainText('http://lan.test');
  await screenshot(page, 'no-gpu-insecure');
  await page.getByTestId('model-status').click();
  await page.getByTestId('report-problem').click();
  await expect(page.getByTestId('report-dialog')).toContainText('Select this and copy it');
  await expect(page.getByTestId('report')).toHaveValue(/not a secure page/);
  const selected = () =>
    page.getByTestId('report').evaluate((field) => {
      const { selectionStart, selectionEnd, value } = field as HTMLTextAreaElement;
      return selectionEnd - selectionStart === value.length;
    });
  await expect.poll(selected).toBe(true);
});

test('a GPU that never answers is told after some seconds, and asked again; one with small buffers is told with numbers', async ({
  page,
}) => {
  const errors = await prepare(page, () => {
    if (!('document' in globalThis)) GPU.prototype.requestAdapter = () => new Promise(() => {});
  });
  await page.goto('/');
  await expect(page.getByTestId('unsupported')).toHaveAttribute('data-obstacle', 'silent', { timeout: 40_000 });
  await expect(page.getByTestId('obstacle')).toContainText('has not answered for 15 s. Try again');
  await screenshot(page, 'no-gpu-silent');
  await page.unrouteAll();
  await page.getByTestId('try-gpu').click();
  await page.waitForFunction(() => globalThis.personascope.info());
  await expect(page.getByTestId('unsupported')).toHaveCount(0);

  errors.push(
    ...(await prepare(page, () => {
      Object.defineProperty(GPUSupportedLimits.prototype, 'maxStorageBufferBindingSize', { value: 100_000 });
    })),
  );
  await page.reload();
  const notice = page.getByTestId('error');
  await expect(notice).toContainText(
    /This model needs a buffer of \d+ [kM]B \([\w. ]+\); this GPU gives at most 100 kB\./,
  );
  await expect(notice.getByTestId('report-error')).toBeVisible();
  await screenshot(page, 'small-limits');
  expect(errors).toEqual([]);
});
