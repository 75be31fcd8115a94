/** Where this site lies: at a host's root or in a folder of it. Its pages have folders of their own, so the page's address does not tell. */
import { resolve } from '$app/paths';

/** Address of the folder that holds the site's files; ends in a slash. Addresses of models are relative to it on every page. */
export function siteUrl(): string {
  return new URL(resolve('/'), location.href).href;
}
