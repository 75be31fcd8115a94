/** The notices of what was bundled, written by the build. */
import { expect, test } from '@playwright/test';
import { open, screenshot } from './visitor';

test('the model menu leads to the licences of everything that was bundled, the worker’s code too', async ({ page }) => {
  await open(page);
  await page.getByTestId('model-status').click();
  await screenshot(page, 'licences');
  const opened = page.waitForEvent('popup');
  await page.getByTestId('licences').click();
  const text = (await (await opened).locator('body').textContent()) ?? '';
  for (const name of [
    '@floating-ui/core',
    'three',
    'uplot',
    '@mlc-ai/web-llm',
    'loglevel',
    '@huggingface/jinja',
    'svelte',
  ]) {
    expect(text, name).toMatch(new RegExp(`^${name} \\d+\\.\\d+\\.\\d+ \\((MIT|Apache-2.0)\\)$`, 'm'));
  }
  expect(text).toContain('WITHOUT WARRANTY OF ANY KIND');
});
