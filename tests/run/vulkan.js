/** Dawn in Node finds a software Vulkan where Debian's chromium package puts it, unless the machine has its own driver. */
import { existsSync } from 'node:fs';

const chromiumLibraries = '/usr/lib/chromium';
const swiftshader = `${chromiumLibraries}/vk_swiftshader_icd.json`;

/**
 * What a process needs in its environment when it starts (the loader reads LD_LIBRARY_PATH once).
 * @returns {Record<string, string> | null} null if nothing is to be added
 */
export function softwareVulkan() {
  if (process.env.VK_ICD_FILENAMES || process.env.PERSONASCOPE_GPU || !existsSync(swiftshader)) return null;
  const libraries = [chromiumLibraries, process.env.LD_LIBRARY_PATH].filter(Boolean).join(':');
  return { VK_ICD_FILENAMES: swiftshader, LD_LIBRARY_PATH: libraries };
}
