import svelte from 'eslint-plugin-svelte';
import globals from 'globals';
import ts from 'typescript-eslint';
import svelteConfig from './svelte.config.js';

/** Where a condition that the types call unnecessary is needed: they promise more than there is. */
const wiserThanTheirTypes = [
  // Values from outside, checked under the type that they should have; and what three, uPlot and JSON.stringify leave out.
  'src/lib/{engine/intervention-check,extract/{extract-request,space-request,sums-file},formats/safetensors-header}.ts',
  'src/lib/{personas/vector-book,vectors/vector-json,worker/{model-downloads,open-model,workshop}}.ts',
  'src/lib/{plot/{drift,sky},webllm/interposer}.ts',
  // What a browser, or Node, may lack.
  'src/lib/{downloads/folder,formats/sha256,gpu/{device,obstacle},state/{downloads.svelte,tab-claim},storage/inventory}.ts',
  'tests/{e2e,webllm}/**',
  // What another task changes while one waits, which the compiler does not see.
  'src/lib/components/SkyPane.svelte',
  'src/lib/{downloads/download,state/{app,conversation,link}.svelte,storage/database}.ts',
  'tests/{engine/chat.test,unit/storage/fake-indexeddb}.ts',
];

export default ts.config(
  { ignores: ['.svelte-kit/', '.venv/', 'build/', 'node_modules/', 'organism/.cache/', 'test-results/'] },
  ...ts.configs.recommended,
  ...svelte.configs.recommended,
  { languageOptions: { globals: { ...globals.browser, ...globals.node } } },
  {
    files: ['**/*.svelte', '**/*.svelte.ts'],
    languageOptions: { parserOptions: { parser: ts.parser, svelteConfig } },
  },
  {
    files: ['src/**/*.{ts,svelte}', 'tests/**/*.ts', 'tools/**/*.ts', 'organism/**/*.ts'],
    languageOptions: { parserOptions: { projectService: true, extraFileExtensions: ['.svelte'] } },
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/no-unnecessary-condition': [
        'error',
        { allowConstantLoopConditions: 'only-allowed-literals' },
      ],
    },
  },
  {
    rules: {
      'no-console': 'error',
      'no-empty': ['error', { allowEmptyCatch: false }],
      eqeqeq: 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
    },
  },
  { files: wiserThanTheirTypes, rules: { '@typescript-eslint/no-unnecessary-condition': 'off' } },
  { files: ['tools/**', 'tests/webllm/**', 'organism/**', 'playwright.config.ts'], rules: { 'no-console': 'off' } },
);
