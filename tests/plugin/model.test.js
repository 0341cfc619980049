'use strict';
// Model: what goes in, what comes out, what is refused. On the fake engine: y = 2 x, shape [1,4].

const assert = require('node:assert/strict');
const test = require('node:test');
const { createFakeProgram } = require('./programs.js');
const { MODEL } = require('./fake_engine.js');

const INPUT = Float32Array.of(1, 2, 3, 4);

async function load(behaviour, options) {
  const state = {};
  const { wxnn } = createFakeProgram({ ...behaviour, state }, options);
  return { wxnn, state, model: await wxnn.loadModel(MODEL) };
}

test('describes its inputs and outputs', async () => {
  const { model } = await load();
  assert.equal(JSON.stringify([model.inputs, model.outputs]),
    '[[{"name":"x","dtype":"float32","shape":[-1,4]}],[{"name":"y","dtype":"float32","shape":[-1,4]}]]');
});

test('takes inputs by name, in order, or the only one', async () => {
  const { model } = await load();
  for (const inputs of [{ x: INPUT }, [INPUT], INPUT]) {
    const { y } = model.run(inputs);
    assert.deepEqual([...y.data], [2, 4, 6, 8]);
    assert.deepEqual([...y.shape], [1, 4]);
    assert.equal(y.dtype, 'float32');
  }
  assert.deepEqual([...(await model.runAsync(INPUT)).y.data], [2, 4, 6, 8]);
});

test('gives copies, or views where asked', async () => {
  const { model } = await load();
  const copy = model.run(INPUT).y.data;
  const view = model.run(INPUT, { views: true }).y.data;
  model.run(Float32Array.of(5, 5, 5, 5));
  assert.equal(copy[0], 2);
  assert.equal(view[0], 10);
});

test('refuses wrong inputs in a sentence, and the next run works', async () => {
  const { model } = await load();
  const cases = [
    [Float32Array.of(1), 'input "x" (float32 [1,4]) needs 4 values; this has 1.'],
    [new Float32Array(0), 'input "x" (float32 [1,4]) needs 4 values; this has 0.'],
    [new Uint8Array(4), 'input "x" (float32 [1,4]) needs a Float32Array; this is a Uint8Array of 4.'],
    [new Float64Array(4), 'input "x" (float32 [1,4]) needs a Float32Array; this is a Float64Array of 4.'],
    [[1, 2, 3, 4], 'the model has 1 inputs ("x"); 4 were given.'],
    [[null], 'input "x" (float32 [1,4]) needs a Float32Array; this is null.'],
    [[undefined], 'input "x" of the model is missing.'],
    [null, 'input "x" (float32 [1,4]) needs a Float32Array; this is null.'],
    ['abc', 'input "x" (float32 [1,4]) needs a Float32Array; this is the text "abc".'],
    [{}, 'input "x" of the model is missing.'],
    [undefined, 'input "x" of the model is missing.'],
    [{ x: INPUT, z: INPUT }, 'the model has no input "z"; it has "x".'],
    [Float32Array.of(1, NaN, 3, NaN), 'input "x" (float32 [1,4]) holds NaN, first at index 1.'],
  ];
  for (const [inputs, message] of cases) {
    assert.throws(() => model.run(inputs), { message });
    await assert.rejects(model.runAsync(inputs), { message });
    assert.equal(model.run(INPUT).y.data[0], 2);
  }
  assert.ok(Number.isNaN(model.run(Float32Array.of(1, NaN, 3, 4), { allowNaN: true }).y.data[1]));
  assert.throws(() => model.run(INPUT, { view: true }), { message: 'run\'s options has no "view"; it knows views, allowNaN.' });
});

test('gives the engine\'s sentence of a failed run with the model\'s name in front', async () => {
  const { model } = await load();
  assert.throws(() => model.run(Float32Array.of(666, 0, 0, 0)), { message: 'the model: node "double" (Mul): the number of the beast' });
  assert.equal(model.run(INPUT).y.data[0], 2);
});

test('resizes by name, or says why not', async () => {
  const { model } = await load();
  model.resize({ x: [2, 4] });
  assert.throws(() => model.run(INPUT), { message: 'input "x" (float32 [2,4]) needs 8 values; this has 4.' });
  assert.throws(() => model.resize({ x: [4] }), { message: 'the model: input "x" has 2 dimensions' });
  assert.throws(() => model.resize({ q: [4] }), { message: 'the model has no input "q"; it has "x".' });
  for (const shape of [[-1, 4], [1.5, 4], [NaN], ['1', 4], 'abc', undefined]) {
    assert.throws(() => model.resize({ x: shape }), /^Error: the shape of input "x" must be an array of whole numbers; this is /);
  }
  model.resize({ x: [1, 4] });
  assert.equal(model.run(INPUT).y.data[0], 2);
});

test('profile and memory', async () => {
  const { model, state } = await load();
  assert.equal(JSON.stringify(model.profile()), '[{"node":"double","op":"Mul","ms":0.5,"runs":1}]');
  assert.equal(state.calls.filter((name) => name === 'wxnn_model_set_profiling').length, 1);
  model.profile();
  assert.equal(state.calls.filter((name) => name === 'wxnn_model_set_profiling').length, 1);
  assert.deepEqual({ ...model.memory() }, { arena: 32, constants: 4, packed: 0, heap: 16 * 65536 });
});

test('a disposed model says so', async () => {
  const { model, state } = await load();
  assert.equal(state.models, 1);
  model.dispose();
  model.dispose();
  assert.equal(state.models, 0);
  const uses = [() => model.run(INPUT), () => model.resize({ x: [1, 4] }), () => model.profile(), () => model.memory(), () => model.setImage('x', INPUT, 1, 1)];
  for (const use of uses) assert.throws(use, { message: 'the model was disposed.' });
});

test('follows a heap that moves', async () => {
  const { model } = await load({ moves: true });
  model.resize({ x: [1, 4] });
  assert.deepEqual([...model.run(INPUT).y.data], [2, 4, 6, 8]);
});

test('leaves no block behind', async () => {
  const { model, state, wxnn } = await load();
  model.resize({ x: [1, 4] });
  assert.throws(() => model.resize({ x: [4] }));
  model.run(INPUT);
  const broken = Uint8Array.from(Buffer.from('\0\0\0\0TFL3 broken'));
  await assert.rejects(wxnn.loadModel(broken), { message: 'the model: the file is broken at byte 8' });
  model.dispose();
  assert.equal(state.outstanding.size, 0);
});

test('says when there is no memory', async () => {
  const { wxnn } = createFakeProgram({ memory: 8 });
  await assert.rejects(wxnn.loadModel(MODEL), { message: `there is no memory for the model (${MODEL.length} bytes).` });
});

test('a picture is refused by an input that takes none', async () => {
  const { model } = await load();
  assert.throws(() => model.setImage('x', new Uint8Array(4), 1, 1),
    { message: 'input "x" (float32 [1,4]) of the model takes no picture: that needs float32 [1,height,width,3].' });
});

test('a page that is closed while its model loads leaves nothing behind', async () => {
  for (const when of ['before the engine', 'before the model']) {
    const state = {};
    const signal = { aborted: false };
    const url = 'https://models.example/m.tflite';
    const program = createFakeProgram({ state }, {
      urls: { [url]: () => ({ body: MODEL, delay: when === 'before the model' ? 3000 : 0 }) },
      faults: { instantiate: () => { signal.aborted = true; } },  // at once: a timer may come too late on a busy machine
    });
    await assert.rejects(program.wxnn.loadModel(url, { signal }), { name: 'AbortError' });
    await new Promise((resolve) => setTimeout(resolve, 60));
    assert.equal(state.models || 0, 0);
    assert.equal((state.outstanding || new Set()).size, 0);
    const model = await program.wxnn.loadModel(MODEL);
    assert.equal(model.run(Float32Array.of(1, 2, 3, 4)).y.data[0], 2);
  }
});
