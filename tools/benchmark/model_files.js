'use strict';
// The files of a model that tools/bench measures, made when they are missing.

const {root} = require('../checkout');
const {execFileSync} = require('child_process');
const fs = require('fs');
const path = require('path');
const generated = require('./generated_models.js');

/** A model's files, fetched, generated or converted: {json, tflite}, either of which may be missing. */
function filesOf(id) {
  const folder = path.join(root, 'build/bench/models', id);
  let file;
  if (generated[id]) {
    file = path.join(folder, 'model.json');
    if (!fs.existsSync(file)) generated[id](folder);
  } else {
    execFileSync(process.execPath, [path.join(root, 'tools/fetch_models.js'), id], {stdio: ['ignore', 'ignore', 2]});
    file = require('../fetch_models.js').fetchedFile(id);
  }
  if (file.endsWith('.tflite')) return {tflite: file};
  const tflite = path.join(folder, 'model.tflite');
  fs.mkdirSync(folder, {recursive: true});
  try {
    if (!fs.existsSync(tflite)) execFileSync(path.join(root, 'build/native/wxnn_convert'), [file, '-o', tflite], {stdio: 'pipe'});
  } catch (error) {
    console.error(`${id}: no .tflite of it: ${String(error.stderr).trim()}`);
    return {json: file};
  }
  return {json: file, tflite};
}

/** Multiply-adds of one run. */
function multiplyAdds({json, tflite}) {
  const report = execFileSync(path.join(root, 'build/native/wxnn_convert'), [json || tflite, '--json'], {maxBuffer: 1 << 28});
  return JSON.parse(report).multiplyAdds;
}

module.exports = {filesOf, multiplyAdds};
