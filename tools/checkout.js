'use strict';
// What every tool that is a Node program starts with: the right Node, a set-up and built checkout.

var major = Number(process.versions.node.split('.')[0]);
if (major < 20) {
  console.error('wxnn needs Node 20 or newer, this is Node ' + process.versions.node + '.');
  process.exit(1);
}

const {spawnSync} = require('child_process');
const path = require('path');

/** The checkout's root. */
const root = path.join(__dirname, '..');

/**
 * Runs a program of the checkout with its output on ours; ends this process with its status when it
 * fails, since it has said why.
 * @param {string} program path relative to the root
 * @param {string[]} args
 */
function mustRun(program, args) {
  // A tool that prints a result on stdout (--json) keeps it to itself: set-up speaks on stderr.
  const {status, error} = spawnSync(path.join(root, program), args, {stdio: ['ignore', 2, 2]});
  if (error) console.error(`${program}: ${error.message}`);
  if (status !== 0) process.exit(status || 1);
}

/** Sets up and builds what is missing: seconds when nothing is. @param {string[]} targets of tools/build */
function build(...targets) {
  for (const target of targets) mustRun('tools/build', [target]);
}

module.exports = {root, mustRun, build};
