'use strict';
// Every table of tests/reference/ops: our engine and TensorFlow.js's CPU backend on small graphs with random numbers.
// WXNN_SEED=N gives other numbers; each failing test says the seed.

const fs = require('node:fs');
const path = require('node:path');
const test = require('node:test');
const { check } = require('./one_node.js');

const seed = Number(process.env.WXNN_SEED || 1);
const folder = path.join(__dirname, 'ops');

for (const file of fs.readdirSync(folder).sort()) {
  for (const [i, one] of require(path.join(folder, file)).entries()) {
    test(`${file} ${i}: ${one.title}, seed ${seed}`, () => check(one, seed));
  }
}
