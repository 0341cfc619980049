'use strict';
// createFaceDetector on the real binaries and photos: in the simulator, both builds.

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const test = require('node:test');
const sharp = require('sharp');
const { readPhoto } = require('../reference/photo.js');
const { ROOT, createRealProgram, readModel, requireBuilt } = require('./programs.js');

/** What is in the photos: {"sample1.jpg": [{box, eyes}…]…}. */
const PHOTO_FACES = require('../reference/photo_faces.json');

function photoFile(name) {
  const file = `.cache/models/photos/${name}.jpg`;
  requireBuilt(file, 'tools/setup');
  return path.join(ROOT, file);
}

const photo = (name) => readPhoto(photoFile(name));
const plain = (faces) => JSON.parse(JSON.stringify(faces));
const centre = ({ box }) => [(box[0] + box[2]) / 2, (box[1] + box[3]) / 2];

/** Area that two boxes share, as a part of the area that they cover. */
function overlap([ax0, ay0, ax1, ay1], [bx0, by0, bx1, by1]) {
  const shared = Math.max(0, Math.min(ax1, bx1) - Math.max(ax0, bx0)) * Math.max(0, Math.min(ay1, by1) - Math.max(ay0, by0));
  return shared / ((ax1 - ax0) * (ay1 - ay0) + (bx1 - bx0) * (by1 - by0) - shared);
}

/** Each of `faces` has its own among `others`, with its centre within `distance` pixels. */
function assertSameFaces(faces, others, distance, map = (point) => point) {
  assert.equal(faces.length, others.length);
  for (const face of faces) {
    const [x, y] = map(centre(face));
    const nearest = Math.min(...others.map((other) => Math.hypot(centre(other)[0] - x, centre(other)[1] - y)));
    assert.ok(nearest <= distance, `a face at ${x}, ${y} is ${nearest} pixels away`);
  }
}

test('finds the 13 faces, the same bits with both builds and both result shapes', async () => {
  for (const name of ['sample1', 'sample2', 'sample3', 'sample4']) {
    const { data, width, height } = await photo(name);
    const found = [];
    for (const [variant, resultShape] of [['plain', 'instance'], ['simd', 'both']]) {
      const { wxnn } = createRealProgram({ resultShape });
      const detector = await wxnn.createFaceDetector({ model: readModel('full'), variant });
      found.push(plain(detector.detect(data, width, height)));
      detector.dispose();
    }
    assert.deepEqual(found[0], found[1]);
    const expected = PHOTO_FACES[`${name}.jpg`];
    assert.equal(found[0].length, expected.length, name);
    for (const { box } of expected) assert.ok(found[0].some((face) => overlap(face.box, box) > 0.5), `${name}: no face at ${box}`);
    for (const { score, box, keypoints, angle } of found[0]) {
      assert.ok(score >= 0.5 && score <= 1 && box[0] < box[2] && box[1] < box[3] && keypoints.length === 6 && Math.abs(angle) <= Math.PI);
    }
  }
});

test('the default model is the full-range one: in Node, and in a package that has it', async () => {
  const { data, width, height } = await photo('sample1');
  const inNode = await require('../..').createFaceDetector();
  const { wxnn } = createRealProgram({ packageFiles: { '/models/face_full_range.br': readModel('full') } });
  const inPackage = await wxnn.createFaceDetector();
  assert.deepEqual(plain(inPackage.detect(data, width, height)), plain(inNode.detect(data, width, height)));
  await assert.rejects(createRealProgram().wxnn.createFaceDetector(), /could not read "\/models\/face_full_range\.br": readFile:fail no such file/);
});

test('threshold and maxFaces', async () => {
  const { wxnn } = createRealProgram();
  const model = await wxnn.loadModel(readModel('full'));
  const { data, width, height } = await photo('sample4');
  const all = (await wxnn.createFaceDetector({ model })).detect(data, width, height);
  const best = (await wxnn.createFaceDetector({ model, maxFaces: 2 })).detect(data, width, height);
  assert.deepEqual(plain(best), plain(all.slice(0, 2)));
  assert.equal((await wxnn.createFaceDetector({ model, threshold: 1 })).detect(data, width, height).length, 0);
  assert.ok(model.memory().heap > 0, 'the model stays the caller\'s');
});

test('frames that a camera held sideways', async () => {
  const { wxnn } = createRealProgram();
  const detector = await wxnn.createFaceDetector({ model: readModel('full') });
  const file = photoFile('sample1');
  const upright = await photo('sample1');
  const faces = detector.detect(upright.data, upright.width, upright.height);
  for (const rotation of [90, 180, 270]) {
    // Turned back by `rotation`, the picture is upright again.
    const { data, info } = await sharp(file).autoOrient().ensureAlpha().rotate(360 - rotation).raw().toBuffer({ resolveWithObject: true });
    const turned = detector.detect(new Uint8Array(data), info.width, info.height, { rotation });
    const { width, height } = upright;
    const back = { 90: ([x, y]) => [y, width - x], 180: ([x, y]) => [width - x, height - y], 270: ([x, y]) => [height - y, x] }[rotation];
    assertSameFaces(faces, turned, 0.02 * width, back);
  }
  const mirrored = detector.detect(upright.data, upright.width, upright.height, { mirror: true });
  assertSameFaces(faces, mirrored, 0.02 * upright.width);
});

test('mesh: 468 landmarks on the face', async () => {
  const { wxnn } = createRealProgram();
  for (const meshModel of [readModel('mesh'), readModel('tfjs-mesh')]) {
    const detector = await wxnn.createFaceDetector({ model: readModel('full'), meshModel });
    const { data, width, height } = await photo('sample2');
    for (const { mesh, meshScore, box } of detector.detect(data, width, height)) {
      assert.equal(mesh.length, 1404);
      assert.ok(meshScore >= 0 && meshScore <= 1);
      const side = box[2] - box[0];
      for (let i = 0; i < mesh.length; i += 3) {
        assert.ok(mesh[i] > box[0] - side && mesh[i] < box[2] + side && mesh[i + 1] > box[1] - side && mesh[i + 1] < box[3] + side);
      }
    }
    detector.dispose();
  }
});

test('every size from 1x1 to 12,000 x 9,000', async () => {
  const { wxnn } = createRealProgram();
  const detector = await wxnn.createFaceDetector({ model: readModel('full') });
  for (const [width, height] of [[1, 1], [1, 500], [500, 1], [3, 2]]) assert.deepEqual(plain(detector.detect(new Uint8Array(width * height * 4), width, height)), []);
  const small = await photo('sample1');
  const { data } = await sharp(photoFile('sample1')).autoOrient().ensureAlpha().resize(12000, 9000, { fit: 'fill', kernel: 'nearest' }).raw()
    .toBuffer({ resolveWithObject: true });
  const faces = detector.detect(new Uint8Array(data.buffer, data.byteOffset, data.length), 12000, 9000);
  const stretched = await sharp(photoFile('sample1')).autoOrient().ensureAlpha().resize(1200, 900, { fit: 'fill' }).raw().toBuffer();
  assertSameFaces(detector.detect(new Uint8Array(stretched), 1200, 900), faces, 200, ([x, y]) => [10 * x, 10 * y]);
  assert.equal(detector.detect(small.data, small.width, small.height).length, 3);
});

test('refuses wrong arguments in a sentence, and the next call works', async () => {
  const { wxnn } = createRealProgram();
  const model = await wxnn.loadModel(readModel('full'));
  const detector = await wxnn.createFaceDetector({ model });
  const pixels = new Uint8Array(16);
  const calls = [
    [[pixels, 0, 0], 'width must be a whole number from 1 to 65535; this is 0.'],
    [[pixels, 2, NaN], 'height must be a whole number from 1 to 65535; this is NaN.'],
    [[pixels, 2, 1.5], 'height must be a whole number from 1 to 65535; this is 1.5.'],
    [[pixels, 2, 3], 'rgba must have 24 bytes for 2 x 3 pixels; it has 16.'],
    [[new Float32Array(16), 2, 2], 'rgba must be an ArrayBuffer, Uint8Array or Uint8ClampedArray; this is a Float32Array of 16.'],
    [[undefined, 2, 2], 'rgba must be an ArrayBuffer, Uint8Array or Uint8ClampedArray; this is undefined.'],
    [[pixels, 2, 2, { rotation: 45 }], 'rotation must be 0, 90, 180 or 270; this is 45.'],
    [[pixels, 2, 2, { mirrored: true }], 'detect\'s options has no "mirrored"; it knows rotation, mirror, time.'],
  ];
  for (const [args, message] of calls) {
    assert.throws(() => detector.detect(...args), { message });
    assert.deepEqual(plain(detector.detect(pixels, 2, 2)), []);
  }
  const options = [
    [{ threshold: NaN }, 'threshold must be a number from 0 to 1; this is NaN.'],
    [{ threshold: 2 }, 'threshold must be a number from 0 to 1; this is 2.'],
    [{ threshold: '0.5' }, 'threshold must be a number from 0 to 1; this is the text "0.5".'],
    [{ maxFaces: 0 }, 'maxFaces must be a whole number from 1 to 1000000; this is 0.'],
    [{ treshold: 0.5 }, /^createFaceDetector's options has no "treshold"; it knows /],
  ];
  for (const [wrong, message] of options) await assert.rejects(wxnn.createFaceDetector({ model, ...wrong }), { message });
  await assert.rejects(wxnn.createFaceDetector({ model: readModel('mesh') }), /^Error: the model is not a face detector: /);
  await assert.rejects(wxnn.createFaceDetector({ model, meshModel: readModel('short') }), { message: 'the model is not a face mesh model: it has no outputs of 1404 and of 1 value' });
  const other = await wxnn.loadModel(readModel('mesh'), { variant: 'plain' });
  await assert.rejects(wxnn.createFaceDetector({ model, meshModel: other }), /was loaded by another build of the engine/);
  detector.dispose();
  assert.throws(() => detector.detect(pixels, 2, 2), { message: 'this face detector was disposed.' });
});

test('detectors that come and go leave the heap as it was', async () => {
  const { wxnn } = createRealProgram();
  const keeper = await wxnn.loadModel(readModel('short'));
  const { data, width, height } = await photo('sample1');
  const heaps = [];
  for (let i = 0; i < 6; i++) {
    const detector = await wxnn.createFaceDetector({ model: readModel('full') });
    detector.detect(data, width, height);
    detector.dispose();
    heaps.push(keeper.memory().heap);
  }
  assert.equal(heaps[5], heaps[1]);
});

test('a model file that was cut or changed ends in a sentence, and the next load works', async () => {
  const { wxnn } = createRealProgram();
  const bytes = readModel('short');
  for (const length of [8, 100, 1000, bytes.length >> 1, bytes.length - 1]) {
    await wxnn.loadModel(bytes.slice(0, length)).then((model) => model.dispose(), (error) => assert.match(error.message, /^the model: /));
  }
  for (let at = 8; at < bytes.length; at += Math.floor(bytes.length / 40)) {
    const changed = bytes.slice();
    changed[at] ^= 255;
    await wxnn.loadModel(changed).then((model) => model.dispose(), (error) => assert.doesNotMatch(error.message, /stopped/));
  }
  (await wxnn.loadModel(bytes)).dispose();
});

test('setImage writes what run then reads', async () => {
  const { wxnn } = createRealProgram();
  const model = await wxnn.loadModel(readModel('short'));
  const [{ name }] = model.inputs;
  const { data, width, height } = await photo('sample1');
  assert.throws(() => model.run(), { message: `input "${name}" of the model is missing.` });
  model.setImage(name, data, width, height, { letterbox: true, mean: 127.5, scale: 1 / 127.5 });
  const byPicture = plain(model.run());
  assert.deepEqual(plain(model.run()), byPicture);
  model.setImage(name, data, width, height, { roi: [0, 0, width, height], letterbox: true, mean: [127.5, 127.5, 127.5], scale: [1 / 127.5, 1 / 127.5, 1 / 127.5] });
  assert.deepEqual(plain(model.run()), byPicture);
  const refusals = [
    [{ roi: [5, 5, 5, 9] }, 'roi must be [x0, y0, x1, y1] with x0 < x1 and y0 < y1; this is [5,5,5,9].'],
    [{ roi: [0, 0, 1] }, 'roi must be 4 finite numbers; this is [0,0,1].'],
    [{ mean: NaN }, 'mean must be 3 finite numbers; this is [NaN,NaN,NaN].'],
    [{ scale: 'x' }, 'scale must be 3 finite numbers; this is the text "x".'],
    [{ angle: Infinity }, 'angle must be a number from -1000 to 1000; this is Infinity.'],
    [{ rotation: 1 }, 'rotation must be 0, 90, 180 or 270; this is 1.'],
  ];
  for (const [options, message] of refusals) assert.throws(() => model.setImage(name, data, width, height, options), { message });
  assert.throws(() => model.setImage(name, data, width, height + 1), /^Error: rgba must have \d+ bytes for/);
});

test('models by their files in Node', async () => {
  const wxnn = require('../..');
  for (const id of ['short', 'tfjs-front']) {
    const directory = path.join(ROOT, '.cache/models', id);
    const file = ['model.tflite', 'model.json'].map((name) => path.join(directory, name)).find((name) => fs.existsSync(name));
    const model = await wxnn.loadModel(file);
    const [{ shape }] = model.inputs;
    const outputs = model.run(new Float32Array(shape.reduce((product, n) => product * Math.abs(n), 1)));
    for (const { data } of Object.values(outputs)) assert.ok(data.every(Number.isFinite));
    const times = model.profile();
    assert.deepEqual(Object.keys(times[0]).sort(), ['ms', 'node', 'op', 'runs']);
    assert.ok(times.length > 20 && times.every(({ ms, runs }) => ms >= 0 && runs === 1));
    model.dispose();
  }
});
