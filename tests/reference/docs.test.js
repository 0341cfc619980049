'use strict';
// docs/operators.md is what tools/docs writes now.

const assert = require('node:assert/strict');
const { spawnSync } = require('node:child_process');
const path = require('node:path');
const test = require('node:test');

test('docs/operators.md is up to date', () => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [path.join(__dirname, '../../tools/docs'), '--check'], { encoding: 'utf8' });
  assert.equal(status, 0, stderr + stdout);
});
