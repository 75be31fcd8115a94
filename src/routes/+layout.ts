/** Every page is a folder with an index.html: the one form that opens on hosts that know no routes. */
export const trailingSlash = 'always';
export const prerender = true;
export const ssr = false;
