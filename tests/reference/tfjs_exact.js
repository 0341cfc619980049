'use strict';
// TensorFlow.js's CPU backend computing in double precision: what a model's outputs are without rounding errors, by which
// runtimes that disagree can be told apart. Float32Array is another class inside tfjs's packages; that needs a process of its own.
//
// node tfjs_exact.js JOB OUT: both in the format of v8.serialize

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const v8 = require('node:v8');
const { execFileSync } = require('node:child_process');

/** Numbers of the bytes of a file are float32; everything else is kept as double. */
class Doubles extends Float64Array {
  constructor(from = 0, ...where) {
    super(from instanceof ArrayBuffer ? new Float32Array(from, ...where) : from);
  }

  static get [Symbol.species]() { return Float64Array; }

  static [Symbol.hasInstance](x) { return ArrayBuffer.isView(x) && /^Float(32|64)Array$/.test(Object.prototype.toString.call(x).slice(8, -1)); }
}

function replaceFloats() {
  const { prototype } = require('node:module');
  const compile = prototype._compile;
  globalThis.wxnnDoubles = Doubles;
  require('node:util').types.isFloat32Array = (x) => x instanceof Doubles;
  prototype._compile = function compileWithDoubles(content, file, ...rest) {
    const inside = file.includes(`${path.sep}@tensorflow${path.sep}`);
    return compile.call(this, inside ? `const Float32Array = globalThis.wxnnDoubles; ${content}` : content, file, ...rest);
  };
}

/** @param {{model: string}} job as tfjs_cpu.js takes it @returns {Promise<import('./index.js').Output[]>} */
async function run(job) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'wxnn-exact-'));
  const at = (name) => path.join(folder, name);
  try {
    fs.writeFileSync(at('job'), v8.serialize({ ...job, backend: 'cpu' }));
    execFileSync(process.execPath, ['--max-old-space-size=8192', __filename, at('job'), at('out')], { stdio: ['ignore', 'ignore', 'pipe'] });
    return v8.deserialize(fs.readFileSync(at('out')));
  } finally {
    fs.rmSync(folder, { recursive: true });
  }
}

/**
 * A .tflite as the engine reads it, its nodes as calls of tfjs's kernels: another's numbers, our reading of the file.
 * @param {{model: string, inputs: import('./index.js').Input[]}} job
 */
async function runTflite({ model: file, inputs }) {
  const wxnn = require('../..');
  const tf = require('@tensorflow/tfjs-core');
  await wxnn.configPlugin({ tf, cpu: require('@tensorflow/tfjs-backend-cpu'), wasm: false, prefer: 'cpu' });
  const model = await wxnn.loadModel(file, { backend: 'cpu' });
  if (model.backend.name !== 'cpu') throw new Error(`${file} is not run by tfjs's kernels: ${model.backend.reasons.join('; ')}`);
  const found = await model.runAsync(Object.fromEntries(model.inputs.map(({ name }, i) => [name, inputs[i].data])));
  return model.outputs.map(({ name }) => ({ name, shape: found[name].shape, data: Float32Array.from(found[name].data) }));
}

async function main([job, out]) {
  replaceFloats();
  const given = v8.deserialize(fs.readFileSync(job));
  const outputs = await (given.model.endsWith('.tflite') ? runTflite(given) : require('./tfjs_cpu.js').run(given));
  fs.writeFileSync(out, v8.serialize(outputs));
}

if (require.main === module) main(process.argv.slice(2));

module.exports = { run };
