'use strict';
// Memory of models that come and go in one engine.

const assert = require('node:assert/strict');
const test = require('node:test');
const { createRealProgram, readModel } = require('./programs.js');

test('memory warnings: a host that disposes and loads again gets its memory back', async () => {
  const { wxnn } = createRealProgram();
  const bytes = readModel('short');
  const heaps = [];
  for (let i = 0; i < 40; i++) {
    const model = await wxnn.loadModel(bytes);
    model.run(new Float32Array(128 * 128 * 3));
    heaps.push(model.memory().heap);
    model.dispose();
  }
  // The first few may leave gaps between blocks; after that nothing may add up.
  assert.equal(heaps[39], heaps[4], heaps.join());
});

/** y = Tile(x, [count]): a file of a few bytes that asks for 4 count bytes. */
function tiling(count) {
  const node = (name, op, input, attr) => ({ name, op, input, attr });
  return {
    model: {
      format: 'graph-model',
      modelTopology: {
        node: [
          node('x', 'Placeholder', [], { dtype: { type: 'DT_FLOAT' }, shape: { shape: { dim: [{ size: '1' }] } } }),
          node('count', 'Const', [], { dtype: { type: 'DT_INT32' } }),
          node('y', 'Tile', ['x', 'count'], { T: { type: 'DT_FLOAT' }, Tmultiples: { type: 'DT_INT32' } }),
        ],
      },
      weightsManifest: [{ paths: ['w.bin'], weights: [{ name: 'count', shape: [1], dtype: 'int32' }] }],
    },
    weights: new Uint8Array(Int32Array.of(count).buffer),
  };
}

test('a small file that asks for more memory than there is loads, and says so when it is run; the next model works', async () => {
  const { wxnn } = createRealProgram();
  const greedy = await wxnn.loadModel(tiling(100e6));
  assert.ok(greedy.memory().heap < 32e6, `loading took ${greedy.memory().heap} bytes`);
  for (let again = 0; again < 2; again++) assert.throws(() => greedy.run(Float32Array.of(1)), /no memory for \d+ bytes/);
  const modest = await wxnn.loadModel(tiling(3));
  assert.deepEqual(Array.from(modest.run(Float32Array.of(7)).y.data), [7, 7, 7]);
  const large = await wxnn.loadModel(tiling(20e6));
  const before = large.memory();
  assert.equal(before.arena, 0);
  const { data } = large.run(Float32Array.of(2)).y;
  assert.equal(data[data.length - 1], 2);
  assert.ok(large.memory().arena >= 80e6);
});

const KINDS = { float32: 4, float16: 2, uint8: 1 };

/** y = x w0 w1 …: so many layers of [width, width], stored as `kind`, in two shards whose border lies inside a weight. */
function layered(layers, width, kind) {
  const node = (name, op, input) => ({ name, op, input, attr: {} });
  const names = Array.from({ length: layers }, (_, i) => `w${i}`);
  const quantization = { float32: undefined, float16: { dtype: 'float16' }, uint8: { dtype: 'uint8', scale: 2 ** -9, min: -0.25 } }[kind];
  const bytes = new Uint8Array(layers * width * width * KINDS[kind]);
  const floats = kind === 'float32' && new Float32Array(bytes.buffer);
  for (let i = 0; floats && i < floats.length; i++) floats[i] = ((i * 7919) % 512) / 4096 - 1 / 16;
  for (let i = 0; !floats && i < bytes.length; i++) bytes[i] = kind === 'uint8' ? i * 31 : i % 2 ? 0x28 + (i & 4) : i;
  const border = (bytes.length >> 1) + 5;
  return {
    model: {
      format: 'graph-model',
      modelTopology: { node: [{ ...node('x', 'Placeholder', []), attr: { dtype: { type: 'DT_FLOAT' }, shape: { shape: { dim: [{ size: '1' }, { size: String(width) }] } } } },
        ...names.map((name) => node(name, 'Const', [])), ...names.map((name, i) => node(`y${i}`, 'MatMul', [i ? `y${i - 1}` : 'x', name]))] },
      weightsManifest: [{ paths: ['0.bin', '1.bin'], weights: names.map((name) => ({ name, shape: [width, width], dtype: 'float32', quantization })) }],
    },
    weights: [bytes.subarray(0, border), bytes.subarray(border)],
  };
}

for (const kind of Object.keys(KINDS)) {
  test(`a model's heap has no room for its file beside its packed weights: ${kind}`, async () => {
    const layers = 12, width = 512, weight = width * width * 4;
    const { wxnn } = createRealProgram();
    const { heap: empty } = (await wxnn.loadModel(layered(1, 4, kind))).memory();
    const model = await wxnn.loadModel(layered(layers, width, kind));
    model.run(new Float32Array(width).fill(1));
    const { heap, packed } = model.memory();
    assert.equal(packed, layers * weight);
    // What is packed, the weight that is being packed as it is stored and as it is computed in, and gaps; not the file.
    assert.ok(heap < empty + packed + 2.5 * weight, `${heap} bytes for ${packed} of weights`);
  });
}

/** The same numbers, whichever way the weights came in. */
test('weights are read over borders of shards, and where one lacks nothing of the model stays', async () => {
  const { wxnn } = createRealProgram();
  const parts = layered(3, 64, 'float32');
  const whole = { model: parts.model, weights: [new Uint8Array(Buffer.concat(parts.weights))] };
  const x = Float32Array.from({ length: 64 }, (_, i) => i % 9 - 4);
  const results = [];
  for (const source of [parts, whole]) results.push(Object.values((await wxnn.loadModel(source)).run(x))[0].data);
  assert.deepEqual(results[0], results[1]);
  const { heap } = (await wxnn.loadModel(whole)).memory();
  const wide = layered(3, 1024, 'float32');  // 4 MB each; the last does not fit the one before
  wide.model.weightsManifest[0].weights[2].shape = [1020, 1028];
  wide.weights[1] = wide.weights[1].subarray(64);
  for (let again = 0; again < 5; again++) await assert.rejects(wxnn.loadModel(wide), /y2.*MatMul/);
  assert.ok((await wxnn.loadModel(whole)).memory().heap < heap + 4 * 4.2e6, 'failures keep memory');
});
