'use strict';
// What loadModel takes, and the sentence for what is no model. On the fake engine.

const assert = require('node:assert/strict');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const test = require('node:test');
const fc = require('fast-check');
const { createFakeProgram } = require('./programs.js');
const { MODEL } = require('./fake_engine.js');

const JSON_URL = 'https://models.example/a/model.json';
const SHARDS = { 'https://models.example/a/w1.bin': new Uint8Array(12), 'https://models.example/a/w2.bin': new Uint8Array(8) };

/** A graph model that the fake engine takes: two weights, 20 bytes in two shards. */
function graphModel(changes = {}) {
  return {
    format: 'graph-model',
    modelTopology: {
      node: [
        { name: 'x', op: 'Placeholder', attr: { dtype: { type: 'DT_FLOAT' }, shape: { shape: { dim: [{ size: '1' }, { size: '4' }] } } } },
        { name: 'a', op: 'Const', attr: { dtype: { type: 'DT_FLOAT' } } },
        { name: 'b', op: 'Const', attr: { dtype: { type: 'DT_FLOAT' } } },
        { name: 'the fake model', op: 'AddV2', input: ['x', 'a'], attr: { T: { type: 'DT_FLOAT' } } },
      ],
    },
    weightsManifest: [{ paths: ['w1.bin', 'w2.bin'], weights: [{ name: 'a', shape: [4], dtype: 'float32' }, { name: 'b', shape: [], dtype: 'float32' }] }],
    ...changes,
  };
}

const withFiles = (urls) => createFakeProgram({}, { urls });

test('a .tflite from a URL, bytes of three kinds, parts', async () => {
  const { wxnn } = withFiles({ 'https://models.example/m.tflite?x=1': MODEL });
  await wxnn.loadModel('https://models.example/m.tflite?x=1');
  for (const bytes of [MODEL, MODEL.buffer.slice(0), new Uint8ClampedArray(MODEL)]) {
    await wxnn.loadModel(bytes);
    await wxnn.loadModel({ model: bytes });
  }
});

test('bytes that begin inside their buffer', async () => {
  const buffer = new Uint8Array(MODEL.length + 3);
  buffer.set(MODEL, 3);
  await withFiles({}).wxnn.loadModel(buffer.subarray(3));
});

test('a model.json with shards beside it, fetched side by side', async () => {
  const slow = (body) => ({ body, delay: 50 });
  const program = withFiles({ [JSON_URL]: JSON.stringify(graphModel()), ...Object.fromEntries(Object.entries(SHARDS).map(([url, body]) => [url, slow(body)])) });
  const model = await program.wxnn.loadModel(JSON_URL);
  assert.equal(model.inputs[0].name, 'x');
  assert.deepEqual(program.log.requests.map(({ atOnce }) => atOnce), [1, 1, 2]);
});

test('a query of the model.json goes to its shards as well', async () => {
  const urls = { [JSON_URL + '?key=1']: JSON.stringify(graphModel()) };
  for (const url of Object.keys(SHARDS)) urls[url + '?key=1'] = SHARDS[url];
  await withFiles(urls).wxnn.loadModel(JSON_URL + '?key=1');
});

test('a model.json as parts, and as a tf.io.IOHandler', async () => {
  const { wxnn } = withFiles({});
  const weights = new Uint8Array(20);
  const { modelTopology, weightsManifest } = graphModel();
  const forms = [
    { model: graphModel(), weights },
    { model: JSON.stringify(graphModel()), weights: [weights.subarray(0, 12), weights.slice(12).buffer] },
    { model: Uint8Array.from(Buffer.from('\ufeff ' + JSON.stringify(graphModel()))), weights: weights.buffer },
    { load: async () => ({ modelTopology, weightSpecs: weightsManifest[0].weights, weightData: weights.buffer, format: 'graph-model' }) },
    { load: async () => ({ modelTopology, weightSpecs: weightsManifest[0].weights, weightData: [weights.buffer.slice(0, 8), weights.buffer.slice(8)] }) },
  ];
  for (const form of forms) await wxnn.loadModel(form);
  await assert.rejects(wxnn.loadModel({ model: graphModel(), weights: new Uint8Array(19) }), { message: 'the weights of the model need 20 bytes; there are 19.' });
  await assert.rejects(wxnn.loadModel({ model: graphModel() }), { message: 'the weights of the model need 20 bytes; there are 0.' });
  await assert.rejects(wxnn.loadModel({ model: graphModel(), weights: 'abc' }),
    { message: 'weights must be an ArrayBuffer or a Uint8Array, or an array of them; this is the text "abc".' });
  await assert.rejects(wxnn.loadModel({ load: async () => { throw new Error('no such key'); } }), { message: 'no such key' });
});

test('a shard that is missing, short or long is named', async () => {
  const { ['https://models.example/a/w2.bin']: second, ...first } = SHARDS;
  const json = JSON.stringify(graphModel());
  await assert.rejects(withFiles({ [JSON_URL]: json, ...first }).wxnn.loadModel(JSON_URL), {
    message: `shard "w2.bin" of "${JSON_URL}": could not fetch "https://models.example/a/w2.bin": the server answered with status 404.`,
  });
  for (const length of [7, 9, 0]) {
    const urls = { [JSON_URL]: json, ...SHARDS, 'https://models.example/a/w2.bin': new Uint8Array(length) };
    await assert.rejects(withFiles(urls).wxnn.loadModel(JSON_URL), { message: `shard "w2.bin" of "${JSON_URL}" has ${length} bytes; its weights need 8.` });
  }
  const three = graphModel();
  three.weightsManifest[0].paths = ['w1.bin', 'w2.bin', 'w3.bin'];
  const urls = { [JSON_URL]: JSON.stringify(three), ...SHARDS, 'https://models.example/a/w3.bin': new Uint8Array(4) };
  urls['https://models.example/a/w1.bin'] = new Uint8Array(5);
  urls['https://models.example/a/w2.bin'] = second;
  await assert.rejects(withFiles(urls).wxnn.loadModel(JSON_URL), { message: `shard "w1.bin" of "${JSON_URL}" has 5 bytes; its weights need 8.` });
  const none = graphModel({ weightsManifest: [{ paths: [], weights: graphModel().weightsManifest[0].weights }] });
  await assert.rejects(withFiles({ [JSON_URL]: JSON.stringify(none) }).wxnn.loadModel(JSON_URL), { message: `"${JSON_URL}" names no shard for 2 weights.` });
});

test('what is no model is refused in a sentence, and the next call works', async () => {
  const url = 'https://models.example/m';
  const json = (value) => JSON.stringify(value);
  const cases = [
    ['', '"https://models.example/m" is empty.'],
    ['<!DOCTYPE html><h1>Not here</h1>', `"${url}" is a web page (HTML), not a model: check the address.`],
    ['\n <html>', `"${url}" is a web page (HTML), not a model: check the address.`],
    ['hello there', `"${url}" is neither a .tflite file (bytes 4 to 7 are not "TFL3") nor a tfjs model.json.`],
    [MODEL.slice(0, 7), `"${url}" is neither a .tflite file (bytes 4 to 7 are not "TFL3") nor a tfjs model.json.`],
    ['{"modelTopology": ', /^"https:\/\/models\.example\/m" begins like a model\.json and is not JSON: .*\.$/],
    [json({ hello: 1 }), `"${url}": this is not a tfjs model.json: it has no "modelTopology".`],
    [json({ modelTopology: {} }), `"${url}": this is not a tfjs graph model: its "modelTopology" has no list of nodes.`],
    [json({ format: 'layers-model', modelTopology: { node: [] } }), /is a tfjs layers model; only graph models can run: convert it with tensorflowjs_converter/],
    [json({ modelTopology: { class_name: 'Sequential', config: {} } }), /is a tfjs layers model/],
    [json({ modelTopology: { model_config: {} } }), /is a tfjs layers model/],
    [json(graphModel({ weightsManifest: {} })), /has a "weightsManifest" that is not a list of \{paths, weights/],
    [json(graphModel({ weightsManifest: [null] })), /has a "weightsManifest" that is not a list/],
    [json(graphModel({ weightsManifest: [{ paths: [1], weights: [] }] })), /has a "weightsManifest" that is not a list/],
    [json(graphModel({ weightsManifest: [{ paths: ['w1.bin'], weights: [{ name: 'a' }] }] })), /has a "weightsManifest" that is not a list/],
  ];
  for (const [body, message] of cases) {
    const { wxnn } = withFiles({ [url]: body });
    await assert.rejects(wxnn.loadModel(url), { message });
    await wxnn.loadModel(MODEL);
  }
});

test('a source of the wrong kind is refused in a sentence', async () => {
  const { wxnn } = withFiles({});
  for (const source of [undefined, null, 5, true, [], new Float32Array(4), () => 1]) {
    await assert.rejects(wxnn.loadModel(source), /^Error: loadModel needs an address, bytes, \{model, weights\} or a tf\.io\.IOHandler; this is /);
  }
  await assert.rejects(wxnn.loadModel({}), { message: 'the model: this is not a tfjs model.json: it has no "modelTopology".' });
  await assert.rejects(wxnn.loadModel(''), { message: 'loadModel was given an empty address.' });
  await assert.rejects(wxnn.loadModel(new Uint8Array(0)), { message: 'the model is empty.' });
  await assert.rejects(wxnn.loadModel(Uint8Array.from(Buffer.from(JSON.stringify(graphModel())))),
    { message: 'a model.json has its weights in other files: give its address, or {model, weights}.' });
  await assert.rejects(wxnn.loadModel(MODEL, { threads: 2 }), /^Error: loadModel's options has no "threads"; it knows variant, /);
});

test('any JSON ends in a model or a sentence', async () => {
  const { wxnn } = withFiles({});
  const json = fc.jsonValue();
  const weight = fc.record({ name: fc.string(), shape: fc.oneof(fc.array(fc.integer({ min: -1, max: 3 })), json), dtype: fc.oneof(fc.constantFrom('float32', 'string', 'bool'), json) });
  const node = fc.oneof(json, fc.record({ name: fc.string(), op: fc.string(), input: fc.oneof(json, fc.array(fc.string())), attr: fc.oneof(json, fc.dictionary(fc.string(), json)) }));
  const manifest = fc.oneof(json, fc.array(fc.record({ paths: fc.array(fc.string()), weights: fc.array(weight) })));
  const topology = fc.oneof(json, fc.record({ node: fc.oneof(json, fc.array(node)) }));
  await fc.assert(fc.asyncProperty(topology, manifest, async (modelTopology, weightsManifest) => {
    const outcome = await wxnn.loadModel({ model: { modelTopology, weightsManifest }, weights: new Uint8Array(0) }).catch((error) => error);
    assert.ok(!/TypeError|RangeError/.test(outcome.name), String(outcome.stack));
  }), { numRuns: 500 });
});

test('Node: files, file: addresses, and what is wrong with them', async () => {
  const wxnn = require('../..');
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'wxnn-'));
  try {
    const missing = path.join(directory, 'none.tflite');
    await assert.rejects(wxnn.loadModel(missing), { message: `could not read "${missing}": there is no such file.` });
    await assert.rejects(wxnn.loadModel(directory), { message: `could not read "${directory}": it is a directory.` });
    const page = path.join(directory, 'page.tflite');
    fs.writeFileSync(page, '<html>');
    await assert.rejects(wxnn.loadModel(page), { message: `"${page}" is a web page (HTML), not a model: check the address.` });
    await assert.rejects(wxnn.loadModel(`file://${page}`), /is a web page/);
  } finally {
    fs.rmSync(directory, { recursive: true });
  }
});
