/** Finds Chrome or Chromium; on Debian, as root, installs it where there is none. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';

const usualPlaces = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome-stable',
  '/usr/bin/google-chrome',
  '/snap/bin/chromium',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
  'C:\\Program Files (x86)\\Google\\Chrome\\Application\\chrome.exe',
];

/** Flags that give a browser WebGPU on a machine with no GPU, and WebGL beside it. */
export const softwareGpuFlags = [
  '--no-sandbox',
  '--enable-unsafe-webgpu',
  '--use-webgpu-adapter=swiftshader',
  '--enable-features=Vulkan',
  '--use-gl=angle',
  '--use-angle=swiftshader',
  '--enable-unsafe-swiftshader',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
];

/**
 * @returns {string} path of the browser
 * @throws {Error} that says what to do
 */
export function findChromium() {
  const named = process.env.CHROME_PATH;
  if (named) {
    if (existsSync(named)) return named;
    throw new Error(`CHROME_PATH is ${named}, and there is no such file.`);
  }
  const found = usualPlaces.find(existsSync);
  if (found) return found;
  if (process.getuid?.() === 0 && existsSync('/usr/bin/apt-get')) {
    console.log('No Chrome or Chromium found: installing the package "chromium".');
    const apt = (/** @type {string[]} */ ...args) =>
      spawnSync('apt-get', args, { stdio: 'inherit', env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } })
        .status;
    if (apt('update', '-q') === 0 && apt('install', '-y', '-q', '--no-install-recommends', 'chromium') === 0)
      return findChromium();
  }
  throw new Error(
    'The tests need Chrome or Chromium. Install it (Debian: apt-get install chromium), or set CHROME_PATH to the one you have.',
  );
}

if (import.meta.url === `file://${process.argv[1]}`) console.log(findChromium());
