'use strict';
// Detectors and mesh with weights stored as float16 find the faces that they find with float32.

const { test } = require('node:test');
const assert = require('node:assert');
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { modelFile, fetchedFile, findEntry } = require('../reference');
const { DETECTORS, facesOf, overlap, meshRegion, meshOf } = require('../reference/faces.js');
const { SIGNED, UNIT, readPhoto, letterboxArea, letterboxRegion, crop } = require('../reference/photo.js');

const bin = path.join(__dirname, '../../build/native');
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'wxnn-f16-'));
test.after(() => fs.rmSync(folder, { recursive: true }));

/** @returns a function that gives a model's outputs for an input, its weights stored as said */
function converted(id, ...options) {
  const output = path.join(folder, `${id}${options}.tflite`);
  const shape = findEntry(id).input.map((n) => Math.max(n, 1));
  const first = spawnSync(path.join(bin, 'wxnn_convert'), [modelFile(id), '--json'], { encoding: 'utf8' });
  assert.equal(first.status, 0, first.stderr);
  const { name } = JSON.parse(first.stdout).inputs[0];
  const { status, stdout, stderr } = spawnSync(path.join(bin, 'wxnn_convert'), [modelFile(id), '-o', output, '--input', `${name}=${shape}`, '--json', ...options], { encoding: 'utf8' });
  assert.equal(status, 0, stderr);
  const run = (input) => {
    const result = spawnSync(path.join(bin, 'wxnn_run_model'), [output], { input: JSON.stringify({ [name]: Array.from(input) }), encoding: 'utf8', maxBuffer: 1 << 28 });
    assert.equal(result.status, 0, result.stderr);
    return JSON.parse(result.stdout).map((o) => ({ ...o, data: Float32Array.from(o.data) }));
  };
  return { run, report: JSON.parse(stdout), bytes: fs.statSync(output).size };
}

for (const id of ['tfjs-front', 'tfjs-back', 'short', 'full']) {
  test(`${id} in float16 finds the same faces`, async (t) => {
    const full = converted(id);
    const half = converted(id, '--f16');
    for (const { tensor, largest, error } of half.report.float16) {
      assert.ok(error <= largest / 2048, `${tensor}: ${error} of ${largest}`);
    }
    t.diagnostic(`${full.bytes} bytes, in float16 ${half.bytes}`);
    let found = 0;
    for (let i = 1; i <= 4; ++i) {
      const photo = await readPhoto(fetchedFile('photos', `sample${i}.jpg`));
      const detector = DETECTORS[id];
      const input = letterboxArea(photo, detector.size, SIGNED);
      const [a, b] = [full, half].map((model) => facesOf(model.run(input), detector, letterboxRegion(photo), { threshold: 0.4 }));
      assert.equal(b.length, a.length, `sample${i}`);
      a.forEach((face, k) => assert.ok(overlap(face.box, b[k].box) >= 0.99, `sample${i}: ${face.box} and ${b[k].box}`));
      found += a.length;
    }
    t.diagnostic(`${found} faces`);
    assert.ok(found > 0);
  });
}

test('the mesh in float16 lies where it lies', async () => {
  const photo = await readPhoto(fetchedFile('photos', 'sample1.jpg'));
  const [face] = facesOf(converted('full').run(letterboxArea(photo, 192, SIGNED)), DETECTORS.full, letterboxRegion(photo));
  const region = meshRegion(face);
  const input = crop(photo, region, 192, UNIT);
  const [a, b] = [[], ['--f16']].map((options) => meshOf(converted('tfjs-mesh', ...options).run(input), region, { scoreIsLogit: false }).mesh);
  const box = (mesh) => [0, 1].map((c) => Math.min(...mesh.filter((_, i) => i % 3 === c))).concat([0, 1].map((c) => Math.max(...mesh.filter((_, i) => i % 3 === c))));
  assert.ok(overlap(box(a), box(b)) >= 0.99);
});
