import adapter from '@sveltejs/adapter-static';
import { vitePreprocess } from '@sveltejs/vite-plugin-svelte';

/** Folder of the host that the site will lie in, as `/personascope`. SvelteKit refuses one of another form. */
const folder = /** @type {'' | `/${string}`} */ ((process.env.BASE_PATH ?? '').replace(/\/+$/, ''));

/** @type {import('@sveltejs/kit').Config} */
export default {
  preprocess: vitePreprocess(),
  kit: {
    // Hosts serve it for every address that they don't know; it leads /extract to /extract/ where they don't do so themselves.
    adapter: adapter({ fallback: '404.html' }),
    // Only 404.html needs it, since it is served at any depth: the pages find the folder that they lie in.
    paths: { base: folder, relative: true },
    alias: { $shaders: 'shaders' },
    typescript: {
      config: (config) => ({
        ...config,
        include: [...config.include, '../organism/**/*.ts', '../tests/**/*.ts', '../playwright.config.ts'],
      }),
    },
  },
};
