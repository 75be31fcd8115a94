import { spawnSync } from 'node:child_process';
import { sveltekit } from '@sveltejs/kit/vite';
import { fileURLToPath } from 'node:url';
import { playwright } from '@vitest/browser-playwright';
import { defineConfig } from 'vitest/config';
import { licences } from './tools/licences.ts';
import { findChromium, softwareGpuFlags } from './tools/chromium.js';
import { softwareVulkan } from './tools/vulkan.js';

/** Test processes are started by this one, and inherit it. */
if (process.env.VITEST) Object.assign(process.env, softwareVulkan());

/** Projects that run on Dawn: one process, because a software GPU has no cores to share. */
const onDawn = (name: string) => ({
  extends: true as const,
  test: {
    name,
    include: [`tests/${name}/**/*.test.ts`],
    setupFiles: ['tools/dawn.ts'],
    pool: 'forks' as const,
    fileParallelism: false,
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});

/** The same shader tests run once more where visitors run them. Found only when that project runs: a build needs no browser. */
const chromium = process.env.VITEST ? findChromium() : undefined;

/** How long each plugin took is nothing to tell a visitor of `npm start`. */
const quiet = { checks: { pluginTimings: false } };

/** For reports; empty where the source is no checkout. */
const commit = spawnSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).stdout?.trim() ?? '';

const notices = licences();

export default defineConfig({
  define: { __COMMIT__: JSON.stringify(commit) },
  plugins: [sveltekit(), notices.page],
  worker: { format: 'es', plugins: () => [notices.worker()], rolldownOptions: quiet },
  build: {
    target: 'es2022',
    chunkSizeWarningLimit: 6000,
    rolldownOptions: quiet,
  },
  server: { fs: { allow: [fileURLToPath(new URL('.', import.meta.url))] } },
  preview: { port: 4173 },
  test: {
    projects: [
      { extends: true, test: { name: 'unit', include: ['tests/unit/**/*.test.ts'], testTimeout: 60_000 } },
      onDawn('shaders'),
      onDawn('engine'),
      {
        extends: true,
        test: {
          name: 'chromium',
          include: ['tests/shaders/**/*.test.ts'],
          testTimeout: 120_000,
          browser: {
            enabled: true,
            headless: true,
            screenshotFailures: false,
            instances: [{ browser: 'chromium' }],
            provider: playwright({ launchOptions: { executablePath: chromium, args: softwareGpuFlags } }),
          },
        },
      },
    ],
  },
});
