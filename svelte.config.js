import adapter from '@sveltejs/adapter-static';
import { vitePreprocess } from '@sveltejs/vite-plugin-svelte';

/** Folder of the host that the site will lie in, as `/personascope`. SvelteKit refuses one of another form. */
const folder = /** @type {'' | `/${string}`} */ ((process.env.BASE_PATH ?? '').replace(/\/+$/, ''));

/**
 * What a page may load and run; SvelteKit adds the hash of the one script that stands in it. Scripts run as WebAssembly, since WebLLM's
 * models and the digests do. Models come from any server that the visitor names, on a local network too.
 * @type {NonNullable<import('@sveltejs/kit').KitConfig['csp']>['directives']}
 */
const directives = {
  'default-src': ['self'],
  'script-src': ['self', 'wasm-unsafe-eval'],
  'worker-src': ['self'],
  'style-src': ['self'],
  // SvelteKit's announcer of pages for screen readers hides itself so.
  'style-src-attr': ['unsafe-hashes', 'sha256-S8qMpvofolR8Mpjy4kQvEm7m1q8clzU4dfDH0AmvZjo='],
  'img-src': ['self', 'data:', 'blob:'],
  'font-src': ['self'],
  'connect-src': ['self', 'https:', 'http:'],
  'object-src': ['none'],
  'frame-src': ['none'],
  'base-uri': ['none'],
  'form-action': ['none'],
};

/** @type {import('@sveltejs/kit').Config} */
export default {
  preprocess: vitePreprocess(),
  kit: {
    // Hosts serve it for every address that they don't know; it leads /extract to /extract/ where they don't do so themselves.
    adapter: adapter({ fallback: '404.html' }),
    // Only 404.html needs it, since it is served at any depth: the pages find the folder that they lie in.
    paths: { base: folder, relative: true },
    csp: { mode: 'hash', directives },
    alias: { $shaders: 'shaders' },
    typescript: {
      config: (config) => ({
        ...config,
        include: [...config.include, '../organism/**/*.ts', '../tests/**/*.ts', '../playwright.config.ts'],
      }),
    },
  },
};
