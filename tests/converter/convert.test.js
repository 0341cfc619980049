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

const root = path.join(__dirname, '../..');
const CONVERTER = process.env.WXNN_CONVERT ?? path.join(root, 'build/native/wxnn_convert');
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'wxnn-convert-'));
test.after(() => fs.rmSync(folder, { recursive: true }));

const MODELS = ['tfjs-front', 'tfjs-back', 'tfjs-mesh', 'posenet', 'handdetect', 'handskeleton', 'faceres', 'selfie-tfjs', 'mobilenetv2-nsfw', 'mobilenetv2-nsfw-layers',
  'short', 'full', 'full-sparse', 'mesh'];

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

/** Length of the first input, from a run of the converter's own. */
const lengths = { 'tfjs-front': 128, 'tfjs-back': 256, 'tfjs-mesh': 192, posenet: 385, handdetect: 256, handskeleton: 256, faceres: 224,
  'selfie-tfjs': 256, 'mobilenetv2-nsfw': 224, 'mobilenetv2-nsfw-layers': 224, short: 128, full: 192, 'full-sparse': 192, mesh: 192 };

/** What our engine gives for a converted model. */
function engineOutputs(file, name, input) {
  const runner = path.join(path.dirname(CONVERTER), 'wxnn_run_model');
  const { status, stdout, stderr } = spawnSync(runner, [file], { input: JSON.stringify({ [name]: Array.from(input) }), encoding: 'utf8', maxBuffer: 1 << 28 });
  assert.equal(status, 0, stderr);
  return JSON.parse(stdout);
}

/** The largest difference relative to the output's largest magnitude. */
function difference(got, want) {
  assert.deepEqual(got.shape, want.shape, got.name);
  let largest = 0;
  let most = 0;
  want.data.forEach((w, i) => {
    largest = Math.max(largest, Math.abs(w));
    most = Math.max(most, Math.abs(got.data[i] - w));
  });
  return most / largest;
}

// --long: the other tfjs models of tools/models.json whose sizes are known.
if (process.env.WXNN_LONG) {
  for (const { id, format, input } of require('../../tools/models.json').entries) {
    const square = input && input.length === 4 && input[1] > 0 && input[1] === input[2] && input[3] === 3;
    if (!/graph-model/.test(format) || !square || MODELS.includes(id)) continue;
    MODELS.push(id);
    lengths[id] = input[1];
  }
}

for (const name of MODELS) {
  test(`${name}: LiteRT and the engine run the conversion and agree with the source`, { skip: !isFetched(findEntry(name)) && 'not fetched: tools/fetch_models.js --all' }, async (t) => {
    const source = modelFile(name);
    const shape = [1, lengths[name], lengths[name], 3];  // the batch may be open
    const open = convert(source);
    // LiteRT.js refuses an open batch.
    const [{ name: inputName, shape: declared }] = open.report.inputs;
    const { output } = declared[0] < 0 ? convert(source, '--input', `${inputName}=${shape}`) : open;
    const input = noise(lengths[name] ** 2 * 3);
    const [wanted, got] = [await referenceOutputs({ model: source, input, shape }), await referenceOutputs({ model: output, input, shape, cache: false })];
    assert.equal(got.length, wanted.length);
    const ours = engineOutputs(output, inputName, input);
    assert.equal(ours.length, wanted.length);
    // Outputs keep their order; tfjs names nodes where a signature names outputs.
    for (const [i, want] of wanted.entries()) {
      for (const [runtime, mine] of [['LiteRT', got[i]], ['wxnn', ours[i]]]) {
        const relative = difference(mine, want);
        t.diagnostic(`${want.name} in ${runtime}: ${relative.toExponential(1)}`);
        assert.ok(relative <= 1e-4, `${want.name} in ${runtime} differs by ${relative} of its largest magnitude`);
      }
    }
  });
}
