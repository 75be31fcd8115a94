import { defineConfig } from '@playwright/test';
import { findChromium, softwareGpuFlags } from './tools/chromium.js';

/** Several checkouts can be tested side by side. */
const port = Number(process.env.PERSONASCOPE_TEST_PORT ?? 4174);

export default defineConfig({
  testDir: 'tests/e2e',
  testMatch: '**/*.e2e.ts',
  workers: 1,
  timeout: 120_000,
  expect: { timeout: 30_000 },
  retries: 0,
  use: {
    baseURL: `http://localhost:${port}`,
    viewport: { width: 1440, height: 900 },
    launchOptions: {
      executablePath: findChromium(),
      args: process.env.PERSONASCOPE_GPU ? ['--enable-unsafe-webgpu'] : softwareGpuFlags,
    },
  },
  webServer: { command: `npx vite preview --port ${port} --strictPort`, port, reuseExistingServer: false },
});
