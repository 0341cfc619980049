'use strict';
// Real models on real photos: our engine's raw outputs against an outside runtime's, the faces they mean, and the same bits from both
// builds.

const test = require('node:test');
const assert = require('node:assert/strict');
const { loadModel } = require('../..');
const { referenceOutputs, fetchedFile } = require('../reference/index.js');
const litert = require('../reference/litert_chromium.js');
const { SIGNED, UNIT, readPhoto, letterboxArea, letterboxRegion } = require('../reference/photo.js');
const { DETECTORS, facesOf, overlap } = require('../reference/faces.js');

const PHOTOS = ['sample1.jpg', 'sample2.jpg', 'sample3.jpg', 'sample4.jpg'];
const MODELS = {
  short: { size: 128, range: SIGNED }, full: { size: 192, range: SIGNED }, 'full-sparse': { size: 192, range: SIGNED },
  mesh: { size: 192, range: UNIT }, 'tfjs-front': { size: 128, range: SIGNED }, 'tfjs-back': { size: 256, range: SIGNED },
  'tfjs-mesh': { size: 192, range: UNIT },
};

test.after(() => litert.close());

const inputOf = async (photo, { size, range }) => letterboxArea(await readPhoto(fetchedFile('photos', photo)), size, range);

/** Largest difference over the reference's largest magnitude. */
function difference(ours, reference) {
  let largest = 0, worst = 0;
  reference.forEach((value, i) => {
    largest = Math.max(largest, Math.abs(value));
    worst = Math.max(worst, Math.abs(value - ours[i]));
  });
  return worst / largest;
}

for (const id of Object.keys(MODELS)) {
  test(`${id}: raw outputs agree with ${id.startsWith('tfjs') ? 'tfjs-backend-cpu' : 'LiteRT'}, and bit for bit between the builds`, async () => {
    const [simd, plain] = await Promise.all(['simd', 'plain'].map((variant) => loadModel(fetchedFile(id), { variant })));
    for (const photo of PHOTOS) {
      const input = await inputOf(photo, MODELS[id]);
      const reference = await referenceOutputs({ model: id, input });
      const outputs = simd.run(input), others = plain.run(input);
      assert.deepEqual(Object.keys(outputs).length, reference.length);
      reference.forEach(({ name, shape, data }, i) => {
        const { data: ours, shape: oursShape } = Object.values(outputs)[i];
        assert.equal(ours.length, data.length, `${name} ${shape} is ${oursShape} here`);
        const off = difference(ours, data);
        assert.ok(off <= 1e-4, `${photo}, ${name}: off by ${off}`);
      });
      for (const [name, { data }] of Object.entries(outputs)) {
        assert.ok(Buffer.from(data.buffer).equals(Buffer.from(others[name].data.buffer)), `${photo}, ${name}: plain and SIMD differ`);
      }
      if (!DETECTORS[id]) continue;
      const region = letterboxRegion(await readPhoto(fetchedFile('photos', photo)));
      const named = Object.entries(outputs).map(([name, { data, shape }]) => ({ name, shape, data }));
      const wanted = facesOf(reference, DETECTORS[id], region), found = facesOf(named, DETECTORS[id], region);
      assert.equal(found.length, wanted.length, photo);
      found.forEach(({ box }, i) => assert.ok(overlap(box, wanted[i].box) > 0.99, `${photo}, face ${i}`));
    }
    simd.dispose();
    plain.dispose();
  });
}

test('1,000 runs leave the heap as it was', async () => {
  const model = await loadModel(fetchedFile('full'), { variant: 'simd' });
  const input = await inputOf(PHOTOS[0], MODELS.full);
  model.run(input);
  const { heap } = model.memory();
  for (let i = 0; i < 1000; i++) model.run(input, { views: true });
  assert.equal(model.memory().heap, heap);
  model.dispose();
});
