'use strict';
// What WeChat takes into a code package, and how large things may be. For tools/package and the tests.

const fs = require('node:fs');
const path = require('node:path');

/** Files with other endings are dropped by WeChat's packer without a word (miniprogram-ci 2.1.42's own list). */
const ENDINGS = ['.wxml', '.wxss', '.wxs', '.png', '.jpg', '.jpeg', '.gif', '.svg', '.js', '.json', '.cer', '.mp3', '.aac', '.m4a', '.mp4', '.wav',
  '.ogg', '.silk', '.wasm', '.br', '.cur', '.ico', '.skel', '.crt', '.cert'];

const KB = 1024, MB = 1024 * 1024;
const LIMITS = {
  plugin: 200 * KB,        // above it DevTools warns; it counts in the host's main package
  package: 2 * MB,         // main package, or one subpackage
  mainAdvised: 1.5 * MB,   // what DevTools advises for a main package
};

/** Every file below a folder, as paths relative to it with forward slashes, sorted. */
function listFiles(folder) {
  return fs.readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(folder, path.join(entry.parentPath || entry.path, entry.name)).split(path.sep).join('/'))
    .sort();
}

/** What WeChat would drop or could not load, one sentence each. */
function faultsOf(folder, files = listFiles(folder)) {
  const faults = [];
  for (const name of files) {
    const size = fs.statSync(path.join(folder, name)).size;
    if (!ENDINGS.includes(path.extname(name))) {
      faults.push(`${name}: WeChat's packer drops files that end in "${path.extname(name) || name}" without a word; data may be called .br or .wasm.`);
    }
    if (path.dirname(name).includes('.') && path.dirname(name) !== '.') faults.push(`${name}: a client cannot load from a directory with a dot in its name.`);
    if (size > LIMITS.package) faults.push(`${name}: ${size} bytes are more than a whole code package may have (${LIMITS.package}).`);
  }
  return faults;
}

/** {files: {name: bytes}, total} of a folder. */
function sizesOf(folder) {
  const files = {};
  for (const name of listFiles(folder)) files[name] = fs.statSync(path.join(folder, name)).size;
  return { files, total: Object.values(files).reduce((sum, size) => sum + size, 0) };
}

module.exports = { ENDINGS, LIMITS, faultsOf, listFiles, sizesOf };
