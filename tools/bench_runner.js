'use strict';
// One runtime with one model in one process; tools/bench sends {warmUp}, {runs} or {profile}.

const {fetchedFile} = require('./fetch_models.js');
const {root} = require('./checkout');

const [peer, id] = process.argv.slice(2);
const now = () => Number(process.hrtime.bigint()) / 1e6;

/** Numbers in [-1, 1) that every peer gets alike (mulberry32). */
function seededInput(length) {
  let state = 20261123;
  return Float32Array.from({length}, () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 31 - 1;
  });
}

/** @returns {Promise<{length: number, run: (input: Float32Array) => {shape: number[], data: Float32Array}[], profile?: Function}>} */
async function open() {
  const file = fetchedFile(id);
  if (peer.startsWith('tfjs-')) {
    const {open} = require('../tests/reference/tfjs_cpu.js');
    return open({model: file, backend: peer.slice('tfjs-'.length)});
  }
  const {loadModel} = require(root);
  const model = await loadModel(file, {variant: peer});
  const length = model.inputs[0].shape.reduce((n, d) => n * Math.abs(d), 1);
  return {
    length,
    run: (input) => Object.values(model.run(input)),
    profile: () => model.profile(),
  };
}

const opened = open();

async function answer({warmUp, runs, profile}) {
  const {length, run, profile: nodeTimes} = await opened;
  const input = seededInput(length);
  if (profile) {
    nodeTimes();
    for (let i = 0; i < profile; i++) run(input);
    return {nodes: nodeTimes().map((n) => ({...n, ms: n.ms / n.runs}))};
  }
  if (warmUp) {
    const start = now();
    let outputs = run(input);
    const firstMs = now() - start;
    for (let i = 1; i < warmUp; i++) outputs = run(input);
    return {firstMs, outputs: outputs.map(({shape, data}) => ({shape, data: Array.from(data)}))};
  }
  const ms = [];
  for (let i = 0; i < runs; i++) {
    const start = now();
    run(input);
    ms.push(now() - start);
  }
  return {ms};
}

process.on('message', (message) => {
  answer(message).then((result) => process.send(result), (error) => process.send({error: error.message}));
});
