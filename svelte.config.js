import adapter from '@sveltejs/adapter-static';
import { vitePreprocess } from '@sveltejs/vite-plugin-svelte';

/** @type {import('@sveltejs/kit').Config} */
export default {
  preprocess: vitePreprocess(),
  kit: {
    adapter: adapter({ fallback: undefined, strict: true }),
    alias: { $shaders: 'shaders' },
    typescript: {
      config: (config) => ({
        ...config,
        include: [...config.include, '../organism/**/*.ts', '../tests/**/*.ts', '../playwright.config.ts'],
      }),
    },
  },
};
