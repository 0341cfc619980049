'use strict';
// The reference itself: what outside runtimes and the plain-loops decoding say about the four photos.

const test = require('node:test');
const assert = require('node:assert/strict');
const fc = require('fast-check');
const { referenceOutputs, fetchedFile } = require('./index.js');
const litert = require('./litert_chromium.js');
const { SIGNED, UNIT, readPhoto, letterbox, letterboxArea, letterboxRegion, crop, toPicture } = require('./photo.js');
const { DETECTORS, anchorsOf, gatherOutputs, decode, facesOf, suppress, overlap, meshRegion, meshOf } = require('./faces.js');
const PHOTO_FACES = require('./photo_faces.json');

const PHOTOS = Object.keys(PHOTO_FACES);
const photo = (name) => readPhoto(fetchedFile('photos', name));

/** Faces that a detector finds on a photo, with smoothed downscaling. */
async function detect(id, name) {
  const rgba = await photo(name);
  const outputs = await referenceOutputs({ model: id, input: letterboxArea(rgba, DETECTORS[id].size, SIGNED) });
  return facesOf(outputs, DETECTORS[id], letterboxRegion(rgba));
}

test.after(() => litert.close());

for (const id of ['full', 'full-sparse', 'tfjs-back']) {
  for (const name of PHOTOS) {
    test(`${id} finds every face of ${name} and nothing else`, async () => {
      const faces = await detect(id, name);
      assert.equal(faces.length, PHOTO_FACES[name].length);
      for (const known of PHOTO_FACES[name]) {
        assert.equal(faces.filter((f) => overlap(f.box, known.box) > 0.5).length, 1, `no single face at ${known.box}`);
      }
    });
  }
}

test('the short-range detector says the same as .tflite and as tfjs model', async () => {
  const rgba = await photo(PHOTOS[0]);
  const input = letterboxArea(rgba, 128, SIGNED);
  const [a, b] = await Promise.all(['short', 'tfjs-front'].map(async (model) => gatherOutputs(await referenceOutputs({ model, input }))));
  for (const part of ['scores', 'boxes']) {
    a[part].forEach((value, i) => assert.ok(Math.abs(value - b[part][i]) <= 1e-4 * (1 + Math.abs(value)), `${part}[${i}]: ${value} and ${b[part][i]}`));
  }
});

test('the mesh says the same as .tflite and as tfjs model, and puts the eyes where the detectors do', async () => {
  for (const name of PHOTOS) {
    const rgba = await photo(name);
    for (const { box, eyes } of PHOTO_FACES[name]) {
      const region = meshRegion({ score: 1, box, keypoints: eyes });
      const input = crop(rgba, region, 192, { ...UNIT, border: 'clamp' });
      const tflite = meshOf(await referenceOutputs({ model: 'mesh', input }), region, { scoreIsLogit: true });
      const tfjs = meshOf(await referenceOutputs({ model: 'tfjs-mesh', input }), region, { scoreIsLogit: false });
      assert.ok(tflite.score > 0.8 && Math.abs(tflite.score - tfjs.score) < 1e-4, `${name}: presence ${tflite.score} and ${tfjs.score}`);
      tflite.mesh.forEach((value, i) => assert.ok(Math.abs(value - tfjs.mesh[i]) < 0.01));
      [[33, 133], [362, 263]].forEach(([a, b], eye) => {
        const middle = [0, 1].map((c) => (tflite.mesh[a * 3 + c] + tflite.mesh[b * 3 + c]) / 2);
        const distance = Math.hypot(middle[0] - eyes[eye][0], middle[1] - eyes[eye][1]);
        assert.ok(distance < 0.2 * (box[2] - box[0]), `${name}: eye ${eye} is ${distance} pixels off`);
      });
    }
  }
});

test('anchors are as many as the outputs', () => {
  const counts = Object.fromEntries(Object.entries(DETECTORS).map(([id, d]) => [id, anchorsOf(d).length]));
  assert.deepEqual(counts, { short: 896, full: 2304, 'full-sparse': 2304, 'tfjs-front': 896, 'tfjs-back': 896 });
});

test('a picture as large as the tensor passes through both letterboxes unchanged; bars are black', () => {
  const data = Uint8Array.from({ length: 8 * 4 * 4 }, (_, i) => (i * 37) % 256);
  for (const resize of [letterbox, letterboxArea]) {
    const tensor = resize({ data, width: 8, height: 4 }, 8, SIGNED);
    for (let row = 0; row < 8; row++) {
      for (let i = 0; i < 24; i++) {
        const inside = row >= 2 && row < 6;
        const expected = inside ? data[((row - 2) * 8 + Math.floor(i / 3)) * 4 + (i % 3)] / 127.5 - 1 : -1;
        assert.ok(Math.abs(tensor[row * 24 + i] - expected) < 1e-6);
      }
    }
  }
});

test('a quarter turn of the region is clockwise in the picture', () => {
  const region = { x: 10, y: 20, width: 4, height: 4, rotation: Math.PI / 2 };
  const [x, y] = toPicture(region, 1, 0.5);
  assert.ok(Math.abs(x - 10) < 1e-9 && Math.abs(y - 22) < 1e-9);
});

test('a score that is no number and a box that is none are no face', () => {
  const outputs = [
    { name: 'scores', shape: [1, 2304, 1], data: new Float32Array(2304).fill(-200) },
    { name: 'boxes', shape: [1, 2304, 16], data: new Float32Array(2304 * 16) },
  ];
  outputs[0].data[3] = NaN;
  outputs[0].data[5] = 200;
  outputs[1].data[5 * 16 + 2] = Infinity;
  assert.deepEqual(decode(outputs, DETECTORS.full, 0.5), []);
});

test('suppression keeps the best score, never grows, and ends with faces apart from the best one left', () => {
  const face = fc.record({
    score: fc.float({ min: 0.5, max: 1, noNaN: true }),
    corner: fc.tuple(fc.float({ min: 0, max: 1, noNaN: true }), fc.float({ min: 0, max: 1, noNaN: true })),
    side: fc.float({ min: 0, max: 0.5, noNaN: true }),
  }).map(({ score, corner: [x, y], side }) => ({ score, box: [x, y, x + side, y + side], keypoints: Array(6).fill([x, y]) }));
  fc.assert(fc.property(fc.array(face, { maxLength: 20 }), (faces) => {
    const kept = suppress(faces, 0.3);
    assert.ok(kept.length <= faces.length && (faces.length === 0) === (kept.length === 0));
    const best = Math.max(...faces.map((f) => f.score));
    if (kept.length) assert.equal(kept[0].score, best);
    kept.forEach((f, i) => assert.ok(i === 0 || f.score <= kept[i - 1].score));
  }));
});
