'use strict';
// One model for tools/zoo: node zoo_runner.js FILE FOLDER OPTIONS (JSON); the row goes to the parent process.

const {execFileSync} = require('child_process');
const fs = require('fs');
const os = require('os');
const path = require('path');
const {root} = require('./checkout');
const {loadModel} = require(root);
const {fetchedFile} = require('./fetch_models.js');

const [file, folder, given] = process.argv.slice(2);
const options = JSON.parse(given);
const {readModel} = require(path.join(folder, 'source.js'));

const elements = (shape) => shape.reduce((n, d) => n * d, 1);

/** What an open dimension becomes: the batch 1, height and width of an image 128, others 8. */
const settled = (shape) => shape.map((d, axis) => d >= 0 ? d : axis === 0 ? 1 : shape.length === 4 && axis < 3 ? 128 : 8);

/** mulberry32: the same numbers everywhere. */
function seeded(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A photo with faces, stretched: bytes for whole numbers, else [0, 1]. */
async function photoOf([, height, width, channels], dtype) {
  const picture = require('sharp')(fetchedFile('photos', 'sample1.jpg')).resize(width, height, {fit: 'fill'}).toColourspace(channels === 1 ? 'b-w' : 'srgb');
  const {data, info} = await picture.raw().toBuffer({resolveWithObject: true});
  if (info.channels !== channels) throw new Error(`the photo has ${info.channels} channels, not ${channels}.`);
  return dtype === 'int32' ? Int32Array.from(data) : Float32Array.from(data, (byte) => byte / 255);
}

const isPicture = ([batch, height, width, channels, ...more]) =>
  batch === 1 && height >= 16 && width >= 16 && (channels === 3 || channels === 1) && more.length === 0;

/** A photo where an input takes one; else numbers in [0, 1), and whole numbers from 0 to 7, few enough to index anything. */
async function inputsOf(model) {
  const random = seeded(20261123);
  const fill = {float32: Float32Array, int32: Int32Array, bool: Uint8Array};
  const value = {float32: random, int32: () => Math.floor(random() * 8), bool: () => random() < 0.5 ? 1 : 0};
  const inputs = [];
  for (const {name, dtype, shape} of model.inputs) {
    if (!fill[dtype]) throw new Error(`input "${name}" is ${dtype}, which tools/zoo does not make up.`);
    const dims = settled(shape);
    const data = isPicture(dims) && dtype !== 'bool' ? await photoOf(dims, dtype) :
      fill[dtype].from({length: elements(dims)}, value[dtype]);
    inputs.push({name, dtype, shape: dims, data});
  }
  return inputs;
}

async function open(variant) {
  return loadModel(file, {variant, wasmPath: path.join(folder, 'wasm')});
}

function runOn(model, inputs) {
  model.resize(Object.fromEntries(inputs.map(({name, shape}) => [name, shape])));
  const results = model.run(Object.fromEntries(inputs.map(({name, data}) => [name, data])));
  return model.outputs.map(({name}) => ({name, ...results[name]}));
}

/** Whether two arrays hold the same bits, any NaN being any other. */
function sameBits(a, b) {
  if (a.length !== b.length) return false;
  const [x, y] = [a, b].map((t) => new Uint8Array(t.buffer, t.byteOffset, t.byteLength));
  if (Buffer.compare(x, y) === 0) return true;
  const [u, v] = [a, b].map((t) => t.BYTES_PER_ELEMENT === 4 ? new Int32Array(t.buffer, t.byteOffset, t.length) : t);
  return a.every((value, i) => u[i] === v[i] || (Number.isNaN(value) && Number.isNaN(b[i])));
}

/** The model as the engine reads it: a .tflite file or a node list. */
async function engineBytes() {
  const bytes = fs.readFileSync(file);
  if (!file.endsWith('.json')) return bytes;
  const model = JSON.parse(bytes.toString());
  const shards = model.weightsManifest.flatMap((group) => group.paths);
  const weights = shards.map((shard) => new Uint8Array(fs.readFileSync(path.join(path.dirname(file), shard))));
  return Buffer.concat((await readModel({model, weights}, {})).pieces);
}

/** Calls run(model file, input files) with the model and the inputs on disk. */
async function withFiles(inputs, run) {
  const temporary = fs.mkdtempSync(path.join(os.tmpdir(), 'wxnn-zoo-'));
  try {
    const at = (name) => path.join(temporary, name);
    fs.writeFileSync(at('model'), await engineBytes());
    inputs.forEach(({shape, data}, i) => fs.writeFileSync(at(`in${i}`),
        Buffer.concat([Buffer.from(Int32Array.from([shape.length, ...shape]).buffer), Buffer.from(data.buffer, data.byteOffset, data.byteLength)])));
    return run(at('model'), inputs.map((_, i) => at(`in${i}`)), at('out'));
  } finally {
    fs.rmSync(temporary, {recursive: true});
  }
}

const call = (what, program, args) => {
  try {
    return execFileSync(program, args, {stdio: 'pipe', encoding: 'utf8', maxBuffer: 1 << 26});
  } catch (error) {
    throw new Error(`${what}: ${String(error.stderr || error.stdout || error.message).trim().slice(-300)}`);
  }
};

/** The native build's outputs, as arrays of the types of `like`. */
const runNative = (inputs, like) => withFiles(inputs, (model, files, to) => {
  call('the native build', path.join(root, 'build/native/wxnn_run'), [model, to, ...files]);
  const out = fs.readFileSync(to);
  let next = 0;
  return like.map(({data}) => {
    const size = out.readUInt32LE(next);
    const part = Uint8Array.from(out.subarray(next + 4, next + 4 + size));
    next += 4 + size;
    return new data.constructor(part.buffer);
  });
});

const ENGINES = [
  {name: 'V8', program: process.execPath},
  {name: 'V8-8.6', program: fetchedFile('node15', 'bin/node'), variants: ['plain']},
  {name: 'jsc', program: 'jsc', after: ['--']},
  {name: 'ARM64', program: path.join(root, 'tools/arm64'), before: ['node'], limit: 60},  // emulated: only what takes less ms natively
];

/** Engines whose plain and SIMD build gave the bits of V8's, and a sentence about the first that did not. */
const runEngines = (inputs, ms) => withFiles(inputs, (model, files) => {
  const script = path.join(root, 'tools/zoo_engine.js');
  const names = [];
  let expected, failure;
  for (const {name, program, before = [], after = [], variants = ['simd', 'plain'], limit = Infinity} of ENGINES) {
    if (ms > limit) continue;
    for (const variant of variants) {
      const binaries = ['plain', 'simd'].map((build) => (build === 'plain' || variant === 'simd' ? path.join(folder, `wasm/wxnn-${build}.wasm`) : '-'));
      const hashes = call(name, program, [...before, script, ...after, ...binaries, model, ...files]).trim();
      expected ??= hashes;
      if (hashes !== expected) failure ??= `the bits of ${name} (${variant}) differ from V8's.`;
    }
    names.push(name);
  }
  return {engines: names, failure};
});

async function compare(inputs, ours) {
  const {referenceOutputs} = require('../tests/reference/index.js');
  const {worstDifference, judge, LIMIT} = require('../tests/reference/judge.js');
  const job = {model: file, inputs: inputs.map(({data, shape, dtype}) => ({data, shape, dtype}))};
  const reference = await referenceOutputs(job);
  const error = worstDifference(ours, reference);
  if (error <= LIMIT) return {error, limit: LIMIT};
  return judge(job, ours, reference);
}

/** Milliseconds of several runs, the shortest first. */
function timesOf(model, inputs) {
  const times = [];
  const until = Date.now() + 1000;
  while (times.length < 3 || (times.length < 20 && Date.now() < until)) {
    const start = process.hrtime.bigint();
    runOn(model, inputs);
    times.push(Number(process.hrtime.bigint() - start) / 1e6);
  }
  return times.sort((a, b) => a - b);
}

async function main() {
  const row = {};
  try {
    const simd = await open('simd');
    const inputs = await inputsOf(simd);
    const ours = runOn(simd, inputs);
    const use = simd.memory();
    row.ops = simd.profile().length;
    row.mb = (use.arena + use.constants + use.packed) / 1e6;
    const times = timesOf(simd, inputs);
    row.ms = times[times.length >> 1];
    const plain = await open('plain');
    const builds = {plain: runOn(plain, inputs).map(({data}) => data), native: await runNative(inputs, ours)};
    const differ = Object.keys(builds).filter((b) => !ours.every(({data}, i) => sameBits(data, builds[b][i])));
    if (differ.length) row.failure = `the bits of ${differ.join(' and ')} differ from simd's.`;
    if (options.engines) {
      const {engines, failure} = await runEngines(inputs, times[0]);
      row.engines = engines;
      row.failure ??= failure;
    }
    row.bits = row.failure ? 'DIFFER' : 'equal';
    if (options.reference) Object.assign(row, await compare(inputs, ours));
    row.passed = !row.failure && (row.error === undefined || row.error <= row.limit);
  } catch (error) {
    row.failure = error.message;
  }
  if (!row.passed && !row.failure) row.failure = 'the outputs differ from the reference\'s.';
  process.send(row, () => process.exit(0));
}

main();
