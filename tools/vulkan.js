/** Dawn in Node finds a software Vulkan in the folder of Chrome or Chromium, unless the machine has its own driver. */
import { existsSync, realpathSync } from 'node:fs';
import path from 'node:path';

/** Of Debian's chromium, whose command lies elsewhere, and of Chrome. */
const usualFolders = ['/usr/lib/chromium', '/opt/google/chrome'];

/**
 * What a process needs in its environment when it starts (the loader reads LD_LIBRARY_PATH once).
 * @returns {Record<string, string> | null} null if nothing is to be added
 */
export function softwareVulkan() {
  const { CHROME_PATH, LD_LIBRARY_PATH, PERSONASCOPE_GPU, VK_ICD_FILENAMES } = process.env;
  if (VK_ICD_FILENAMES || PERSONASCOPE_GPU) return null;
  const chosen = CHROME_PATH && existsSync(CHROME_PATH) ? [path.dirname(realpathSync(CHROME_PATH))] : [];
  const folder = [...chosen, ...usualFolders].find((each) => existsSync(driverIn(each)));
  if (folder === undefined) return null;
  const libraries = [folder, LD_LIBRARY_PATH].filter(Boolean).join(':');
  return { VK_ICD_FILENAMES: driverIn(folder), LD_LIBRARY_PATH: libraries };
}

/** @param {string} folder */
function driverIn(folder) {
  return path.join(folder, 'vk_swiftshader_icd.json');
}
