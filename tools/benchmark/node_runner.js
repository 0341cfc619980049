'use strict';
// One runtime with one model in one process: node node_runner.js PEER FILE; tools/bench sends requests (peer.js).

const fs = require('fs');
const path = require('path');
const {root} = require('../checkout');
const {openOnnxruntime} = require('./onnxruntime.js');
const {answer, checkThreads, engineOptions} = require('./peer.js');

const [peer, file] = process.argv.slice(2);

/** @returns {Promise<import('./peer.js').Opened>} */
async function open() {
  if (peer.startsWith('tfjs-')) return require('../../tests/reference/tfjs_cpu.js').open({model: file, backend: peer.slice('tfjs-'.length)});
  if (peer === 'onnxruntime') {
    const input = JSON.parse(fs.readFileSync(path.join(path.dirname(file), 'input.json'), 'utf8'));
    return openOnnxruntime(require('onnxruntime-web'), new Uint8Array(fs.readFileSync(file)), input);
  }
  const model = await require(root).loadModel(file, engineOptions(peer));
  checkThreads(peer, model);
  return {
    length: model.inputs[0].shape.reduce((n, d) => n * Math.abs(d), 1),
    run: (input) => Object.values(model.run(input, {views: true})),
    profile: () => model.profile(),
    wasm: () => model.memory().heap,
  };
}

const start = performance.now();
const opened = open().then((peerOpened) => ({peerOpened, loadMs: performance.now() - start}));

process.on('message', async (request) => {
  try {
    const {peerOpened, loadMs} = await opened;
    process.send({loadMs, ...await answer(peerOpened, request)});
  } catch (error) {
    process.send({error: error.message});
  }
});
