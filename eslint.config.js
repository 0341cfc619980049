'use strict';

const js = require('@eslint/js');
const globals = require('globals');
const ts = require('typescript-eslint');

const miniProgram = { wx: 'readonly', App: 'readonly', Page: 'readonly', Component: 'readonly', getApp: 'readonly', requirePlugin: 'readonly' };
const jscShell = { WebAssembly: 'readonly' };

module.exports = ts.config(
  { ignores: ['.cache/', 'build/', 'node_modules/', 'plugin/*.js', 'plugin/index.d.ts', 'miniprogram/workers/', 'miniprogram/packages/tfjs/tfjs.js'] },
  js.configs.recommended,
  {
    rules: {
      eqeqeq: 'error',
      'no-eval': 'error',
      'no-self-compare': 'off',  // x !== x is how NaN shows
      'no-shadow': 'off',
      'no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
      'max-lines': ['error', 400],
      'prefer-const': 'error',
      'preserve-caught-error': 'off',  // ES2018 has no cause; the sentence says it all
    },
  },
  {
    files: ['**/*.js'],
    languageOptions: { sourceType: 'commonjs', globals: globals.node },
  },
  {
    // Functions in these run in a page.
    files: ['**/*_chromium.js', 'tools/benchmark/{chromium,report}.js', 'tests/backends/webgl.test.js', 'tests/e2e/{demo,component}.test.js'],
    languageOptions: { globals: { ...globals.node, ...globals.browser } },
  },
  {
    // What runs in a desktop browser: ES modules.
    files: ['tools/desktop/{screen,elements,camera,wx,sheet,selector_query}.js', 'tools/benchmark/page.js'],
    languageOptions: { sourceType: 'module', globals: globals.browser },
  },
  {
    files: ['miniprogram/**/*.js', 'plugin/components/**/*.js'],
    languageOptions: { ecmaVersion: 2018, sourceType: 'commonjs', globals: { ...miniProgram, ...globals.commonjs } },
  },
  {
    // These also run in the jsc shell and in Node 15.14.
    files: ['tests/simulator/wx_*.js'],
    ignores: ['tests/simulator/wx_network.js'],
    languageOptions: { ecmaVersion: 2018, sourceType: 'commonjs', globals: { ...jscShell, ...globals.commonjs, Promise: 'readonly' } },
    rules: { 'prefer-const': 'off' },
  },
  {
    files: ['tests/simulator/index.js', 'tests/simulator/wx_network.js', 'tests/simulator/run_driver.js'],
    languageOptions: { ecmaVersion: 2021 },
  },
  {
    files: ['plugin/src/**/*.ts'],
    extends: [...ts.configs.strict],
    rules: {
      'no-undef': 'off',  // tsc knows
      'no-unused-vars': 'off',
      '@typescript-eslint/no-extraneous-class': 'off',
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/no-require-imports': ['error', { allow: ['^\\./\\w+\\.js$'] }],  // the parts of src/parts.ts
      '@typescript-eslint/unified-signatures': 'off',
    },
  },
);
