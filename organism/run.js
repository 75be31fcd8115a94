/**
 * Runs a TypeScript file on Dawn in Node: `node organism/run.js organism/vectors.ts [arguments]`.
 * Vite compiles it, so that `import.meta.glob` finds the shaders as it does in the page.
 */
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { runnerImport } from 'vite';
import { softwareVulkan } from '../tools/vulkan.js';

const root = fileURLToPath(new URL('..', import.meta.url));
const vulkan = softwareVulkan();
const [file, ...rest] = process.argv.slice(2);

if (!file) {
  console.error('Which file? node organism/run.js organism/vectors.ts');
  process.exit(2);
} else if (vulkan) {
  // The loader reads LD_LIBRARY_PATH once, when a process starts: so this one starts another.
  const env = { ...process.env, ...vulkan };
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
