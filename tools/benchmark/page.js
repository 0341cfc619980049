// The peers in a page of Chromium. tools/bench bundles this; `open` and `ask` are what it calls.
import {openOnnxruntime} from './onnxruntime.js';
import {answer, checkThreads, engineOptions} from './peer.js';

const elements = (shape) => shape.reduce((n, d) => n * Math.abs(d), 1);
const bytesOf = async (url) => new Uint8Array(await (await fetch(url)).arrayBuffer());

/** Our engine: the adapter for web pages, as users get it. */
async function openOurs(peer, url) {
  const {loadModel} = await import(new URL('/web/wxnn.js', location.href).href);
  const model = await loadModel(url, engineOptions(peer));
  checkThreads(peer, model);
  return {length: elements(model.inputs[0].shape), run: (input) => Object.values(model.run(input, {views: true})), profile: () => model.profile(), wasm: () => model.memory().heap};
}

/** TensorFlow.js on one of its backends. */
async function openTfjs(name, url) {
  const tf = await import('@tensorflow/tfjs-core');
  const converter = await import('@tensorflow/tfjs-converter');
  tf.env().set('PROD', true);
  if (name.startsWith('wasm')) {
    const wasm = await import('@tensorflow/tfjs-backend-wasm');  // registers the flags
    tf.env().set('WASM_HAS_SIMD_SUPPORT', name === 'wasm');
    tf.env().set('WASM_HAS_MULTITHREAD_SUPPORT', false);
    wasm.setWasmPaths('/tfjs-wasm/');
    await tf.setBackend('wasm');
  } else {
    await (name === 'webgl' ? import('@tensorflow/tfjs-backend-webgl') : import('@tensorflow/tfjs-backend-cpu'));
    if (!(await tf.setBackend(name))) throw new Error(`tfjs could not start its backend ${name}.`);
  }
  const model = await converter.loadGraphModel(url);
  const shape = model.inputs[0].shape.map(Math.abs);
  const run = async (input) => {
    const fed = tf.tensor(input, shape, 'float32');
    const raw = model.predict(fed);
    const tensors = Array.isArray(raw) ? raw : raw instanceof tf.Tensor ? [raw] : Object.values(raw);
    const outputs = [];
    for (const t of tensors) outputs.push({shape: t.shape, data: name === 'webgl' ? await t.data() : t.dataSync()});
    tf.dispose([fed, ...tensors]);
    return outputs;
  };
  const {wasm} = tf.backend();
  return {length: elements(shape), run, wasm: wasm && (() => wasm.HEAPU8.length)};
}

/** LiteRT.js: 'default' is what it would choose (relaxed SIMD), 'compat' its build of plain SIMD. */
async function openLitert(build, url) {
  const {loadLiteRt, loadAndCompile, Tensor} = await import('@litertjs/core');
  await loadLiteRt(`/litert/${build === 'compat' ? 'litert_wasm_compat_internal.js' : 'litert_wasm_internal.js'}`);
  const model = await loadAndCompile(await bytesOf(url), {accelerator: 'wasm'});
  const shape = Array.from(model.getInputDetails()[0].shape, Math.abs);  // an open batch is -1
  const run = async (input) => {
    const fed = new Tensor(input, shape);
    const tensors = await model.run([fed]);
    const outputs = tensors.map((t) => ({shape: Array.from(t.type.layout.dimensions), data: t.toTypedArray()}));  // a copy
    for (const t of [fed, ...tensors]) t.delete();
    return outputs;
  };
  return {length: elements(shape), run};
}

const script = (src) => new Promise((resolve, reject) => {
  const element = Object.assign(document.createElement('script'), {src, onload: resolve, onerror: () => reject(new Error(`${src} did not load.`))});
  document.head.append(element);
});

/** tfjs-tflite, whose page script wants a global tf. */
async function openTflite(url) {
  const tf = await import('@tensorflow/tfjs-core');
  await import('@tensorflow/tfjs-backend-cpu');
  window.tf = tf;
  await script('/tflite/dist/tf-tflite.min.js');
  window.tflite.setWasmPath('/tflite/wasm/');
  const model = await window.tflite.loadTFLiteModel(url, {numThreads: 1});
  const shape = model.inputs[0].shape.map(Math.abs);
  const run = (input) => {
    const fed = tf.tensor(input, shape, 'float32');
    const raw = model.predict(fed);
    const tensors = raw instanceof tf.Tensor ? [raw] : Object.values(raw);
    const outputs = tensors.map((t) => ({shape: t.shape, data: t.dataSync()}));
    tf.dispose([fed, ...tensors]);
    return outputs;
  };
  return {length: elements(shape), run};
}

/** onnxruntime-web; its build without WebGPU. */
async function openOrt(url) {
  const ort = await import('onnxruntime-web/wasm');
  ort.env.wasm.wasmPaths = new URL('/ort/', location.href).href;
  const input = await (await fetch(new URL('input.json', url))).json();
  return openOnnxruntime(ort, await bytesOf(url), input);
}

const openers = {
  'tfjs-wasm': (url) => openTfjs('wasm', url),
  'tfjs-wasm-plain': (url) => openTfjs('wasm-plain', url),
  'tfjs-cpu': (url) => openTfjs('cpu', url),
  'tfjs-webgl': (url) => openTfjs('webgl', url),
  litert: (url) => openLitert('default', url),
  'litert-compat': (url) => openLitert('compat', url),
  'tfjs-tflite': openTflite,
  onnxruntime: openOrt,
};

let opened;
window.openPeer = async (peer, url) => {
  const start = performance.now();
  opened = await (openers[peer] ? openers[peer](url) : openOurs(peer, url));
  return {loadMs: performance.now() - start};
};
window.ask = (request) => answer(opened, request);

// A page that nobody watches (Chromium.openAlone): it starts when it has come to rest, and tells by itself.
const [alone, model] = ['peer', 'model'].map((name) => new URLSearchParams(location.search).get(name));
if (alone) {
  setTimeout(async () => {
    let told;
    try {
      const {loadMs} = await window.openPeer(alone, model);
      const {firstMs} = await window.ask({warmUp: 1});
      told = {loadMs, firstMs};
    } catch (error) {
      told = {error: error.message};
    }
    await fetch('/told', {method: 'POST', body: JSON.stringify(told)});
  }, 300);
}
