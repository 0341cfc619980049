'use strict';
// What the converter writes, run by LiteRT in Chromium and by our engine, against what the source says on tfjs's own CPU backend
// (model.json) or on LiteRT (.tflite).

const { test } = require('node:test');
const assert = require('node:assert');
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { referenceOutputs, modelFile, isFetched, findEntry } = require('../reference');
const { LIMIT, difference: differenceOf, judge } = require('../reference/judge.js');

const root = path.join(__dirname, '../..');
const CONVERTER = process.env.WXNN_CONVERT ?? path.join(root, 'build/native/wxnn_convert');
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'wxnn-convert-'));
test.after(() => fs.rmSync(folder, { recursive: true }));

const image = (...shape) => [{ shape, dtype: 'float32' }];
const picture = (height, width) => [{ shape: [1, height, width, 3], dtype: 'int32' }];
const state = (name) => ({ name, shape: [1, 1, 1, 1], dtype: 'float32', value: 0 });
/**
 * Inputs in the model's order. `name`: its size has to be said; `constant`: the conversion fixes it. LiteRT.js wants outputs of known sizes: `outputs` says those that the
 * data decide and the file does not declare.
 * @type {{[id: string]: {inputs: {name?: string, shape: number[], dtype: string, value?: number, constant?: boolean}[], outputs?: string[]}}}
 */
const MODELS = {
  'tfjs-front': { inputs: image(1, 128, 128, 3) },
  'tfjs-back': { inputs: image(1, 256, 256, 3) },
  'tfjs-mesh': { inputs: image(1, 192, 192, 3) },
  posenet: { inputs: image(1, 385, 385, 3) },
  handdetect: { inputs: image(1, 256, 256, 3) },
  handskeleton: { inputs: image(1, 256, 256, 3) },
  faceres: { inputs: image(1, 224, 224, 3) },
  'selfie-tfjs': { inputs: image(1, 256, 256, 3) },
  'mobilenetv2-nsfw': { inputs: image(1, 224, 224, 3) },
  'mobilenetv2-nsfw-layers': { inputs: image(1, 224, 224, 3) },
  short: { inputs: image(1, 128, 128, 3) },
  full: { inputs: image(1, 192, 192, 3) },
  'full-sparse': { inputs: image(1, 192, 192, 3) },
  mesh: { inputs: image(1, 192, 192, 3) },
  efficientpose: { inputs: image(1, 368, 368, 3) },
  'facemesh-attention': { inputs: image(1, 192, 192, 3) },
  'movenet-multipose': { inputs: picture(256, 256) },
  handtrack: { inputs: picture(320, 320) },
  faceboxes: { inputs: [{ name: 'image_tensor', ...picture(256, 256)[0] }], outputs: ['scores=1,200', 'boxes=1,200,4', 'num_boxes=1'] },
  rvm: {
    inputs: [{ name: 'src', ...image(1, 128, 160, 3)[0] }, state('r2i'), { name: 'downsample_ratio', shape: [1], dtype: 'float32', value: 0.5, constant: true },
      state('r1i'), state('r3i'), state('r4i')],
  },
};

/** @param {string} source @param {...string} options */
function convert(source, ...options) {
  const output = path.join(folder, `${path.basename(path.dirname(source))}${options.join('').replace(/\W/g, '_')}.tflite`);
  const report = `${output}.json`;
  const { status, stderr } = spawnSync(CONVERTER, [source, '-o', output, '--report', report, ...options], { encoding: 'utf8' });
  assert.equal(status, 0, stderr);
  return { output, report: JSON.parse(fs.readFileSync(report, 'utf8')) };
}

/** The same numbers on every machine, in [-1, 1). */
function noise(length) {
  let state = 1;
  return Float32Array.from({ length }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  });
}

/** What our engine gives for a converted model. */
function engineOutputs(file, names, inputs) {
  const runner = path.join(path.dirname(CONVERTER), 'wxnn_run_model');
  const given = JSON.stringify(Object.fromEntries(inputs.map(({ data }, i) => [names[i], Array.from(data)])));
  const { status, stdout, stderr } = spawnSync(runner, [file], { input: given, encoding: 'utf8', maxBuffer: 1 << 28 });
  assert.equal(status, 0, stderr);
  return JSON.parse(stdout);
}

/** The largest difference relative to the output's largest magnitude. */
function difference(got, want) {
  assert.deepEqual(got.shape, want.shape, got.name);
  return differenceOf(got.data, want.data);
}

// --long: the other tfjs models of tools/models.json whose sizes are known.
if (process.env.WXNN_LONG) {
  for (const { id, format, input } of require('../../tools/models.json').entries) {
    if (!/^tfjs/.test(format) || !input || input.slice(1).some((d) => d < 0) || MODELS[id] || !isFetched(findEntry(id))) continue;
    const { inputs } = JSON.parse(fs.readFileSync(modelFile(id), 'utf8')).signature ?? {};
    const integer = Object.values(inputs ?? {}).some(({ dtype }) => dtype === 'DT_INT32');
    MODELS[id] = { inputs: [{ shape: [1, ...input.slice(1)], dtype: integer ? 'int32' : 'float32' }] };
  }
}

/** Numbers for an input: of an integer one those of a picture. */
function filled({ shape, dtype, value }) {
  const length = shape.reduce((a, b) => a * b, 1);
  if (value !== undefined) return { shape, dtype, data: new Float32Array(length).fill(value) };
  const numbers = noise(length);
  return { shape, dtype, data: dtype === 'int32' ? Int32Array.from(numbers, (x) => Math.floor((x + 1) * 127.5)) : numbers };
}

for (const [name, { inputs: declared, outputs = [] }] of Object.entries(MODELS)) {
  test(`${name}: LiteRT and the engine run the conversion and agree with the source`, async (t) => {
    const source = modelFile(name);
    const all = declared.map(filled);
    const options = outputs.flatMap((o) => ['--output', o]);
    for (const { name: input, shape, constant, value } of declared.filter((one) => one.name))
      options.push(...(constant ? ['--constant', `${input}=${value}`] : ['--input', `${input}=${shape}`]));
    const inputs = all.filter((_, i) => !declared[i].constant);
    const open = convert(source, ...options);
    const names = open.report.inputs.map((one) => one.name);
    // LiteRT.js refuses an open batch.
    const isOpen = open.report.inputs[0].shape[0] < 0;
    const { output } = isOpen ? convert(source, ...options, '--input', `${names[0]}=${inputs[0].shape}`) : open;
    const [wanted, got] = [await referenceOutputs({ model: source, inputs: all }), await referenceOutputs({ model: output, inputs, cache: false })];
    assert.equal(got.length, wanted.length);
    const ours = engineOutputs(output, names, inputs);
    assert.equal(ours.length, wanted.length);
    for (const [runtime, mine] of [['LiteRT', got], ['wxnn', ours]]) {
      // Outputs keep their order; tfjs names nodes where a signature names outputs.
      const off = wanted.map((want, i) => difference(mine[i], want));
      t.diagnostic(`${runtime}: ${wanted.map(({ name: n }, i) => `${n} ${off[i].toExponential(1)}`).join(', ')}`);
      if (Math.max(...off) <= LIMIT) continue;
      // A model whose float32 rounding is larger (blazepose).
      const { error, limit } = await judge({ model: source, inputs: all }, mine, wanted);
      t.diagnostic(`${runtime}: ${error.toExponential(1)} from double precision, float32 is ${limit.toExponential(1)}`);
      assert.ok(error <= limit, `${runtime} is ${error} of its largest magnitude from double precision`);
    }
  });
}

test('rvm with its ratio as an input: sizes that the data decide, in convolutions too', async (t) => {
  const source = modelFile('rvm');
  const declared = MODELS.rvm.inputs;
  const sizes = declared.flatMap(({ name, shape }) => ['--input', `${name}=${shape}`]);
  const { output, report } = convert(source, ...sizes);
  for (const ratio of [0.5, 0.375, 1]) {
    const all = declared.map((one) => filled(one.name === 'downsample_ratio' ? { ...one, value: ratio } : one));
    const wanted = await referenceOutputs({ model: source, inputs: all });
    const ours = engineOutputs(output, report.inputs.map(({ name }) => name), all);
    const off = wanted.map((want, i) => difference(ours[i], want));
    t.diagnostic(`ratio ${ratio}: ${off.map((d) => d.toExponential(1)).join(', ')}`);
    assert.ok(Math.max(...off) <= LIMIT, `ratio ${ratio} differs by ${off}`);
    // LiteRT.js wants outputs of known sizes: two always have the picture's.
    const [, height, width] = declared[0].shape;
    const said = convert(source, ...sizes, '--output', `pha=1,${height},${width},1`, '--output', `fgr=1,${height},${width},3`);
    const theirs = await referenceOutputs({ model: said.output, inputs: all, cache: false });
    theirs.forEach((got) => assert.ok(difference(got, wanted.find((w) => w.shape.join() === got.shape.join())) <= LIMIT, `LiteRT, ratio ${ratio}`));
  }
});

test('an input that the model does not have', () => {
  const { status, stderr } = spawnSync(CONVERTER, [modelFile('rvm'), '--input', 'frame=1,128,160,3'], { encoding: 'utf8' });
  assert.equal(status, 1);
  assert.match(stderr, /--input frame: the model has no such input, only src, r2i:0, downsample_ratio:0, r1i:0, r3i:0, r4i:0\./);
});
