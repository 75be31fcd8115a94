/** Whom a model that somebody else named would be fetched from. */
import { parseUrl } from '../browser';
import type { ModelSource } from '../engine/engine';
import { folderAddress } from '../downloads/folder';
import { mirrorUrl } from '../downloads/mirror';

/**
 * Servers other than the site's own, by host and port.
 * @param site address of the site's folder, which relative addresses start from
 */
export function foreignHosts(model: ModelSource, mirror: string, site: string): string[] {
  const urls =
    model.engine === 'web-llm'
      ? [model.url, model.lib].map((address) => parseUrl(address, site)).filter((url) => url !== null)
      : readFolder(model.url, site);
  const hosts = urls
    .filter(({ origin }) => origin !== new URL(site).origin)
    .map(({ href }) => (model.engine === 'web-llm' ? mirrorUrl(href, mirror).host : new URL(href).host));
  return [...new Set(hosts)];
}

/** As the engine reads it: `huggingface.co/owner/name` is no path beside the page. What is no address is refused when it is opened. */
function readFolder(address: string, site: string): URL[] {
  try {
    return [folderAddress(address, site)];
  } catch {
    return [];
  }
}
