/** `npm run test:webllm`: the built page against a real model library, named by WEBLLM_LIB. Minutes a test without a GPU. */
import { defineConfig } from '@playwright/test';

export const port = 4176;

export default defineConfig({
  testDir: '.',
  testMatch: '**/*.e2e.ts',
  outputDir: '../../test-results/webllm',
  workers: 1,
  // A software GPU takes 10 to 40 s a token.
  timeout: 3_600_000,
  expect: { timeout: 1_200_000 },
  retries: 0,
  webServer: process.env.WEBLLM_LIB
    ? {
        command: `npx vite build --logLevel warn && npx vite preview --port ${port} --strictPort`,
        cwd: '../..',
        port,
        timeout: 300_000,
        reuseExistingServer: false,
      }
    : undefined,
});
