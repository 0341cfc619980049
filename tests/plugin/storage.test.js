'use strict';
// fileStorageIO and localStorageIO: tfjs-wechat's file names, keys and formats, and what happens when saving fails.

const assert = require('node:assert/strict');
const test = require('node:test');
const { createFakeProgram } = require('./programs.js');

const ROOT = 'wxfile://usr';
const artifacts = (weightData) => ({
  modelTopology: { node: [{ name: 'é', op: 'Const' }] }, weightSpecs: [{ name: 'w', shape: [3], dtype: 'float32' }], format: 'graph-model', weightData,
});
const bytes = (n) => Uint8Array.from({ length: n }, (_, i) => (i * 7919) >> 3);
const text = (file) => Buffer.from(file).toString('utf8');

function fileProgram(options) {
  const program = createFakeProgram({}, options);
  const fs = program.wx.getFileSystemManager();
  return { ...program, fs, handler: (name) => program.wxnn.fileStorageIO(name, fs, ROOT) };
}

test('fileStorageIO: what is saved loads, under tfjs-wechat\'s names', async () => {
  const { handler, user } = fileProgram();
  const { modelArtifactsInfo } = await handler('m').save(artifacts(bytes(1000).buffer));
  assert.equal(modelArtifactsInfo.weightDataBytes, 1000);
  assert.equal(modelArtifactsInfo.modelTopologyType, 'JSON');
  assert.deepEqual(Object.keys(user).sort(), ['info.json', 'model_without_weight.json', 'weight_data'].map((name) => `${ROOT}/tensorflowjs_models/m_${name}`));
  assert.deepEqual(JSON.parse(text(user[`${ROOT}/tensorflowjs_models/m_info.json`])), JSON.parse(JSON.stringify(modelArtifactsInfo)));
  assert.equal('weightData' in JSON.parse(text(user[`${ROOT}/tensorflowjs_models/m_model_without_weight.json`])), false);
  const { weightData, ...rest } = await handler('m').load();
  assert.deepEqual(JSON.parse(JSON.stringify({ ...artifacts(), ...rest })), JSON.parse(JSON.stringify(artifacts())));
  assert.deepEqual(new Uint8Array(weightData), bytes(1000));
});

test('fileStorageIO: loads what tfjs-wechat wrote, and weights in several buffers', async () => {
  const { handler, user } = fileProgram();
  user[`${ROOT}/tensorflowjs_models/old_info.json`] = Buffer.from('{"dateSaved":"2021-08-13T00:00:00.000Z","modelTopologyType":"JSON","weightDataBytes":12}');
  user[`${ROOT}/tensorflowjs_models/old_model_without_weight.json`] = Buffer.from(JSON.stringify(artifacts()));
  user[`${ROOT}/tensorflowjs_models/old_weight_data`] = bytes(12);
  assert.deepEqual(new Uint8Array((await handler('old').load()).weightData), bytes(12));
  await handler('two').save(artifacts([bytes(5).buffer, bytes(3).buffer]));
  assert.deepEqual([...new Uint8Array((await handler('two').load()).weightData)], [...bytes(5), ...bytes(3)]);
});

test('fileStorageIO: no weights, weights of more than a slice, saving over', async () => {
  const { handler } = fileProgram();
  for (const size of [(4 << 20) + 3, 7, 0]) {
    await handler('m').save(artifacts(bytes(size).buffer));
    assert.equal((await handler('m').load()).weightData.byteLength, size);
  }
});

test('fileStorageIO: a failed save leaves nothing and says why; nothing saved; half saved', async () => {
  let room = Infinity;
  const { handler, user } = fileProgram({ faults: { write: (path, size) => (size > room ? 'the maximum size of the file storage limit is exceeded' : undefined) } });
  room = 500;
  await assert.rejects(handler('m').save(artifacts(bytes(1000).buffer)), { message: 'the model "m" could not be saved: writeFile:fail the maximum size of the file storage limit is exceeded' });
  assert.deepEqual(Object.keys(user), []);
  room = Infinity;
  await handler('m').save(artifacts(bytes(1000).buffer));
  await assert.rejects(handler('other').load(), /^Error: the model "other" has not been saved here: .*no such file/);
  user[`${ROOT}/tensorflowjs_models/m_info.json`] = Buffer.from('{"dateS');
  await assert.rejects(handler('m').load(), { message: 'the model "m" was not saved completely: save it again.' });
});

test('localStorageIO: tfjs-wechat\'s keys, base64 in pieces of 800 KB', async () => {
  const { wxnn, storage } = createFakeProgram();
  const size = 1000000;  // two pieces
  await wxnn.localStorageIO('a/m').save(artifacts(bytes(size).buffer));
  const start = 'tensorflowjs_models/a/m/';
  assert.deepEqual(Object.keys(storage).sort(), ['info', 'model_without_weight', 'weight_data:0', 'weight_data:1', 'weight_data_size'].map((key) => start + key));
  assert.equal(storage[start + 'weight_data_size'], 2);
  assert.equal(storage[start + 'weight_data:0'].length, 800 * 1024);
  assert.equal(storage[start + 'weight_data:0'] + storage[start + 'weight_data:1'], Buffer.from(bytes(size)).toString('base64'));
  assert.deepEqual(new Uint8Array((await wxnn.localStorageIO('a/m').load()).weightData), bytes(size));
  await wxnn.localStorageIO('a/m').save(artifacts(bytes(10).buffer));
  assert.equal(`${start}weight_data:1` in storage, false, 'pieces of the former model are removed');
  delete storage[start + 'weight_data:0'];
  await assert.rejects(wxnn.localStorageIO('a/m').load(), { message: 'piece 0 of 1 of the weights of the model "a/m" is missing: save it again.' });
});

test('localStorageIO: a full storage leaves nothing of the model', async () => {
  const { wxnn, storage } = createFakeProgram();
  await assert.rejects(wxnn.localStorageIO('m').save(artifacts(bytes(9 << 20).buffer)), /^Error: the model "m" could not be saved \(the storage holds 10 MB in all; fileStorageIO takes more\): setStorage:fail exceed storage max size 10Mb/);
  assert.deepEqual(Object.keys(storage), []);
  await assert.rejects(wxnn.localStorageIO('m').load(), { message: 'the model "m" has not been saved here.' });
});

test('names and topologies that cannot be kept are refused', async () => {
  const { wxnn } = createFakeProgram();
  for (const name of ['', undefined, 5]) assert.throws(() => wxnn.localStorageIO(name), /must be a text that is not empty/);
  assert.throws(() => wxnn.fileStorageIO('m'), /a plugin does not know the directory of user files: pass the host's wx\.env\.USER_DATA_PATH/);
  await assert.rejects(wxnn.localStorageIO('m').save({ modelTopology: new ArrayBuffer(4) }), { message: 'only a model whose topology is JSON can be saved.' });
  await assert.rejects(wxnn.localStorageIO('m').save(artifacts('abc')), /weightData must be an ArrayBuffer or several; this is the text "abc"/);
});
