'use strict';
// tools/bench --adapter: what a camera's frame costs beside the network itself (picture in, resizing, normalising, decoding,
// suppression), and how long a mini-program takes from loading the plugin to its first faces.

const fs = require('node:fs');
const path = require('node:path');
const {fork} = require('node:child_process');
const sharp = require('sharp');
const {root} = require('../checkout');
const {fetchedFile} = require('../fetch_models.js');
const report = require('./report.js');
const {watchBinary} = require('./watch.js');

const NETWORK = 'wxnn_model_run';
const FRAMES = [[640, 480], [480, 640], [1280, 720]];

const median = (list) => [...list].sort((a, b) => a - b)[list.length >> 1];

async function photoOf(width, height) {
  const data = await sharp(fetchedFile('photos', 'sample1.jpg')).resize(width, height, {fit: 'cover'}).ensureAlpha().raw().toBuffer();
  return {data: new Uint8Array(data), width, height};
}

/** Of each model and size of frame: detect, the engine's own run in it, and the rest. */
async function benchAdapter(rounds, readme) {
  const spent = watchBinary((name) => name === NETWORK);
  const wxnn = require(root);
  const lines = ['| BlazeFace | frame | `detect` ms | network alone ms | the rest ms |', '| --- | --- | ---: | ---: | ---: |'];
  for (const id of ['short', 'full']) {
    const detector = await wxnn.createFaceDetector({model: fs.readFileSync(fetchedFile(id, 'model.tflite')), maxFaces: 5});
    for (const [width, height] of FRAMES) {
      const {data} = await photoOf(width, height);
      const all = [], rest = [];
      for (let i = 0; i < 20 * rounds; i++) {
        spent.ms = 0;
        const start = performance.now();
        detector.detect(data, width, height);
        const ms = performance.now() - start;
        if (i < 20) continue;
        all.push(ms);
        rest.push(ms - spent.ms);
      }
      const [whole, adapter] = [median(all), median(rest)];
      lines.push(`| ${id} range | ${width}x${height} | ${whole.toFixed(2)} | ${(whole - adapter).toFixed(2)} | ${adapter.toFixed(2)} |`);
    }
    detector.dispose();
  }
  const starts = [];
  for (let i = 0; i < rounds; i++) starts.push(await firstFaces());
  const of = (key) => `${median(starts.map((one) => one[key])).toFixed(0)} ms (least ${Math.min(...starts.map((one) => one[key])).toFixed(0)})`;
  lines.push('', `From loading the plugin to the first faces of a photo, in the stand-in for WeChat's logic layer on Node: ${of('warm')}, warm; ${of('cold')} the`,
    'first time in a process.');
  const text = lines.join('\n');
  if (readme) report.replaceMarked(path.join(root, 'README.md'), 'tools/bench --adapter --readme', text);
  console.log(text);
}

/** In a process of its own: the first time, and the median of five after it, each in a mini-program of its own. */
function firstFaces() {
  return new Promise((resolve, reject) => {
    const child = fork(__filename, [], {stdio: ['ignore', 'ignore', 2, 'ipc']});
    child.once('message', resolve);
    child.once('error', reject);
    child.once('exit', (status) => status && reject(new Error(`a process ended with status ${status}.`)));
  });
}

async function child() {
  const {createMiniProgram} = require('../../tests/simulator');
  const {data, width, height} = await photoOf(640, 480);
  const model = fs.readFileSync(fetchedFile('short', 'model.tflite'));
  const times = [];
  for (let i = 0; i < 6; i++) {
    const program = createMiniProgram({pluginRoot: path.join(root, 'plugin'), packageFiles: {'/models/m.br': model}});
    const start = performance.now();
    const wxnn = program.requirePlugin('wxnn');
    const detector = await wxnn.createFaceDetector({model: '/models/m.br'});
    const faces = detector.detect(data, width, height);
    times.push(performance.now() - start);
    if (!faces.length) throw new Error('no face was found.');
  }
  /** @type {any} */ (process).send({cold: times[0], warm: median(times.slice(1))});
}

module.exports = {benchAdapter};

if (require.main === module) child().catch((error) => { console.error(error); process.exit(1); });
