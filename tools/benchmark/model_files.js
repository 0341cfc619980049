'use strict';
// The files of a model that tools/bench measures, made when they are missing.

const {root} = require('../checkout');
const {execFileSync} = require('child_process');
const fs = require('fs');
const path = require('path');
const {fetchedFile, findEntry} = require('../fetch_models.js');
const generated = require('./generated_models.js');

const convert = (args) => execFileSync(path.join(root, 'build/native/wxnn_convert'), args, {stdio: 'pipe', maxBuffer: 1 << 28});

/** Open dimensions as 1, for LiteRT.js takes no other size than the file's. */
function settledInputs(file) {
  return JSON.parse(convert([file, '--json'])).inputs.filter(({shape}) => shape.includes(-1))
      .flatMap(({name, shape}) => ['--input', `${name}=${shape.map((n) => Math.abs(n))}`]);
}

/** Sizes and constants that tools/models.json gives a model, as options of the converter. @param {object} given */
const converterOptions = (given) => Object.entries(given).flatMap(([option, values]) =>
  Object.entries(values).flatMap(([name, numbers]) => [`--${option}`, `${name}=${numbers}`]));

/** An ONNX model, what we make of it, and beside it what onnxruntime-web has to be told: input.json, {name, shape}. */
function onnxFiles(id, file, folder) {
  const onnx = path.join(folder, 'model.onnx'), tflite = path.join(folder, 'settled.tflite');
  if (!fs.existsSync(onnx)) {
    convert([file, '-o', tflite, ...converterOptions(findEntry(id).convert || {})]);
    const {inputs} = JSON.parse(convert([tflite, '--json']));
    if (inputs.length !== 1) throw new Error(`tools/bench gives a model one input; ${id} has ${inputs.length}.`);
    fs.writeFileSync(path.join(folder, 'input.json'), JSON.stringify(inputs[0]));
    fs.copyFileSync(file, onnx);
  }
  return {tflite, onnx};
}

/** A model's files, fetched, generated or converted: {json, tflite, onnx}, of which some may be missing. */
function filesOf(id) {
  const folder = path.join(root, 'build/bench/models', id);
  let file;
  if (generated[id]) {
    file = path.join(folder, 'model.json');
    if (!fs.existsSync(file)) generated[id](folder);
  } else {
    execFileSync(process.execPath, [path.join(root, 'tools/fetch_models.js'), id], {stdio: ['ignore', 'ignore', 2]});
    file = fetchedFile(id);
  }
  if (file.endsWith('.tflite')) return {tflite: file};
  const tflite = path.join(folder, 'settled.tflite');
  fs.mkdirSync(folder, {recursive: true});
  if (file.endsWith('.onnx')) return onnxFiles(id, file, folder);
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

module.exports = {converterOptions, filesOf, multiplyAdds};
