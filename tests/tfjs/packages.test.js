'use strict';
// Packages that call tf.loadGraphModel or tfjs's operations themselves, with their code unchanged: what they say on our backend is what
// they say on TensorFlow.js's CPU backend. Weights come from npm packages, or are seeded numbers in a graph of the form they expect.

const assert = require('node:assert/strict');
const fs = require('node:fs');
const Module = require('node:module');
const path = require('node:path');
const { before, test } = require('node:test');
const { install, prepare } = require('../conformance/one_core.js');

// With methods such as tensor.as3D(), which the npm package's bundle for Node leaves out and face-api calls.
const { dist } = prepare(4);
const tf = install(4, dist);
require(path.join(dist, 'public/chained_ops/register_all_chained_ops'));
const converter = require('@tensorflow/tfjs-converter');
require('@tensorflow/tfjs-backend-cpu');
const wxnn = require('../..');
const { fetchedFile } = require('../../tools/fetch_models.js');
const { readPhoto } = require('../reference/photo.js');
const { GraphBuilder, handler, readArtifacts } = require('./model_files.js');

before(async () => {
  wxnn.registerBackend(tf);
  await tf.setBackend('wasm');
  wxnn.accelerate(converter);
});

/** A package's own bundle, which finds our copies of tfjs-core and tfjs-converter. */
const load = (id) => require(fetchedFile(id, 'index.js'));
const graphFile = (id) => fetchedFile(id, 'model.json');

async function photo(name) {
  const { data, width, height } = await readPhoto(fetchedFile('photos', name));
  return tf.tidy(() => tf.slice(tf.tensor3d(Int32Array.from(data), [height, width, 4], 'int32'), [0, 0, 0], [height, width, 3]));
}

/** All numbers in a result, with the path to each. */
function numbersIn(value, at = '', list = []) {
  if (typeof value === 'number') list.push([at, value]);
  else if (value instanceof tf.Tensor) numbersIn([...value.dataSync()], at, list);
  else if (value && typeof value === 'object') for (const key of Object.keys(value)) numbersIn(value[key], `${at}/${key}`, list);
  return list;
}

function assertSame(ours, theirs, tolerance) {
  const [a, b] = [numbersIn(ours), numbersIn(theirs)];
  assert.deepEqual(a.map(([at]) => at), b.map(([at]) => at));
  assert.ok(a.length > 0, 'there are numbers');
  a.forEach(([at, number], i) => assert.ok(Math.abs(number - b[i][1]) <= tolerance, `${at}: ours ${number}, CPU backend ${b[i][1]}`));
}

/** What `work` gives on our backend and on the CPU backend. */
async function onBoth(work) {
  const results = {};
  for (const name of ['wasm', 'cpu']) {
    await tf.setBackend(name);
    results[name] = await work();
  }
  return results;
}

function byEngine(model) {
  const { engineReport } = model;
  assert.ok(engineReport.runs.engine > 0 && engineReport.runs.tfjs === 0, `${JSON.stringify(engineReport)}`);
}

const openImage = { dim: ['1', '-1', '-1', '3'].map((size) => ({ size })) };

/** The same graph for pictures of any size. */
function ofAnySize({ modelTopology, signature, userDefinedMetadata, ...rest }) {
  const text = JSON.stringify({ modelTopology, signature, userDefinedMetadata });
  const opened = JSON.parse(text, (key, value) => {
    const isImage = value && value.dim && value.dim.length === 4 && value.dim[3].size === '3' && Number(value.dim[1].size) > 16;
    return isImage ? openImage : value;
  });
  return { ...rest, ...opened };
}

/** PoseNet's four outputs in the order in which the package takes them. */
function poseNet() {
  const { signature: { inputs, outputs }, ...rest } = ofAnySize(readArtifacts(graphFile('posenet')));
  const order = ['offset', 'heatmap', 'displacement_fwd', 'displacement_bwd'].map((name) => `MobilenetV1/${name}_2/BiasAdd:0`);
  return { ...rest, signature: { inputs, outputs: Object.fromEntries(order.map((name) => [name, outputs[name]])) } };
}

/** BlazeFace front as the package wants it: one output [1,896,17], scores before boxes. */
function blazeFace() {
  const graph = new GraphBuilder(1, readArtifacts(graphFile('tfjs-front')));
  for (const node of graph.nodes) if (node.op === 'Placeholder') node.attr.shape = { shape: { dim: [1, 128, 128, 3].map((size) => ({ size: String(size) })) } };
  graph.concat('scores', ['Identity', 'Identity_1'], 1);
  graph.concat('boxes', ['Identity_2', 'Identity_3'], 1);
  graph.concat('all', ['scores', 'boxes'], 2);
  return graph.artifacts(['all']);
}

test('@tensorflow-models/blazeface finds the faces of a photo', async () => {
  const blazeface = load('package-blazeface');
  const image = await photo('sample1.jpg');
  let loaded;
  const { wasm, cpu } = await onBoth(async () => {
    const detector = await blazeface.load({ modelUrl: handler(blazeFace()), maxFaces: 10 });
    const faces = await detector.estimateFaces(image, false);
    if (tf.getBackend() === 'wasm') loaded = detector.blazeFaceModel;
    return faces;
  });
  byEngine(loaded);
  assert.ok(wasm.length > 0, 'there is a face');
  assertSame(wasm, cpu, 0.05);
});

test('@tensorflow-models/posenet finds poses', async () => {
  const posenet = load('package-posenet');
  const image = await photo('sample1.jpg');
  const { wasm, cpu } = await onBoth(async () => {
    const net = await posenet.load({ architecture: 'MobileNetV1', outputStride: 16, multiplier: 0.75, inputResolution: 257, modelUrl: handler(poseNet()) });
    return net.estimateSinglePose(image);
  });
  assertSame(wasm, cpu, 0.5);
});

test('@tensorflow-models/handpose runs detector and skeleton', async () => {
  const handpose = load('package-handpose');
  const image = await photo('sample1.jpg');
  const { platform } = tf.env();
  const original = platform.fetch;
  platform.fetch = async (url) => {
    const file = /handdetector|handdetect/.test(url) ? 'handdetect' : /handskeleton/.test(url) ? 'handskeleton' : 'anchors';
    if (/anchors\.json/.test(url)) {
      const anchors = Array.from({ length: 2944 }, (_, i) => ({ x_center: (i % 32) / 32, y_center: (i % 31) / 31 }));
      return new Response(JSON.stringify(anchors));
    }
    const name = path.basename(new URL(url).pathname);
    const from = path.dirname(graphFile(file));
    const on = fs.existsSync(path.join(from, name)) ? path.join(from, name) : graphFile(file);
    return new Response(fs.readFileSync(on), { headers: { 'content-type': name.endsWith('.json') ? 'application/json' : 'application/octet-stream' } });
  };
  try {
    const { wasm, cpu } = await onBoth(async () => {
      const net = await handpose.load();
      const hands = await net.estimateHands(image);
      return { hands, count: hands.length };
    });
    assertSame(wasm, cpu, 0.5);
  } finally {
    platform.fetch = original;
  }
});

/** A small network under MobileNet's names of nodes. */
function mobileNet() {
  const graph = new GraphBuilder(7);
  let x = graph.placeholder('input', [-1, 224, 224, 3]);
  [[3, 8], [8, 16], [16, 32], [32, 64]].forEach(([from, to], i) => { x = graph.conv(`conv_${i}`, x, from, to, { stride: 2 }); });
  const pooled = graph.node('module_apply_default/MobilenetV1/Logits/global_pool', 'Mean', [x, graph.constant('axes', [2], [1, 2], 'int32')],
    { keep_dims: { b: true }, Tidx: { type: 'DT_INT32' } });
  const logits = graph.conv('logits', pooled, 64, 1001, { kernel: 1, activation: '' });
  graph.node('module_apply_default/MobilenetV1/Logits/output', 'Squeeze', [logits], { squeeze_dims: { list: { i: ['1', '2'] } } });
  return graph.artifacts(['module_apply_default/MobilenetV1/Logits/output']);
}

test('@tensorflow-models/mobilenet classifies, and gives an inner layer', async () => {
  const mobilenet = load('package-mobilenet');
  const image = await photo('sample2.jpg');
  const { wasm, cpu } = await onBoth(async () => {
    const net = await mobilenet.load({ version: 1, alpha: 1, modelUrl: handler(mobileNet()), inputRange: [-1, 1] });
    const classes = await net.classify(image, 5);
    const inner = net.infer(image, true);
    if (tf.getBackend() === 'wasm') byEngine(net.model);
    return { probabilities: classes.map(({ probability }) => probability), inner };
  });
  assertSame(wasm, cpu, 1e-3);
});

/** A small network with BodyPix's outputs. */
function bodyPix() {
  const graph = new GraphBuilder(9);
  let x = graph.placeholder('sub_2', [1, -1, -1, 3]);
  [[3, 8], [8, 8], [8, 16], [16, 16]].forEach(([from, to], i) => { x = graph.conv(`conv_${i}`, x, from, to, { stride: 2 }); });
  const heads = { float_segments: 1, float_part_heatmaps: 24, float_heatmaps: 17, float_short_offsets: 34, float_long_offsets: 34, displacement_fwd: 32, displacement_bwd: 32, float_part_offsets: 48 };
  for (const [name, channels] of Object.entries(heads)) graph.conv(name, x, 16, channels, { kernel: 1, activation: '' });
  return graph.artifacts([
    'float_short_offsets', 'float_segments', 'float_part_heatmaps', 'float_long_offsets', 'float_heatmaps', 'displacement_fwd', 'displacement_bwd', 'float_part_offsets',
  ]);
}

test('@tensorflow-models/body-pix segments', async () => {
  const bodyPixPackage = load('package-body-pix');
  const image = await photo('sample2.jpg');
  const { wasm, cpu } = await onBoth(async () => {
    const net = await bodyPixPackage.load({ architecture: 'MobileNetV1', outputStride: 16, multiplier: 0.75, modelUrl: handler(bodyPix()) });
    const { data } = await net.segmentPerson(image, { internalResolution: 'low' });
    return { on: data.reduce((sum, bit) => sum + bit, 0), of: data.length };
  });
  assert.equal(wasm.of, cpu.of);
  assert.ok(Math.abs(wasm.on - cpu.on) <= cpu.of / 1000, `${wasm.on} pixels, CPU backend ${cpu.on}`);
});

/** Does `work`, in which require() of these names gives these modules. */
function withGiven(given, work) {
  const resolve = Module._resolveFilename;
  for (const [name, exports] of Object.entries(given)) {
    const module = new Module(`given:${name}`);
    module.exports = exports;
    module.loaded = true;
    require.cache[`given:${name}`] = module;
  }
  Module._resolveFilename = (request, ...rest) => (request in given ? `given:${request}` : resolve.call(Module, request, ...rest));
  try {
    return work();
  } finally {
    Module._resolveFilename = resolve;
  }
}

test('@vladmandic/face-api finds faces, landmarks, expressions and descriptors', { timeout: 300000 }, async () => {
  // It asks for all of tfjs: what it uses of it is in the two packages.
  const all = { '@tensorflow/tfjs': { ...tf, ...converter, version: { tfjs: tf.version_core } }, '@tensorflow/tfjs-backend-wasm': {} };
  const faceapi = withGiven(all, () => load('package-face-api'));
  const image = await photo('sample1.jpg');
  const folder = path.dirname(fetchedFile('package-face-api', 'index.js'));
  const { nets } = faceapi;
  const used = { tiny: nets.tinyFaceDetector, marks: nets.faceLandmark68Net, recognition: nets.faceRecognitionNet, expression: nets.faceExpressionNet };
  const { wasm, cpu } = await onBoth(async () => {
    for (const net of Object.values(used)) {
      if (net.isLoaded) net.dispose();
      await net.loadFromDisk(folder);
    }
    const faces = await faceapi.detectAllFaces(image, new faceapi.TinyFaceDetectorOptions({ inputSize: 224, scoreThreshold: 0.3 }))
      .withFaceLandmarks().withFaceExpressions().withFaceDescriptors();
    return faces.map(({ detection, landmarks, expressions, descriptor }) => ({
      score: detection.score, box: [detection.box.x, detection.box.y], marks: landmarks.positions.map(({ x, y }) => [x, y]),
      expressions: { ...expressions }, descriptor: Array.from(descriptor),
    }));
  });
  assert.ok(wasm.length > 0, 'there is a face');
  assertSame(wasm, cpu, 0.05);
});

test('@tensorflow-models/face-landmarks-detection finds 468 landmarks', { timeout: 300000 }, async () => {
  const landmarks = withGiven({ '@mediapipe/face_mesh': {} }, () => load('package-face-landmarks'));
  const image = await photo('sample1.jpg');
  let detector;
  const { wasm, cpu } = await onBoth(async () => {
    detector = await landmarks.createDetector(landmarks.SupportedModels.MediaPipeFaceMesh, {
      runtime: 'tfjs', maxFaces: 2, refineLandmarks: false,
      detectorModelUrl: handler(readArtifacts(graphFile('facemesh-detection-short'))), landmarkModelUrl: handler(readArtifacts(graphFile('tfjs-mesh'))),
    });
    const faces = await detector.estimateFaces(image);
    if (tf.getBackend() === 'wasm') byEngine(detector.landmarkModel);
    return faces.map(({ box, keypoints }) => ({ box: { ...box }, keypoints: keypoints.map(({ x, y }) => [x, y]) }));
  });
  assert.ok(wasm.length > 0 && wasm[0].keypoints.length === 468, `${wasm.length} faces`);
  assertSame(wasm, cpu, 0.1);
});

test('@tensorflow-models/pose-detection runs MoveNet', { timeout: 300000 }, async () => {
  const poses = withGiven({ '@mediapipe/pose': {}, '@tensorflow/tfjs-backend-webgpu': {} }, () => load('package-pose-detection'));
  const image = await photo('sample2.jpg');
  const { wasm, cpu } = await onBoth(async () => {
    const detector = await poses.createDetector(poses.SupportedModels.MoveNet, {
      modelType: poses.movenet.modelType.SINGLEPOSE_LIGHTNING, modelUrl: handler(readArtifacts(graphFile('movenet-lightning'))), enableSmoothing: false,
    });
    const found = await detector.estimatePoses(image);
    if (tf.getBackend() === 'wasm') byEngine(detector.moveNetModel);
    return found.map(({ score, keypoints }) => ({ score: score * 100, keypoints: keypoints.map((point) => [point.x, point.y, point.score * 100]) }));
  });
  assert.ok(wasm.length === 1 && wasm[0].keypoints.length === 17);
  assertSame(wasm, cpu, 0.5);
});
