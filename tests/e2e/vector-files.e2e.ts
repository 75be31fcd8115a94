/** Vector files of others, and what the page says of them. */
import { expect, test } from '@playwright/test';
import { f32, torchFile } from '../unit/vectors/torch-file';
import { open } from './visitor';

test('a .pt file opens with what it did not say, a short one says why not, and GGUF says what it cannot carry', async ({
  page,
}) => {
  await open(page, '/extract');
  const { nLayers, dModel } = await page.evaluate(() => personascope.info()!);
  const take = (name: string, rows: number) => {
    const bytes = torchFile(
      f32(
        [rows, dModel],
        Array.from({ length: rows * dModel }, (_, i) => i % 7),
      ),
    );
    return page.getByTestId('import-vectors').setInputFiles({ name, mimeType: '', buffer: Buffer.from(bytes) });
  };
  await take('evil_response_avg_diff.pt', nLayers + 1);
  const imported = page.getByTestId('imported');
  await expect(imported).toContainText('evil_response_avg_diff.pt: a PyTorch file');
  await expect(imported).toContainText(`${nLayers + 1} rows for ${nLayers} blocks: row 0, the embeddings, dropped`);

  await page.getByTestId('export-format').selectOption('gguf');
  const download = page.waitForEvent('download');
  await page.getByTestId('export-vector').click();
  const notice = page.getByTestId('export-notice');
  await expect(notice).toContainText(/^evil-response-avg-diff-.*\.gguf: llama\.cpp adds nothing after block 0/);
  await page.getByTestId('import-vectors').setInputFiles(await (await download).path());
  await expect(imported).toContainText('row 0, the embeddings, dropped');
  await expect(notice).toBeHidden();
  const [first, again] = await page.evaluate(async () => {
    const names = (await personascope.vectors()).map(({ name }) => name).filter((name) => name.startsWith('evil_'));
    const texts: string[] = [];
    for (const vector of names) {
      const interventions = [{ kind: 'addition' as const, vector, coefficient: 0.1 }];
      const messages = [{ role: 'user' as const, content: 'Hello' }];
      const { text } = await personascope.chat({ messages, interventions, sampling: { temperature: 0, maxTokens: 6 } });
      texts.push(text);
    }
    return texts;
  });
  expect(first).toBeTruthy();
  expect(again).toBe(first);

  await take('two.pt', 2);
  await expect(page.getByRole('alert')).toContainText(
    `two.pt: the tensor has 2 rows for the loaded model's ${nLayers} blocks, and nothing says which`,
  );
});
