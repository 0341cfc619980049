'use strict';
// One model for tools/zoo: node zoo_runner.js FILE FOLDER REFERENCE; the row goes to the parent process.

const {execFileSync} = require('child_process');
const fs = require('fs');
const os = require('os');
const path = require('path');
const {root} = require('./checkout');
const {loadModel} = require(root);
const {fetchedFile} = require('./fetch_models.js');

const [file, folder, wantsReference] = process.argv.slice(2);
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
  return (await readModel({model, weights}, {})).bytes;
}

/** The native build's outputs, as arrays of the types of `like`. */
async function runNative(inputs, like) {
  const temporary = fs.mkdtempSync(path.join(os.tmpdir(), 'wxnn-zoo-'));
  try {
    const at = (name) => path.join(temporary, name);
    fs.writeFileSync(at('model'), await engineBytes());
    inputs.forEach(({shape, data}, i) => fs.writeFileSync(at(`in${i}`),
        Buffer.concat([Buffer.from(Int32Array.from([shape.length, ...shape]).buffer), Buffer.from(data.buffer, data.byteOffset, data.byteLength)])));
    execFileSync(path.join(root, 'build/native/wxnn_run'), [at('model'), at('out'), ...inputs.map((_, i) => at(`in${i}`))], {stdio: 'pipe'});
    const out = fs.readFileSync(at('out'));
    let next = 0;
    return like.map(({data}) => {
      const size = out.readUInt32LE(next);
      const part = Uint8Array.from(out.subarray(next + 4, next + 4 + size));
      next += 4 + size;
      return new data.constructor(part.buffer);
    });
  } catch (error) {
    throw new Error(`the native build: ${String(error.stderr || error.message).trim()}`);
  } finally {
    fs.rmSync(temporary, {recursive: true});
  }
}

/** Largest difference over the reference's largest magnitude; a NaN on one side alone is infinitely wrong. */
function difference(ours, theirs) {
  let largest = 0, worst = 0;
  theirs.forEach((value, i) => {
    if (Number.isNaN(value) && Number.isNaN(ours[i])) return;
    if (value === ours[i]) return void (largest = Math.max(largest, Number.isFinite(value) ? Math.abs(value) : 0));
    largest = Math.max(largest, Math.abs(value));
    const off = Math.abs(value - ours[i]);
    worst = Math.max(worst, Number.isNaN(off) ? Infinity : off);
  });
  return worst === 0 ? 0 : worst / (largest || 1);
}

function worstDifference(ours, theirs) {
  if (ours.length !== theirs.length) throw new Error(`the reference has ${theirs.length} outputs, we have ${ours.length}.`);
  return Math.max(0, ...theirs.map(({name, shape, data}, i) => {
    const mine = ours[i];
    if (mine.data.length !== data.length) throw new Error(`output ${i} "${mine.name}" is [${mine.shape}], "${name}" of the reference [${shape}].`);
    return difference(mine.data, data);
  }));
}

/** Runs that tell how exact a reference is: tfjs's other backends, and inputs whose last bit is another. */
function spreadOf(job) {
  const nudge = ({dtype, data, ...rest}) => ({...rest, dtype, data: dtype === 'float32' ? data.map((x) => x * (1 + 2 ** -23)) : data});
  const backends = job.model.endsWith('.json') ? ['wasm', 'wasm-plain'] : [];
  return [...backends.map((variant) => ({...job, variant})), {...job, inputs: job.inputs.map(nudge)}];
}

async function compare(inputs, ours) {
  const {referenceOutputs} = require('../tests/reference/index.js');
  const job = {model: file, inputs: inputs.map(({data, shape, dtype}) => ({data, shape, dtype}))};
  const reference = await referenceOutputs(job);
  const error = worstDifference(ours, reference);
  let limit = 1e-4;
  for (const other of error > limit ? spreadOf(job) : []) {
    const outputs = await referenceOutputs(other).catch(() => undefined);  // tfjs's WASM backend lacks operators
    if (outputs) limit = Math.max(limit, worstDifference(outputs, reference));
  }
  return {error, limit};
}

const median = (list) => list.sort((a, b) => a - b)[list.length >> 1];

function timeOf(model, inputs) {
  const times = [];
  const until = Date.now() + 1000;
  while (times.length < 3 || (times.length < 20 && Date.now() < until)) {
    const start = process.hrtime.bigint();
    runOn(model, inputs);
    times.push(Number(process.hrtime.bigint() - start) / 1e6);
  }
  return median(times);
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
    row.ms = timeOf(simd, inputs);
    const plain = await open('plain');
    const builds = {plain: runOn(plain, inputs).map(({data}) => data), native: await runNative(inputs, ours)};
    const differ = Object.keys(builds).filter((b) => !ours.every(({data}, i) => sameBits(data, builds[b][i])));
    row.bits = differ.length ? 'DIFFER' : 'equal';
    if (differ.length) row.failure = `the bits of ${differ.join(' and ')} differ from simd's.`;
    if (wantsReference === 'true') Object.assign(row, await compare(inputs, ours));
    row.passed = !row.failure && (row.error === undefined || row.error <= row.limit);
  } catch (error) {
    row.failure = error.message;
  }
  if (!row.passed && !row.failure) row.failure = 'the outputs differ from the reference\'s.';
  process.send(row, () => process.exit(0));
}

main();
