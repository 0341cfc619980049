'use strict';
// Choosing a backend and losing it, with the real tfjs-backend-webgl on a software GL in headless Chromium. The right answer is
// what our engine gives in a program of its own, which tests/reference compares with outside runtimes.

const assert = require('node:assert/strict');
const test = require('node:test');
const { openBrowser } = require('./page.js');

const NEAR = 1e-3;  // of the largest value: float32 on two engines
let browser;

test.before(async () => { browser = await openBrowser(); }, { timeout: 60000 });
test.after(() => browser.close());

/** Runs `work` on a fresh page with `argument`. */
async function onPage(options, work, argument) {
  const page = await browser.open(options);
  try {
    return await page.evaluate(work, argument);
  } finally {
    await page.close();
  }
}

test('configPlugin: WebGL whose numbers are right is a candidate, registered as tfjs-wechat does', async () => {
  const result = await onPage({}, async () => {
    const { tf, webgl, cpu } = window.tfjs;
    const choice = await window.wxnn.configPlugin({ tf, webgl, cpu, canvas: window.makeCanvas() });
    const kernels = tf.getKernelsForBackend('wechat-webgl').length;
    return { choice, kernels, all: tf.getKernelsForBackend('webgl').length, backend: tf.getBackend(), sum: tf.sum(tf.tensor([1, 2, 3])).dataSync()[0], encoded: [...tf.util.encodeString('é')], btoa: tf.env().global.btoa('ab') };
  });
  assert.equal(result.backend, result.choice.backend);
  assert.equal(result.sum, 6);
  assert.equal(result.kernels, result.all);
  assert.deepEqual(result.encoded, [0xc3, 0xa9]);
  assert.ok(result.choice.measured.some(({ backend }) => backend === 'wechat-webgl') || result.choice.reasons.some((reason) => /only one/.test(reason)), result.choice.reasons.join('; '));
});

const FAULTS = [
  ['absent', /not WebGL: no WebGL: the canvas gives no context/],
  ['noFloat', /not WebGL: WebGL without float textures \(OES_texture_float\)/],
  ['zeros', /not WebGL: it computes zeros/],
  ['half', /not WebGL: its numbers are wrong by up to 0\.\d+% \(half precision is at 0\.05%\)/],
];
for (const [fault, reason] of FAULTS) {
  test(`configPlugin: a WebGL that is ${fault} is not used, and why is said`, async () => {
    const { choice, sum } = await onPage({}, async (kind) => {
      const { tf, webgl, cpu } = window.tfjs;
      const chosen = await window.wxnn.configPlugin({ tf, webgl, cpu, canvas: window.makeCanvas(kind) });
      return { choice: chosen, sum: tf.sum(tf.tensor([1, 2, 3])).dataSync()[0] };
    }, fault);
    assert.match(choice.reasons.join('\n'), reason);
    assert.notEqual(choice.backend, 'wechat-webgl');
    assert.equal(sum, 6);
  });
}

test('configPlugin again: the same canvas keeps the backend, a lost or another canvas makes a new one', async () => {
  const result = await onPage({}, async () => {
    const { tf, webgl, cpu } = window.tfjs;
    const first = window.makeCanvas();
    const options = { tf, webgl, cpu, canvas: first, prefer: 'webgl' };
    await window.wxnn.configPlugin(options);
    const before = tf.backend();
    await window.wxnn.configPlugin(options);
    const same = tf.backend() === before;
    window.program.contexts[0].getExtension('WEBGL_lose_context').loseContext();
    await new Promise((resolve) => setTimeout(resolve, 50));
    const { backend } = await window.wxnn.configPlugin({ ...options, canvas: window.makeCanvas() });
    return { same, renewed: tf.backend() !== before, backend, sum: tf.matMul(tf.tensor([[1, 2]]), tf.tensor([[3], [4]])).dataSync()[0] };
  });
  assert.deepEqual(result, { same: true, renewed: true, backend: 'wechat-webgl', sum: 11 });
});

/** Runs BlazeFace by chooseBackend on WebGL; `trouble` is put into the context before the second run. */
function chosenOnWebgl(trouble, options = {}) {
  return onPage(options, async (fault) => {
    const { tf, webgl, cpu, converter } = window.tfjs;
    const source = await window.readModel('tfjs-front');
    const expected = async (seed) => {
      const model = await window.wxnn.loadModel(source);
      const outputs = model.run(window.sampleInput(seed));
      model.dispose();
      return outputs;
    };
    await window.wxnn.configPlugin({ tf, webgl, cpu, converter, canvas: window.makeCanvas(), prefer: 'webgl' });
    const model = await window.wxnn.chooseBackend(source, { prefer: 'webgl' });
    const told = [];
    model.onNotice = (notice) => told.push(notice);
    const errors = [];
    const backends = [];
    for (let frame = 1; frame <= 3; frame++) {
      const [gl] = window.program.contexts;
      if (frame === 2 && fault === 'lost') gl.loseAfter = 20;
      else if (frame === 2) gl.faultNow = fault;
      const input = window.sampleInput(frame);
      const running = model.runAsync({ [model.inputs[0].name]: input });
      input.fill(7);  // the client fills its buffer with the next frame
      errors.push(window.differenceOf(await running, await expected(frame)));
      backends.push(model.backend);
    }
    return { errors, backends, notices: model.notices, told, tensors: tf.memory().numTensors };
  }, trouble);
}

for (const [trouble, words] of [['lost', /the WebGL context was lost|context|webgl/i], ['zeros', /it computes zeros/], ['nan', /it gave NaN/]]) {
  test(`chooseBackend: WebGL that fails while it runs (${trouble}) loses no frame`, async () => {
    const { errors, backends, notices, told } = await chosenOnWebgl(trouble);
    assert.ok(errors.every((error) => error < NEAR), errors.join());
    assert.equal(backends[0], 'wechat-webgl');
    assert.deepEqual(backends.slice(1), ['wasm', 'wasm']);
    assert.equal(notices.length, 1);
    assert.match(notices[0], words);
    assert.deepEqual(told, notices);
  });
}

test('chooseBackend: measured with the model, compared with the engine, remembered', async () => {
  const { first, second, storage } = await onPage({}, async () => {
    const { tf, webgl, cpu, converter } = window.tfjs;
    const source = await window.readModel('tfjs-front');
    await window.wxnn.configPlugin({ tf, webgl, cpu, converter, canvas: window.makeCanvas() });
    const one = await window.wxnn.chooseBackend(source);
    const two = await window.wxnn.chooseBackend(source);
    const plain = ({ backend, reasons, measured, variant }) => ({ backend, reasons, measured, variant });
    return { first: plain(one), second: plain(two), storage: window.program.storage };
  });
  assert.ok(first.measured.length >= 1 && first.measured[0].backend === 'wasm');
  assert.equal(second.measured.length, 0);
  assert.equal(second.backend, first.backend);
  assert.match(second.reasons.join('\n'), /was the fastest for this model here before/);
  assert.ok(Object.keys(storage).some((key) => /^wxnn\|.*model given$/.test(key)), Object.keys(storage).join());
});

test('chooseBackend: the engine\'s trap starts it anew; a second one ends on the next backend', async () => {
  const { errors, backends, notices } = await onPage({ traps: true }, async () => {
    const { tf, webgl, cpu, converter } = window.tfjs;
    const source = await window.readModel('tfjs-front');
    await window.wxnn.configPlugin({ tf, webgl, cpu, converter, canvas: window.makeCanvas() });
    const right = await window.wxnn.loadModel(source, { variant: 'plain' });
    const answers = [1, 2, 3].map((frame) => right.run(window.sampleInput(frame)));
    const model = await window.wxnn.chooseBackend(source, { prefer: 'wasm', variant: 'simd', wasmPath: '/wasm/' });
    const result = { errors: [], backends: [], notices: model.notices };
    for (let frame = 1; frame <= 3; frame++) {
      window.program.wasmTrap = frame > 1 ? 1 : 0;  // the next run of the engine
      const input = window.sampleInput(frame);
      result.errors.push(window.differenceOf(await model.runAsync({ [model.inputs[0].name]: input }), answers[frame - 1]));
      result.backends.push(model.backend);
    }
    return result;
  });
  assert.ok(errors.every((error) => error < NEAR), errors.join());
  assert.deepEqual(backends.slice(0, 2), ['wasm', 'wasm']);
  assert.notEqual(backends[2], 'wasm');
  assert.match(notices[0], /^wasm failed \(.*unreachable.*\): started anew$/);
});

/** Runs a .tflite of the models on WebGL as a list of kernel calls, frame by frame; `trouble` before the second. */
function listedOnWebgl(id, size, trouble, frames) {
  return onPage({}, async ({ file, count, fault, last }) => {
    const { tf, webgl, cpu } = window.tfjs;  // no converter
    await window.wxnn.configPlugin({ tf, webgl, cpu, canvas: window.makeCanvas() });
    const engine = await window.wxnn.loadModel(file);
    const model = await window.wxnn.loadModel(file, { backend: 'webgl' });
    const tensors = tf.memory().numTensors;
    const errors = [], backends = [];
    for (let frame = 1; frame <= last; frame++) {
      const input = window.sampleInput(frame, count);
      const [gl] = window.program.contexts;
      if (frame === 3 && fault === 'lost') gl.loseAfter = 20;
      if (frame === 3 && fault === 'slow') gl.slow = 30;
      errors.push(window.differenceOf(await model.runAsync(input), engine.run(input)));
      backends.push(model.backend.name);
    }
    const grown = tf.memory().numTensors - tensors;
    model.dispose();
    return { errors, backends, grown, reasons: model.backend.reasons };
  }, { file: `/models/${id}/model.tflite`, count: size * size * 3, fault: trouble, last: frames });
}

for (const [id, size] of [['short', 128], ['mesh', 192], ['selfie', 256]]) {
  test(`loadModel on WebGL: ${id}, a .tflite, as kernel calls gives the engine's numbers`, async () => {
    const { errors, backends, grown, reasons } = await listedOnWebgl(id, size, '', 2);
    assert.deepEqual(backends, ['wechat-webgl', 'wechat-webgl'], reasons.join('; '));
    assert.ok(errors.every((error) => error < NEAR), errors.join());
    assert.equal(grown, 0, 'runs leave no tensors behind');
  });
}

test('loadModel on WebGL: a context that is lost in the middle of a run loses no frame', async () => {
  const { errors, backends, reasons } = await listedOnWebgl('short', 128, 'lost', 4);
  assert.deepEqual(backends, ['wechat-webgl', 'wechat-webgl', 'wasm', 'wasm'], reasons.join('; '));
  assert.ok(errors.every((error) => error < NEAR), errors.join());
  assert.match(reasons[reasons.length - 1], /^wechat-webgl failed \(.*\): wasm goes on$/);
});

test('loadModel on WebGL that turned slow: the frame after the third slow one runs on the engine', async () => {
  const { errors, backends, reasons } = await listedOnWebgl('short', 128, 'slow', 7);
  assert.deepEqual(backends, ['wechat-webgl', 'wechat-webgl', 'wechat-webgl', 'wechat-webgl', 'wechat-webgl', 'wasm', 'wasm'], reasons.join('; '));
  assert.ok(errors.every((error) => error < NEAR), errors.join());
  assert.match(reasons[reasons.length - 1], /^wechat-webgl takes \d+ ms by now, where it took \d+: wasm goes on$/);
});

test('tf.browser on our backend: canvases, images and ImageData of a real browser', async () => {
  const { found, drawn } = await onPage({}, async () => {
    const { tf, cpu } = window.tfjs;
    await window.wxnn.configPlugin({ tf, cpu, prefer: 'wasm' });
    const canvas = document.createElement('canvas');
    [canvas.width, canvas.height] = [4, 2];
    const context = canvas.getContext('2d');
    const picture = context.createImageData(4, 2);
    picture.data.set(Array.from({ length: 32 }, (_, i) => (i % 4 === 3 ? 255 : (i * 7) % 256)));
    context.putImageData(picture, 0, 0);
    const off = new OffscreenCanvas(4, 2);
    off.getContext('2d').putImageData(picture, 0, 0);
    const image = new Image();
    image.src = canvas.toDataURL();
    await image.decode();
    const tensors = [canvas, off, picture, image, await createImageBitmap(canvas)].map((source) => tf.browser.fromPixels(source, 4));
    const target = document.createElement('canvas');
    tf.browser.draw(tensors[0], target);
    const pixels = [...target.getContext('2d').getImageData(0, 0, 4, 2).data];
    return { found: tensors.map((tensor) => [...tensor.dataSync()]), drawn: pixels };
  });
  const expected = Array.from({ length: 32 }, (_, i) => (i % 4 === 3 ? 255 : (i * 7) % 256));
  for (const numbers of [...found, drawn]) assert.deepEqual(numbers, expected);
});

test('no WXWebAssembly: plain JavaScript runs a model.json, with a notice; a .tflite is refused in a sentence', async () => {
  const { backend, reasons, error, refused } = await onPage({ noWXWebAssembly: true }, async () => {
    const { tf, cpu, converter } = window.tfjs;
    const source = await window.readModel('tfjs-front');
    await window.wxnn.configPlugin({ tf, cpu, converter });
    const model = await window.wxnn.chooseBackend(source);
    const input = window.sampleInput(1);
    const outputs = await model.runAsync({ [model.inputs[0].name]: input });
    await tf.setBackend('cpu');
    const graph = await converter.loadGraphModel({ load: async () => ({ ...source.model, weightSpecs: source.model.weightsManifest.flatMap(({ weights }) => weights), weightData: await new Blob(source.weights).arrayBuffer() }) });
    const right = graph.execute(tf.tensor(input, [1, 128, 128, 3]), Object.keys(outputs));
    const expected = Object.fromEntries(Object.keys(outputs).map((name, i) => [name, { data: [...[].concat(right)[i].dataSync()] }]));
    const refusal = await window.wxnn.chooseBackend('/models/short/model.tflite').catch(({ message }) => message);
    return { backend: model.backend, reasons: model.reasons, error: window.differenceOf(outputs, expected), refused: refusal };
  });
  assert.equal(backend, 'cpu');
  assert.match(reasons.join('\n'), /this WeChat client has no WXWebAssembly/);
  assert.ok(error < NEAR, String(error));
  assert.match(refused, /^no backend can run this model: .*not cpu: the engine cannot start: this WeChat client has no WXWebAssembly/);
});
