'use strict';
// The backend as an application sees it: faults that tfjs-backend-wasm has, bad input, memory that comes back.

const assert = require('node:assert/strict');
const path = require('node:path');
const { after, before, test } = require('node:test');
const { install, prepare } = require('../conformance/one_core.js');

// With gradients, which the npm package's bundle for Node leaves out.
const { dist } = prepare(4);
const tf = install(4, dist);
require(path.join(dist, 'register_all_gradients'));
require('@tensorflow/tfjs-backend-cpu');
const wxnn = require('../..');

const seed = Number(process.env.WXNN_SEED || Date.now() % 1e9);

/** Whole numbers below n, from the seed alone. */
function random() {
  let state = seed >>> 0;
  return (n) => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return (state >>> 8) % n;
  };
}

before(async () => {
  wxnn.registerBackend(tf);
  assert.ok(await tf.setBackend('wasm'));
});
after(() => tf.removeBackend('wasm'));

const ran = (kernel) => ({ engine: 0, cpu: 0, ...wxnn.kernelReport(tf).ran[kernel] });

test('what tfjs-backend-wasm gets wrong', () => {
  const ones = tf.ones([1, 8, 8, 1]);
  assert.deepEqual([...tf.conv2d(ones, tf.ones([1, 1, 1, 1]), 3, 'same').dataSync()], Array(9).fill(1), 'stride > filter');
  assert.deepEqual([...tf.cast(tf.tensor1d([1, 3, 0, -1]), 'bool').dataSync()], [1, 1, 0, 1]);
  assert.deepEqual([...tf.cast(tf.tensor1d([256, 0], 'int32'), 'bool').dataSync()], [1, 0]);
  assert.deepEqual([...tf.matMul(tf.tensor2d([1, 2, 3, 4], [2, 2], 'int32'), tf.tensor2d([5, 6, 7, 8], [2, 2], 'int32')).dataSync()], [19, 22, 43, 50]);
  assert.deepEqual([...tf.cumsum(tf.tensor1d([1, 2, 3], 'int32'), 0, true, true).dataSync()], [5, 3, 0]);
  assert.ok(Number.isNaN(tf.clipByValue(tf.tensor1d([NaN]), 0, 1).dataSync()[0]));
  assert.throws(() => tf.slice(tf.ones([2, 2]), [0, 0], [3, 1]));
  assert.deepEqual([...tf.avgPool(ones, 1, 3, 'same').dataSync()], Array(9).fill(1));
  for (const kernel of ['Conv2D', 'Cast', 'BatchMatMul', 'Cumsum', 'ClipByValue']) assert.equal(ran(kernel).cpu, 0, `${kernel} is the engine's`);
});

test('a call that comes again gives what its own inputs and attributes say', (t) => {
  t.diagnostic(`seed ${seed}`);
  const next = random();
  const sides = [1, 3, 4];
  const begin = [0, 0], size = [1, 1];  // the caller's lists, written anew for every call
  const images = sides.map((side) => Float32Array.from({ length: side * side }, () => next(100) - 50));
  const filters = [2, -3, 5].map((value) => tf.tensor4d([value], [1, 1, 1, 1]));
  for (let i = 0; i < 3000; i++) {
    tf.tidy(() => {
      const which = next(3), side = sides[which], values = images[which], at = next(side), alpha = [0.1, 0.5, NaN][next(3)];
      const x = tf.tensor2d(values, [side, side]);
      begin[0] = at;
      begin[1] = next(side);
      size[1] = side - begin[1];
      assert.deepEqual([...tf.slice(x, begin, size).dataSync()], [...values.slice(at * side + begin[1], (at + 1) * side)]);
      const bent = tf.leakyRelu(x, alpha).dataSync();
      values.forEach((value, k) => assert.ok(Object.is(bent[k], value < 0 ? Math.fround(Math.fround(alpha) * value) : value), `${bent[k]}, ${value} * ${alpha}`));
      const filter = next(10) ? filters[next(3)] : tf.tensor4d([7], [1, 1, 1, 1]);
      const factor = filter.dataSync()[0];
      assert.deepEqual([...tf.conv2d(tf.reshape(x, [1, side, side, 1]), filter, 1, 'same').dataSync()].map((v) => v + 0), [...values].map((v) => v * factor + 0));
      const whole = tf.cast(x, 'int32');
      assert.deepEqual([...tf.add(whole, whole).dataSync(), ...tf.add(x, tf.scalar(1)).dataSync()], [...values].map((v) => 2 * v).concat([...values].map((v) => v + 1)));
    });
  }
  tf.dispose(filters);
});

/** What tf.browser asks of a canvas with a 2d context. */
function fakeCanvas(width, height, data = new Uint8ClampedArray(width * height * 4)) {
  const canvas = {
    width, height, data,
    getContext: (type) => (type !== '2d' ? null : {
      getImageData: () => ({ data: canvas.data }),
      createImageData: (w, h) => ({ data: new Uint8ClampedArray(w * h * 4) }),
      putImageData: (picture) => { canvas.data = picture.data; },
    }),
  };
  return canvas;
}

test('pictures become tensors and tensors pictures', () => {
  const next = random();
  const [width, height] = [5, 3];
  const data = Uint8Array.from({ length: width * height * 4 }, () => next(256));
  const rgb = [...data].filter((_, i) => i % 4 !== 3);
  const start = tf.memory().numDataBuffers;
  for (const pixels of [{ data, width, height }, fakeCanvas(width, height, Uint8ClampedArray.from(data))]) {
    const x = tf.browser.fromPixels(/** @type {any} */ (pixels));
    assert.deepEqual([x.shape, x.dtype, [...x.dataSync()]], [[height, width, 3], 'int32', rgb]);
    const all = tf.browser.fromPixels(/** @type {any} */ (pixels), 4);
    assert.deepEqual([...all.dataSync()], [...data]);
    const canvas = fakeCanvas(1, 1);
    tf.browser.draw(/** @type {any} */ (all), /** @type {any} */ (canvas));
    assert.deepEqual([canvas.width, canvas.height, [...canvas.data]], [width, height, [...data]]);
    const half = tf.div(x, 255);
    tf.browser.draw(/** @type {any} */ (half), /** @type {any} */ (canvas), { imageOptions: { alpha: 0.5 } });
    assert.deepEqual([...canvas.data], [...data].map((value, i) => (i % 4 === 3 ? 128 : value)));
    tf.dispose([x, all, half]);
  }
  const grey = fakeCanvas(1, 1);
  tf.tidy(() => tf.browser.draw(tf.tensor2d([0, 0.5, 1, 0.25], [2, 2]), /** @type {any} */ (grey)));
  assert.deepEqual([...grey.data], [0, 128, 255, 64].flatMap((v) => [v, v, v, 255]));
  assert.throws(() => tf.browser.fromPixels({ data: data.slice(4), width, height }), /a picture of 5 x 3 pixels has 60 bytes; this has 56/);
  assert.throws(() => tf.tidy(() => tf.browser.draw(tf.tensor2d([2], [1, 1]), /** @type {any} */ (grey))), /must be in the range \[0 - 1\] but encountered 2/);
  assert.equal(tf.memory().numDataBuffers, start);
  assert.ok(ran('FromPixels').engine === 4 && ran('FromPixels').cpu === 0 && ran('Draw').cpu === 0);
});

test('images with channels first run in the engine', () => {
  const next = random();
  const image = tf.tensor4d(Float32Array.from({ length: 2 * 3 * 5 * 7 }, () => next(9) - 4), [2, 3, 5, 7]);
  const filter = tf.tensor4d(Float32Array.from({ length: 3 * 3 * 3 * 4 }, () => next(9) - 4), [3, 3, 3, 4]);
  const before = ran('Conv2D');
  const first = tf.conv2d(image, filter, [2, 1], 'same', 'NCHW');
  const last = tf.transpose(tf.conv2d(tf.transpose(image, [0, 2, 3, 1]), filter, [2, 1], 'same'), [0, 3, 1, 2]);
  assert.deepEqual(first.shape, [2, 4, 3, 7]);
  assert.deepEqual([...first.dataSync()], [...last.dataSync()]);
  assert.deepEqual(ran('Conv2D'), { ...before, engine: before.engine + 2 });
});

test('complex and string tensors, and gradients', () => {
  const start = tf.memory();
  tf.tidy(() => {
    const c = tf.complex([3, 0], [4, -2]);
    assert.deepEqual([...tf.abs(c).dataSync()], [5, 2]);
    assert.deepEqual([...tf.imag(c).dataSync()], [4, -2]);
    assert.deepEqual([...tf.ifft(tf.fft(c)).dataSync()].map(Math.round), [3, 4, 0, -2]);
    assert.deepEqual(tf.stack([tf.tensor1d(['a', 'ü'])]).arraySync(), [['a', 'ü']]);
    const grad = tf.grad((x) => tf.sum(tf.mul(tf.conv2d(x, tf.ones([2, 2, 1, 1]), 1, 'valid'), 3)));
    assert.deepEqual([...grad(tf.ones([1, 3, 3, 1])).dataSync()], [3, 6, 3, 6, 12, 6, 3, 6, 3]);
  });
  const end = tf.memory();
  assert.deepEqual([end.numTensors, end.numDataBuffers, end.numBytesLive], [start.numTensors, start.numDataBuffers, start.numBytesLive]);
});

test('training moves a weight to where it belongs', () => {
  const x = tf.tensor2d([1, 2, 3, 4], [4, 1]);
  const y = tf.tensor2d([2, 4, 6, 8], [4, 1]);
  const w = tf.variable(tf.tensor2d([0], [1, 1]));
  const optimizer = tf.train.sgd(0.02);
  for (let i = 0; i < 200; i++) optimizer.minimize(() => tf.losses.meanSquaredError(y, tf.matMul(x, w)));
  assert.ok(Math.abs(w.dataSync()[0] - 2) < 1e-3);
  tf.dispose([x, y, w]);
});

test('a weight that is disposed takes its packed form along', () => {
  const image = tf.ones([1, 4, 4, 8]);
  for (let i = 1; i <= 50; i++) {
    tf.tidy(() => {
      const filter = tf.fill([1, 1, 8, 2], i);  // likely where the last one was
      const y = tf.conv2d(image, filter, 1, 'valid').dataSync();
      assert.ok(y.every((v) => v === 8 * i), `${y[0]} in round ${i}`);
    });
  }
});

test('freed memory is used again: 10,000 steps of varying shapes', { timeout: 120000 }, (t) => {
  t.diagnostic(`seed ${seed}`);
  const next = random();
  const live = () => /** @type {any} */ (tf.memory()).numBytesLive;
  const start = live();
  let peak = 0;
  for (let i = 0; i < 10000; i++) {
    tf.tidy(() => {
      const x = tf.fill([1, 8 + next(100), 8 + next(100), 1 + next(24)], 0.5);  // up to some 7 MB at once: the heap starts with 4
      const y = tf.concat([x, tf.add(tf.mul(x, 2), 1)], 3);
      const padded = tf.pad(y, [[0, 0], [1, 1], [1, 1], [0, 0]]);
      tf.sum(tf.reshape(padded, [-1]));
      peak = Math.max(peak, live());
    });
  }
  const { numBytesInHeap } = /** @type {any} */ (tf.memory());
  t.diagnostic(`heap ${numBytesInHeap}, peak of live bytes ${peak}: ${(numBytesInHeap / peak).toFixed(3)}`);
  assert.equal(live(), start);
  assert.ok(numBytesInHeap <= 1.2 * peak, `${numBytesInHeap} bytes of heap, ${peak} at most in use`);
});

test('bad input is a sentence, and the next call works', async () => {
  const works = () => assert.deepEqual([...tf.add([1], [2]).dataSync()], [3]);
  assert.throws(() => wxnn.registerBackend(tf), /tfjs has a backend "wasm" already/);
  assert.throws(() => wxnn.registerBackend({}), /tf must be the @tensorflow\/tfjs-core module/);
  assert.throws(() => wxnn.registerBackend(tf, /** @type {any} */ ({ nmae: 'x' })), /has no "nmae"/);
  class Old { }
  assert.throws(() => wxnn.registerBackend({ ...tf, version_core: '2.8.6', KernelBackend: Old }), /tfjs-core is 2\.8\.6; wxnn needs 3\.1/);
  works();
  assert.throws(() => tf.zeros([60000, 60000]), /memory/);
  works();
  assert.throws(() => tf.tile(tf.zeros([40000]), [40000]), /memory/);
  works();
  assert.throws(() => tf.conv2d(tf.ones([1, 4, 4, 3]), tf.ones([1, 1, 2, 1]), 1, 'same'), /depth of input/);
  works();
});

test('a tensor of a second copy of tfjs-core ends in a sentence', () => {
  // Copies in one realm share tfjs's engine; a plugin and its host may have one each, whose tensors the other does not know.
  const stranger = Object.assign(Object.create(tf.Tensor.prototype), { dataId: {}, id: -1, shape: [1], size: 1, dtype: 'float32', strides: [], rankType: '1', kept: false, isDisposedInternal: false });
  assert.throws(() => tf.add(stranger, 1), /a tensor is unknown to this TensorFlow\.js: it was disposed, or a second copy of tfjs-core made it/);
  assert.deepEqual([...tf.add([1], 1).dataSync()], [2]);
});

test('a disposed backend: its tensors end in a sentence, a new one works', async () => {
  const x = tf.tensor1d([1, 2]);
  tf.removeBackend('wasm');
  wxnn.registerBackend(tf);
  await tf.setBackend('wasm');
  assert.throws(() => tf.add(x, 1).dataSync(), /backend was disposed/);
  assert.deepEqual([...tf.add([1], 1).dataSync()], [2]);
});

test('tf.profile says who computed what', async () => {
  const { kernels } = await tf.profile(() => tf.tidy(() => tf.real(tf.fft(tf.complex([1, 2], [0, 0])))));
  const by = Object.fromEntries(await Promise.all(kernels.map(async ({ name, extraInfo }) => [name, await extraInfo])));
  assert.equal(by.FFT, 'cpu');
  assert.equal(by.Real, 'engine');
});

test('tensors move to another backend and back', async () => {
  const x = tf.tensor1d([1, 2, 3]);
  await tf.setBackend('cpu');
  const y = tf.square(x);
  await tf.setBackend('wasm');
  assert.deepEqual([...tf.add(x, y).dataSync()], [2, 6, 12]);
  tf.dispose([x, y]);
});
