/**
 * Runs a TypeScript file on Dawn in Node: `node organism/run.js organism/vectors.ts [arguments]`.
 * Vite compiles it, so that `import.meta.glob` finds the shaders as it does in the page.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { runnerImport } from 'vite';

const root = fileURLToPath(new URL('..', import.meta.url));
const chromiumLibraries = '/usr/lib/chromium';
const swiftshader = `${chromiumLibraries}/vk_swiftshader_icd.json`;
const wantsSwiftshader = !process.env.VK_ICD_FILENAMES && !process.env.PERSONASCOPE_GPU && existsSync(swiftshader);
const [file, ...rest] = process.argv.slice(2);

if (!file) {
  console.error('Which file? node organism/run.js organism/vectors.ts');
  process.exit(2);
} else if (wantsSwiftshader) {
  // The loader reads LD_LIBRARY_PATH once, when a process starts: so this one starts another.
  const env = {
    ...process.env,
    VK_ICD_FILENAMES: swiftshader,
    LD_LIBRARY_PATH: [chromiumLibraries, process.env.LD_LIBRARY_PATH].filter(Boolean).join(':'),
  };
  const { status } = spawnSync(process.execPath, [fileURLToPath(import.meta.url), file, ...rest], { env, stdio: 'inherit' });
  process.exit(status ?? 1);
} else {
  try {
    const { module } = await runnerImport(path.resolve(file), { root, logLevel: 'warn' });
    await /** @type {{ run(args: string[]): Promise<void> }} */ (module).run(rest);
    process.exit(0);
  } catch (error) {
    console.error(error instanceof Error ? (error.stack ?? error.message) : error);
    process.exit(1);
  }
}
