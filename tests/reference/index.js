'use strict';
// What an outside runtime says about a model and an input: TensorFlow.js for model.json, LiteRT for .tflite.
// Answers are kept in .cache/reference/, since some runtimes are slow to start.

const crypto = require('node:crypto');
const fs = require('node:fs');
const path = require('node:path');
const { fetchedFile, isFetched, findEntry } = require('../../tools/fetch_models.js');

/**
 * @typedef {{name: string, shape: number[], data: Float32Array}} Output  integers and bools as floats
 * @typedef {{data: Float32Array | Int32Array | Uint8Array, shape: number[], dtype: 'float32' | 'int32' | 'bool'}} Input
 * @typedef {'cpu' | 'wasm' | 'wasm-plain' | 'exact' | 'compat' | 'default'} Variant
 *   for model.json: tfjs's backend, 'cpu' when left out, 'exact' for the same in double precision; for .tflite: LiteRT's build, 'compat' when left out, 'exact' for tfjs's kernels in double precision
 * @typedef {{model: string, input?: Float32Array, shape?: number[], inputs?: Input[], variant?: Variant, cache?: boolean}} Job
 *   model: a file, or an id of tools/models.json; inputs in the model's own order, or the only one as `input`
 */

const CACHE = path.join(__dirname, '..', '..', '.cache', 'reference');

/**
 * @typedef {{version: (variant?: any) => string, run: (job: Job) => Promise<Output[]>, variants: string[]}} Runtime
 */

/**
 * The file kinds, each with its runtime; a runtime is only loaded when a file of its kind comes.
 * @type {{[extension: string]: () => Runtime}}
 */
const RUNTIMES = {
  '.json': () => {
    const tfjs = require('./tfjs_cpu.js');
    const runOn = (/** @type {any} */ job) => (job.variant === 'exact' ? require('./tfjs_exact.js').run(job) : tfjs.run({ ...job, backend: job.variant }));
    return { version: tfjs.version, run: runOn, variants: ['cpu', 'wasm', 'wasm-plain', 'exact'] };
  },
  '.tflite': () => {
    const litert = require('./litert_chromium.js');
    const runOn = (/** @type {any} */ job) => (job.variant === 'exact' ? require('./tfjs_exact.js').run(job) : litert.run({ ...job, build: job.variant }));
    const version = (/** @type {any} */ variant) => (variant === 'exact' ? require('./tfjs_cpu.js').version(variant) : litert.version(variant));
    return { version, run: runOn, variants: ['compat', 'default', 'exact'] };
  },
};

/** @param {string} model a file, or an id of tools/models.json */
const modelFile = (model) => (/\.(json|tflite)$/.test(model) ? model : fetchedFile(model));

/** @param {string} file */
function runtimeOf(file) {
  const make = RUNTIMES[path.extname(file)];
  if (!make) throw new Error(`${file} is neither a model.json nor a .tflite: no reference runtime reads it.`);
  return make();
}

/** @param {string} file @returns {string[]} the files that hold the model */
function partsOf(file) {
  if (path.extname(file) !== '.json') return [file];
  const { weightsManifest } = JSON.parse(fs.readFileSync(file, 'utf8'));
  if (!weightsManifest) throw new Error(`${file} has no weightsManifest: it is no model.json.`);
  return [file, ...weightsManifest.flatMap((g) => g.paths).map((p) => path.join(path.dirname(file), p))];
}

const bytesOf = (view) => Buffer.from(view.buffer, view.byteOffset, view.byteLength);

/** @param {string} file @param {Job} job @param {string} version */
function keyOf(file, { input, shape, inputs }, version) {
  const hash = crypto.createHash('sha256').update(JSON.stringify([version, shape ?? null]));
  for (const part of partsOf(file)) hash.update(fs.readFileSync(part));
  if (input) hash.update(bytesOf(input));
  for (const { data, dtype, shape: dims } of inputs ?? []) hash.update(JSON.stringify([dtype, dims])).update(bytesOf(data));
  return hash.digest('hex').slice(0, 32);
}

/** @param {string} file @returns {Output[] | undefined} */
function recall(file) {
  if (!fs.existsSync(file)) return undefined;
  return JSON.parse(fs.readFileSync(file, 'utf8')).map((o) => ({
    ...o, data: new Float32Array(Uint8Array.from(Buffer.from(o.data, 'base64')).buffer),
  }));
}

/** @param {string} file @param {Output[]} outputs */
function remember(file, outputs) {
  fs.mkdirSync(path.dirname(file), { recursive: true });
  const temporary = `${file}.${process.pid}`;
  fs.writeFileSync(temporary, JSON.stringify(outputs.map((o) => ({ ...o, data: bytesOf(o.data).toString('base64') }))));
  fs.renameSync(temporary, file);        // whole or not at all, whoever else is writing it
}

/**
 * The raw outputs of a model for an input, in the order of the model's outputs.
 * @param {Job} job @returns {Promise<Output[]>}
 */
async function referenceOutputs({ cache = true, ...job }) {
  const file = modelFile(job.model);
  const runtime = runtimeOf(file);
  if (job.variant && !runtime.variants.includes(job.variant)) {
    throw new Error(`${file} can run on ${runtime.variants.join(', ')}, not on "${job.variant}".`);
  }
  const kept = path.join(CACHE, `${keyOf(file, job, runtime.version(job.variant))}.json`);
  const known = cache ? recall(kept) : undefined;
  if (known) return known;
  const outputs = await runtime.run({ ...job, model: file });
  if (cache) remember(kept, outputs);
  return outputs;
}

module.exports = { referenceOutputs, modelFile, fetchedFile, isFetched, findEntry };
