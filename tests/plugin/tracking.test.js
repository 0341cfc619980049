'use strict';
// createFaceDetector with track and smooth, on frames cut out of a photo as a moving camera would: real models, both builds.

const assert = require('node:assert/strict');
const path = require('node:path');
const test = require('node:test');
const { readPhoto } = require('../reference/photo.js');
const { overlap } = require('../reference/faces.js');
const { ROOT, createRealProgram, readModel } = require('./programs.js');

const WIDTH = 640, HEIGHT = 480;
const plain = (faces) => JSON.parse(JSON.stringify(faces.map((face) => ({ ...face, mesh: face.mesh && [...face.mesh] }))));

/** A window of WIDTH x HEIGHT of a photo. */
function cut({ data, width }, left, top) {
  const frame = new Uint8Array(WIDTH * HEIGHT * 4);
  for (let y = 0; y < HEIGHT; y++) {
    const from = ((top + y) * width + left) * 4;
    frame.set(data.subarray(from, from + WIDTH * 4), y * WIDTH * 4);
  }
  return frame;
}

/** Frames of a camera that passes over one face of sample4. */
async function frames(count) {
  const photo = await readPhoto(path.join(ROOT, '.cache/models/photos/sample4.jpg'));
  return Array.from({ length: count }, (_, n) => ({ frame: cut(photo, 420 + 6 * n, 20), time: 33 * n, left: 420 + 6 * n }));
}

/** Runs of a model that its profile counts. */
const runsOf = (model) => model.profile()[0].runs;

test('faces are followed by their mesh: the same face, the same id, and hardly a run of the detector', async () => {
  const { wxnn } = createRealProgram();
  const model = await wxnn.loadModel(readModel('full')), meshModel = await wxnn.loadModel(readModel('mesh'));
  const tracker = await wxnn.createFaceDetector({ model, meshModel, track: true });
  const alone = await wxnn.createFaceDetector({ model: readModel('full') });
  const started = runsOf(model);
  const ids = new Set();
  const FACE = [660, 831];  // its left and right in the photo
  let late = 0, latest = 0;  // frames for which a face that came into view has not been followed
  for (const { frame, time, left } of await frames(24)) {
    const faces = tracker.detect(frame, WIDTH, HEIGHT, { time });
    const followed = ({ box }) => faces.filter((face) => overlap(face.box, box) > 0.4);
    const found = alone.detect(frame, WIDTH, HEIGHT).filter(({ box }) => box[0] > 0 && box[2] < WIDTH);
    const passing = found.filter(({ box }) => Math.abs(box[0] + left - FACE[0]) < 60 && Math.abs(box[2] + left - FACE[1]) < 60);
    assert.equal(passing.length, 1);
    assert.equal(followed(passing[0]).length, 1, `at ${time} ms there is no tracked face at ${passing[0].box}`);
    ids.add(followed(passing[0])[0].id);
    late = found.every((face) => followed(face).length === 1) ? 0 : late + 1;
    latest = Math.max(latest, late);
    for (const { id, mesh, keypoints } of faces) assert.ok(id >= 1 && mesh.length === 1404 && keypoints.length === 6);
    assert.equal(new Set(faces.map(({ id }) => id)).size, faces.length);
  }
  assert.equal(ids.size, 1, `one face had the ids ${[...ids]}`);
  assert.ok(latest <= 15, `a new face was found after ${latest} frames`);
  const runs = runsOf(model) - started;
  assert.ok(runs <= 12, `the detector ran on ${runs} of 24 frames`);
});

test('the same bits on both builds, tracked and smoothed', async () => {
  const sequence = await frames(8), seen = [];
  for (const variant of ['plain', 'simd']) {
    const { wxnn } = createRealProgram();
    const detector = await wxnn.createFaceDetector({ model: readModel('full'), meshModel: readModel('mesh'), track: true, variant });
    seen.push(sequence.map(({ frame, time }) => plain(detector.detect(frame, WIDTH, HEIGHT, { time }))));
    detector.dispose();
  }
  assert.ok(seen[0].every((faces) => faces.length >= 1));
  assert.deepEqual(seen[0], seen[1]);
});

test('smoothing, on by default with track, changes what follows the first frame and nothing else', async () => {
  const { wxnn } = createRealProgram();
  const sequence = await frames(3), results = {};
  for (const smooth of [undefined, true, false]) {
    const detector = await wxnn.createFaceDetector({ model: readModel('full'), meshModel: readModel('mesh'), track: true, smooth });
    results[smooth] = sequence.map(({ frame, time }) => plain(detector.detect(frame, WIDTH, HEIGHT, { time })));
    detector.dispose();
  }
  assert.deepEqual(results[undefined], results[true]);
  assert.deepEqual(results.true[0], results.false[0]);
  assert.notDeepEqual(results.true[2], results.false[2]);
  results.true[2].forEach(({ box }, index) => assert.ok(overlap(box, results.false[2][index].box) > 0.8));
});

test('without a mesh model faces keep their id by overlap', async () => {
  const { wxnn } = createRealProgram();
  const detector = await wxnn.createFaceDetector({ model: readModel('full'), track: true, maxFaces: 1 });
  const ids = [];
  for (const { frame, time } of await frames(5)) {
    const [face] = detector.detect(frame, WIDTH, HEIGHT, { time });
    assert.equal(face.mesh, undefined);
    ids.push(face.id);
  }
  assert.deepEqual(ids, [1, 1, 1, 1, 1]);
});

test('refusals, and models that go while the detector stays', async () => {
  const { wxnn } = createRealProgram();
  const model = await wxnn.loadModel(readModel('full')), meshModel = await wxnn.loadModel(readModel('mesh'));
  await assert.rejects(wxnn.createFaceDetector({ model, smooth: true }), { message: 'smooth needs track: only the same face on several frames can be smoothed.' });
  const detector = await wxnn.createFaceDetector({ model, meshModel, track: true });
  const [{ frame }] = await frames(1);
  assert.throws(() => detector.detect(frame, WIDTH, HEIGHT, { time: NaN }), { message: /^time must be a number/ });
  assert.ok(detector.detect(frame, WIDTH, HEIGHT).length >= 1);
  meshModel.dispose();
  assert.throws(() => detector.detect(frame, WIDTH, HEIGHT), { message: 'the model was disposed.' });
  model.dispose();
  assert.throws(() => detector.detect(frame, WIDTH, HEIGHT), { message: 'the model was disposed.' });
  detector.dispose();
});
