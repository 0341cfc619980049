'use strict';
// Models in a mini-program's worker: on the fake engine, and on the real binaries.

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const test = require('node:test');
const { ROOT, createFakeProgram, createRealProgram, readModel, requireBuilt } = require('./programs.js');
const { MODEL } = require('./fake_engine.js');
const { readPhoto } = require('../reference/photo.js');
const { fetchedFile } = require('../../tools/fetch_models.js');

const SCRIPT = 'build/worker/wxnn.js';
const input = () => Float32Array.of(1, 2, 3, 4);

function script() {
  requireBuilt(SCRIPT, 'node tools/bundle.js');
  return { '/workers/wxnn.js': fs.readFileSync(path.join(ROOT, SCRIPT)) };
}

function create(behaviour, options = {}) {
  return createFakeProgram(behaviour, { ...options, packageFiles: script() });
}

test('a model in the worker: runs, refuses, is disposed', async () => {
  const p = create();
  const model = await p.wxnn.loadModel(MODEL, { worker: true });
  assert.equal(p.worker.settings.useExperimentalWorker, true);
  assert.equal(model.inputs[0].name, 'x');
  assert.match(model.backend.reasons.join('; '), /in a worker/);
  assert.deepEqual([...(await model.runAsync(input())).y.data], [2, 4, 6, 8]);
  assert.deepEqual([...(await model.runAsync({ x: input() })).y.shape], [1, 4]);
  await assert.rejects(model.runAsync(Float32Array.of(666, 0, 0, 0)), { message: 'the model: node "double" (Mul): the number of the beast' });
  await assert.rejects(model.runAsync(new Int32Array(4)), { message: 'input "x" needs a Float32Array; this is a Int32Array of 4.' });
  await assert.rejects(model.runAsync(new Float32Array(3)), /needs 4 values; this has 3/);
  assert.throws(() => model.run(), /runs by runAsync/);
  model.resize({ x: [1, 2, 3] });
  await assert.rejects(model.runAsync(input()), /input "x" has 2 dimensions/);
  assert.deepEqual([...(await model.runAsync(input())).y.data], [2, 4, 6, 8]);
  model.dispose();
  model.dispose();
  await assert.rejects(model.runAsync(input()), /this model was disposed/);
  await assert.rejects(p.wxnn.loadModel(Buffer.from('\0\0\0\0TFL3 other'), { worker: true }), /the file is broken at byte 8/);
});

test('the caller may fill its buffer anew at once; frames are dropped while one runs', async () => {
  const model = await create().wxnn.loadModel(MODEL, { worker: true });
  const frame = input();
  const first = model.runAsync(frame);
  frame.fill(9);
  await assert.rejects(model.runAsync(frame), { name: 'BusyError', message: 'this frame was dropped, because the last one is still being computed.' });
  assert.deepEqual([...(await first).y.data], [2, 4, 6, 8]);
  assert.deepEqual([...(await model.runAsync(frame)).y.data], [18, 18, 18, 18]);
});

for (const quietKill of [false, true]) {
  test(`a worker that the system killed is started again, and the frame is computed${quietKill ? ', even where nobody is told' : ''}`, async () => {
    const p = create({}, { faults: { quietKill }, timeScale: 1000 });
    const model = await p.wxnn.loadModel(MODEL, { worker: true });
    const running = model.runAsync(input());
    p.worker.kill();
    assert.deepEqual([...(await running).y.data], [2, 4, 6, 8]);
    assert.deepEqual(p.worker.received, ['load', 'run']);
    assert.match(model.backend.reasons.join('; '), quietKill ? /no answer within 15 s/ : /the system killed the worker/);
  });
}

test('the main thread takes over: no createWorker, no script, a worker that hangs', async () => {
  const cases = [
    [create({}, { faults: { noWorker: true } }), /this client has no createWorker/],
    [createFakeProgram(), /createWorker:fail no such file "workers\/wxnn\.js"/],
    [create({}, { faults: { workerHangs: true }, timeScale: 1000 }), /no answer within 15 s/],
  ];
  for (const [p, why] of cases) {
    const model = await p.wxnn.loadModel(MODEL, { worker: true });
    assert.match(model.backend.reasons.join('; '), why);
    assert.match(model.backend.reasons.join('; '), /on the main thread/);
    assert.deepEqual([...(await model.runAsync(input())).y.data], [2, 4, 6, 8]);
  }
});

test('an engine that stops in the worker is loaded again; again, and the main thread says why', async () => {
  let traps = 1;
  const p = create(() => ({ trapIn: traps-- > 0 ? 'wxnn_model_run' : undefined }));
  const model = await p.wxnn.loadModel(MODEL, { worker: true });
  assert.deepEqual([...(await model.runAsync(input())).y.data], [2, 4, 6, 8]);
  const always = await create(() => ({ trapIn: 'wxnn_model_run' })).wxnn.loadModel(MODEL, { worker: true });
  await assert.rejects(always.runAsync(input()), /the engine stopped in wxnn_model_run: unreachable; load the model again\./);
});

test('a host passes its own createWorker to a plugin; options are checked', async () => {
  const p = create();
  const asked = [];
  const create2 = (file, settings) => {
    asked.push([file, settings.useExperimentalWorker]);
    return p.wx.createWorker('workers/wxnn.js', settings);
  };
  await p.wxnn.loadModel(MODEL, { worker: { path: 'ai/wxnn.js', experimental: false, create: create2 } });
  assert.deepEqual(asked, [['ai/wxnn.js', false]]);
  await assert.rejects(p.wxnn.loadModel(MODEL, { worker: { threads: 2 } }), /worker has no "threads"; it knows path, experimental, create/);
});

test('BlazeFace in the worker gives the bits of the main thread', async () => {
  const p = createRealProgram({ packageFiles: script() });
  const source = readModel('short');
  const here = await p.wxnn.loadModel(source);
  const there = await p.wxnn.loadModel(source, { worker: true });
  const picture = Float32Array.from({ length: 128 * 128 * 3 }, (_, i) => Math.sin(i));
  const expected = here.run(picture);
  const found = await there.runAsync(picture);
  for (const name of Object.keys(expected)) assert.deepEqual([...new Uint32Array(found[name].data.buffer)], [...new Uint32Array(expected[name].data.buffer)]);
  const rgba = new Uint8Array(64 * 64 * 4).map((_, i) => i * 31);
  const { name } = here.inputs[0];
  here.setImage(name, rgba, 64, 64, { letterbox: true });
  there.setImage(name, rgba, 64, 64, { letterbox: true });
  rgba.fill(0);
  const pictured = await there.runAsync();
  for (const [output, { data }] of Object.entries(here.run())) assert.deepEqual([...pictured[output].data], [...data]);
});

test('a face detector in the worker: the main thread\'s faces, dropped frames, a killed worker, sentences', async () => {
  const p = createRealProgram({ packageFiles: script(), timeScale: 1000 });
  const options = { model: readModel('full'), meshModel: readModel('mesh'), track: true, maxFaces: 4 };
  const { data, width, height } = await readPhoto(fetchedFile('photos', 'sample1.jpg'));
  const here = await p.wxnn.createFaceDetector(options);
  const expected = here.detect(data, width, height, { time: 5 });
  assert.ok(expected.length >= 3);
  const plainOf = (faces) => JSON.parse(JSON.stringify(faces.map((face) => ({ ...face, mesh: [...face.mesh] }))));
  assert.deepEqual(plainOf(await here.detectAsync(data, width, height, { time: 5 })).length, expected.length);

  const there = await p.wxnn.createFaceDetector({ ...options, worker: true });
  const frame = Uint8Array.from(data);
  const running = there.detectAsync(frame, width, height, { time: 5 });
  frame.fill(0);  // the client writes the next frame
  await assert.rejects(there.detectAsync(frame, width, height), { name: 'BusyError', message: /this frame was dropped/ });
  assert.deepEqual(plainOf(await running), plainOf(expected));
  await assert.rejects(there.detectAsync(data, 0, height), { message: /width must be a whole number from 1 to 65535; this is 0/ });
  await assert.rejects(there.detectAsync(data, width, height, { rotation: 45 }), { message: /rotation must be 0, 90, 180 or 270; this is 45/ });
  assert.throws(() => there.detect(data, width, height), { message: 'a face detector in a worker runs by detectAsync.' });

  const again = there.detectAsync(data, width, height, { time: 10 });
  p.worker.kill();
  assert.equal((await again).length, expected.length, 'a new worker looks at the same frame');
  there.dispose();
  await assert.rejects(there.detectAsync(data, width, height), /was disposed/);

  const model = await p.wxnn.loadModel(readModel('full'));
  await assert.rejects(p.wxnn.createFaceDetector({ model, worker: true }), { message: 'a face detector in a worker loads its models itself: give it their addresses or bytes.' });
  await assert.rejects(p.wxnn.createFaceDetector({ model: readModel('mesh'), worker: true }), /the model is not a face detector/);
  await assert.rejects(p.wxnn.createFaceDetector({ ...options, threshold: 2, worker: true }), /threshold must be a number from 0 to 1; this is 2/);
});

test('a face detector without a worker to be had runs here', async () => {
  const p = createRealProgram({ faults: { noWorker: true } });
  const detector = await p.wxnn.createFaceDetector({ model: readModel('short'), worker: true });
  const { data, width, height } = await readPhoto(fetchedFile('photos', 'sample1.jpg'));
  const here = await p.wxnn.createFaceDetector({ model: readModel('short') });
  assert.deepEqual(JSON.parse(JSON.stringify(await detector.detectAsync(data, width, height))), JSON.parse(JSON.stringify(here.detect(data, width, height))));
});
