'use strict';
// What one tfjs operation costs from JavaScript: our backend next to tfjs-backend-wasm and to a backend that computes nothing (the floor:
// tfjs-core itself). One process each, asked in turn. `tools/bench --ops` runs it.

const { fork } = require('node:child_process');
const { watchBinary } = require('./watch.js');

const PEERS = ['floor', 'ours', 'tfjs-wasm'];
const CALLS = 3000;
const PREDICT = 'predict of BlazeFace front';

/** Registers the peer's backend and gives its name. */
const backends = {
  ours(tf) {
    require('@tensorflow/tfjs-backend-cpu');
    require('../..').registerBackend(tf);
    return 'wasm';
  },
  'tfjs-wasm'() {
    require('@tensorflow/tfjs-backend-wasm');
    return 'wasm';
  },
  floor(tf) {
    const nothing = Object.assign(new tf.KernelBackend(), {
      write: (values) => ({ values }), refCount: () => 1, incRef: () => undefined, disposeData: () => true, numDataIds: () => 0,
      readSync: ({ values }) => values, floatPrecision: () => 32, memory: () => ({ unreliable: true }), dispose: () => undefined,
    });
    tf.registerBackend('floor', () => nothing);
    for (const [kernelName, shape] of Object.entries({ Add: [4], Relu: [4], Reshape: [2, 2], BatchMatMul: [4, 4], Conv2D: [1, 4, 4, 8], DepthwiseConv2dNative: [1, 4, 4, 8], FusedConv2D: [1, 4, 4, 8] })) {
      tf.registerKernel({ kernelName, backendName: 'floor', kernelFunc: () => ({ dataId: {}, shape, dtype: 'float32' }) });
    }
    return 'floor';
  },
};

function operations(tf) {
  const x = tf.tensor1d([1, 2, 3, 4]);
  const m = tf.tensor2d(new Float32Array(16).fill(1), [4, 4]);
  const image = tf.tensor4d(new Float32Array(128).fill(1), [1, 4, 4, 8]);
  const filter = tf.tensor4d(new Float32Array(64).fill(1), [1, 1, 8, 8]);
  const deep = tf.tensor4d(new Float32Array(72).fill(1), [3, 3, 8, 1]);
  const bias = tf.tensor1d(new Float32Array(8).fill(1));
  return {
    'add of 4 floats': () => tf.add(x, x),
    'relu of 4 floats': () => tf.relu(x),
    'reshape': () => tf.reshape(x, [2, 2]),
    'matMul 4x4': () => tf.matMul(m, m),
    'conv2d 1x1 [1,4,4,8]': () => tf.conv2d(image, filter, 1, 'same'),
    'fused conv2d, bias, relu': () => tf.fused.conv2d({ x: image, filter, strides: 1, pad: 'same', bias, activation: 'relu' }),
    'depthwise 3x3 [1,4,4,8]': () => tf.depthwiseConv2d(image, deep, 1, 'same'),
  };
}

/** BlazeFace front by tf.GraphModel; the floor has none. */
async function prepareModel(peer, tf) {
  if (peer === 'floor') return undefined;
  const converter = require('@tensorflow/tfjs-converter');
  if (peer === 'ours') require('../..').accelerate(converter);
  const { handler, readArtifacts } = require('../../tests/tfjs/model_files.js');
  const { fetchedFile } = require('../fetch_models.js');
  const model = await converter.loadGraphModel(/** @type {any} */ (handler(readArtifacts(fetchedFile('tfjs-front', 'model.json')))));
  const x = tf.fill([1, 128, 128, 3], 0.5);
  return () => tf.dispose(model.predict(x));
}

async function child(peer, watched) {
  const binary = watched ? watchBinary(() => true) : undefined;
  const tf = require('@tensorflow/tfjs-core');
  tf.env().set('PROD', true);
  await tf.setBackend(backends[peer](tf));
  const work = operations(tf);
  const predict = await prepareModel(peer, tf);
  const time = (run, calls) => {
    const start = performance.now();
    for (let i = 0; i < calls; i++) run();
    return (performance.now() - start) * 1000 / calls;
  };
  process.on('message', (name) => {
    const op = work[/** @type {string} */ (name)];
    if (binary) binary.ms = 0;
    const us = op ? time(() => op().dispose(), CALLS) : predict ? time(predict, 10) : NaN;
    /** @type {any} */ (process).send(binary ? { us, js: us - binary.ms * 1000 / 10 } : us);
  });
  /** @type {any} */ (process).send(Object.keys(work));
}

const start = (...args) => fork(__filename, args, { stdio: ['ignore', 'ignore', 2, 'ipc'] });

function ask(process, message) {
  return new Promise((resolve, reject) => {
    const gone = (code) => reject(new Error(`a peer ended (status ${code}).`));
    process.once('exit', gone);
    process.once('message', (answer) => {
      process.off('exit', gone);
      resolve(answer);
    });
    if (message) process.send(message);
  });
}

/** Of a predict, what is spent outside the binary's exports: tfjs's own code and ours. The least of the rounds. */
async function javaScriptShare(rounds) {
  const process = start('ours', 'watched');
  await ask(process);
  let least = { us: Infinity, js: Infinity };
  for (let round = 0; round < rounds + 5; round++) {
    const one = await ask(process, PREDICT);
    if (one.us < least.us) least = one;
  }
  process.disconnect();
  return least;
}

async function benchOps({ rounds, json }) {
  const children = PEERS.map((peer) => start(peer));
  const [names] = await Promise.all(children.map((process) => ask(process)));
  const rows = {};
  for (const name of [...names, PREDICT]) {
    const best = PEERS.map(() => Infinity);
    for (let round = 0; round < rounds; round++) {
      for (let i = 0; i < PEERS.length; i++) {
        const us = await ask(children[(round + i) % PEERS.length], name);
        best[(round + i) % PEERS.length] = Math.min(best[(round + i) % PEERS.length], us);
      }
    }
    rows[name] = Object.fromEntries(PEERS.map((peer, i) => [peer, Number.isFinite(best[i]) ? Number(best[i].toFixed(3)) : null]));
  }
  children.forEach((process) => process.disconnect());
  const share = await javaScriptShare(rounds);
  if (json) return console.log(JSON.stringify({ ...rows, 'predict, of which JavaScript': share }, undefined, 1));
  console.log(`microseconds, least of ${rounds} rounds\n${''.padEnd(28)}${PEERS.map((peer) => peer.padStart(11)).join('')}   ours / tfjs-wasm, above the floor`);
  for (const [name, row] of Object.entries(rows)) {
    const floor = row.floor || 0;
    const ratio = (row.ours - floor) / (row['tfjs-wasm'] - floor);
    console.log(name.padEnd(28) + PEERS.map((peer) => String(row[peer] === null ? '-' : row[peer].toFixed(2)).padStart(11)).join('') + `   ${ratio.toFixed(2)}`);
  }
  console.log(`\n${PREDICT}, ours: ${(100 * share.js / share.us).toFixed(1)}% of it (${share.js.toFixed(0)} of ${share.us.toFixed(0)}) outside the binary, tfjs's own code included`);
}

module.exports = { benchOps };

if (require.main === module) child(process.argv[2], process.argv[3]);
