'use strict';
// What the demo's code package has and git has not: models, the tab bar's icons, and what the benchmark page compares with: TensorFlow.js
// in a subpackage, and the engine's script and binaries for a worker. tools/build runs it.
//
// Models keep their bytes (.tflite with float16 weights) and get an ending that WeChat's packer does not drop. The sparse
// full-range model goes into the main package, the others into a subpackage, since a package may have 2 MB.

const fs = require('node:fs');
const path = require('node:path');
const esbuild = require('esbuild');
const sharp = require('sharp');

const root = path.join(__dirname, '..'), demo = path.join(root, 'miniprogram');

const MODELS = {
  'models/face_full_range.br': 'full-sparse',
  'packages/mesh/models/face_mesh.br': 'mesh',
  'packages/mesh/models/face_short_range.br': 'short',
};

// On a grid of 27 x 27, as strokes.
const ICONS = {
  camera: '<rect x="3.5" y="7.5" width="20" height="14.5" rx="3.5"/><path d="M9 7.5l1.6-3h5.8l1.6 3"/><circle cx="13.5" cy="14.6" r="4.1"/>',
  photo: '<rect x="3.5" y="4.5" width="20" height="18" rx="3.5"/><circle cx="9.2" cy="10.2" r="1.9"/><path d="M4.5 20l5.6-5.4 3.6 3.3 4.4-5 5 5.6"/>',
  benchmark: '<path d="M4 19.5a10.2 10.2 0 1 1 19 0"/><path d="M13.5 16.5l4.6-6.4"/><circle cx="13.5" cy="16.8" r="1.7"/>',
};
const COLOURS = { '': '#8a949e', _on: '#07a56f' };
const ICON_PIXELS = 81;

function copyModel(target, id) {
  const from = path.join(root, '.cache/models', id, 'model.tflite'), to = path.join(demo, target);
  if (!fs.existsSync(from)) return console.error(`tools/demo_files.js: the model ${id} is missing: run tools/setup.`);
  fs.mkdirSync(path.dirname(to), { recursive: true });
  return fs.copyFileSync(from, to);
}

async function drawIcons() {
  fs.mkdirSync(path.join(demo, 'icons'), { recursive: true });
  for (const [name, shapes] of Object.entries(ICONS)) {
    for (const [state, colour] of Object.entries(COLOURS)) {
      const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 27 27" width="${ICON_PIXELS}" height="${ICON_PIXELS}" fill="none" ` +
        `stroke="${colour}" stroke-width="1.7" stroke-linecap="round" stroke-linejoin="round">${shapes}</svg>`;
      await sharp(Buffer.from(svg)).png().toFile(path.join(demo, 'icons', `${name}${state}.png`));
    }
  }
}

/** Only scripts are packed from the workers' folder: their binaries lie in /wasm. */
function copyWorker() {
  const script = path.join(root, 'build/worker/wxnn.js'), binaries = path.join(root, 'plugin/wasm');
  if (!fs.existsSync(script)) return console.error('tools/demo_files.js: the worker\'s script is missing: run node tools/bundle.js.');
  fs.rmSync(path.join(demo, 'wasm'), { recursive: true, force: true });
  for (const folder of ['workers', 'wasm']) fs.mkdirSync(path.join(demo, folder), { recursive: true });
  for (const name of fs.readdirSync(binaries).filter((file) => !file.includes('tfjs'))) fs.copyFileSync(path.join(binaries, name), path.join(demo, 'wasm', name));
  return fs.copyFileSync(script, path.join(demo, 'workers/wxnn.js'));
}

function bundleTfjs() {
  const parts = { tf: 'core', webgl: 'backend-webgl', cpu: 'backend-cpu' };
  return esbuild.build({
    stdin: { contents: Object.entries(parts).map(([name, part]) => `export * as ${name} from '@tensorflow/tfjs-${part}';`).join('\n'), resolveDir: root },
    outfile: path.join(demo, 'packages/tfjs/tfjs.js'), bundle: true, minify: true, format: 'cjs', target: 'es2018', platform: 'browser', logLevel: 'error',
  });
}

Object.entries(MODELS).forEach(([target, id]) => copyModel(target, id));
copyWorker();
bundleTfjs();
drawIcons();
