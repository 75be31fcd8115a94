import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { softwareVulkan } from '../../tools/vulkan.js';

let folder: string;

/** As Chrome is installed: the command is a link into its folder. */
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'personascope-chrome-'));
  mkdirSync(path.join(folder, 'chrome'));
  writeFileSync(path.join(folder, 'chrome', 'chrome'), '');
  symlinkSync(path.join(folder, 'chrome', 'chrome'), path.join(folder, 'google-chrome'));
  vi.stubEnv('CHROME_PATH', path.join(folder, 'google-chrome'));
  for (const name of ['VK_ICD_FILENAMES', 'PERSONASCOPE_GPU']) vi.stubEnv(name, undefined);
  vi.stubEnv('LD_LIBRARY_PATH', '/elsewhere');
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

it('the software GPU beside the browser that was named goes before others', () => {
  const driver = path.join(folder, 'chrome', 'vk_swiftshader_icd.json');
  expect(softwareVulkan()?.['VK_ICD_FILENAMES']).not.toBe(driver);
  writeFileSync(driver, '{}');
  const libraries = `${path.join(folder, 'chrome')}:/elsewhere`;
  expect(softwareVulkan()).toEqual({ VK_ICD_FILENAMES: driver, LD_LIBRARY_PATH: libraries });
});

it('a driver that was chosen, or the machine’s own, is left alone', () => {
  writeFileSync(path.join(folder, 'chrome', 'vk_swiftshader_icd.json'), '{}');
  vi.stubEnv('VK_ICD_FILENAMES', '/usr/share/vulkan/icd.d/lvp_icd.json');
  expect(softwareVulkan()).toBeNull();
  vi.stubEnv('VK_ICD_FILENAMES', undefined);
  vi.stubEnv('PERSONASCOPE_GPU', '1');
  expect(softwareVulkan()).toBeNull();
});
