'use strict';
// The files of a model that tools/bench measures, made when they are missing.

const {root} = require('../checkout');
const {execFileSync} = require('child_process');
const fs = require('fs');
const path = require('path');
const generated = require('./generated_models.js');

const convert = (args) => execFileSync(path.join(root, 'build/native/wxnn_convert'), args, {stdio: 'pipe', maxBuffer: 1 << 28});

/** Open dimensions as 1, for LiteRT.js takes no other size than the file's. */
function settledInputs(file) {
  return JSON.parse(convert([file, '--json'])).inputs.filter(({shape}) => shape.includes(-1))
      .flatMap(({name, shape}) => ['--input', `${name}=${shape.map((n) => Math.abs(n))}`]);
}

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
  const tflite = path.join(folder, 'settled.tflite');
  fs.mkdirSync(folder, {recursive: true});
  try {
    if (!fs.existsSync(tflite)) convert([file, '-o', tflite, ...settledInputs(file)]);
  } catch (error) {
    console.error(`${id}: no .tflite of it: ${String(error.stderr).trim()}`);
    return {json: file};
  }
  return {json: file, tflite};
}

/** Multiply-adds of one run. */
function multiplyAdds({json, tflite}) {
  return JSON.parse(convert([json || tflite, '--json'])).multiplyAdds;
}

module.exports = {filesOf, multiplyAdds};
