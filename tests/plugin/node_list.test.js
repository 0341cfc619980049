'use strict';
// plugin/src/text.ts against Node's own coders, and what plugin/src/node_list.ts refuses. What it writes is
// read by the engine in the tests of models.

const assert = require('node:assert/strict');
const path = require('node:path');
const test = require('node:test');
const esbuild = require('esbuild');
const fc = require('fast-check');

function source(name) {
  const { outputFiles } = esbuild.buildSync({
    entryPoints: [path.join(__dirname, '../../plugin/src', name)], bundle: true, format: 'cjs', target: 'es2018', write: false, define: { WXNN_TEXT_CODER: 'false' },
  });
  const module = { exports: {} };
  new Function('module', 'exports', outputFiles[0].text)(module, module.exports);
  return module.exports;
}
const { utf8Encode, utf8Decode, base64Decode, base64Encode } = source('text.ts');
const { encodeNodeList } = source('node_list.ts');

// Bytes at the borders of what UTF-8 allows, and text units at the borders of its lengths and of surrogates.
const bytes = fc.array(fc.constantFrom(0x00, 0x41, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbb, 0xbf, 0xc0, 0xc2, 0xdf, 0xe0, 0xed, 0xef, 0xf0, 0xf4, 0xf5, 0xff))
  .map((list) => Uint8Array.from(list));
const units = fc.array(fc.constantFrom(0x00, 0x41, 0x7f, 0x80, 0x7ff, 0x800, 0x4e2d, 0xd7ff, 0xd800, 0xdbff, 0xdc00, 0xdfff, 0xe000, 0xffff))
  .map((list) => String.fromCharCode(...list));

test('UTF-8 as TextEncoder and TextDecoder have it', () => {
  fc.assert(fc.property(units, (text) => assert.deepEqual(utf8Encode(text), new TextEncoder().encode(text))));
  fc.assert(fc.property(bytes, (list) => assert.equal(utf8Decode(list), new TextDecoder().decode(list))));
  const long = '脸😀'.repeat(5000);
  assert.equal(utf8Decode(utf8Encode(long)), long);
});

test('base64 both ways, and the URL-safe alphabet', () => {
  fc.assert(fc.property(bytes, (list) => {
    const text = Buffer.from(list).toString('base64');
    assert.equal(base64Encode(list), text);
    assert.deepEqual(base64Decode(text), list);
    assert.deepEqual(base64Decode(Buffer.from(list).toString('base64url')), list);
  }));
  assert.throws(() => base64Decode('ab c'), /" " is no base64 digit/);
});

test('refuses what is no graph model, in a sentence', () => {
  const none = new Uint8Array(0);
  const model = (parts) => ({ modelTopology: { node: [] }, ...parts });
  const weights = (list) => model({ weightsManifest: [{ paths: [], weights: list }] });
  const cases = [
    [{}, /no "modelTopology"/],
    [{ modelTopology: {} }, /no list of nodes/],
    [model({ modelTopology: { node: [{ op: 'Relu' }] } }), /has no name or op/],
    [weights([{ name: 'w', shape: [2], dtype: 'float32' }]), /end before weight "w": 8 bytes are needed, there are 0/],
    [weights([{ name: 'w', shape: [2], dtype: 'float8' }]), /weight "w" of model.json has an unknown type \(float8\)/],
  ];
  for (const [json, sentence] of cases) assert.throws(() => encodeNodeList(json, none), sentence);
});

test('the shards are pieces of the file as they are, and what the JSON holds comes behind them', () => {
  const held = { dtype: 'DT_INT32', tensorShape: { dim: [{ size: '1' }] }, intVal: [7] };
  const json = {
    modelTopology: { node: [{ name: 'h', op: 'Const' }, { name: 'f', op: 'Const' }, { name: 'i', op: 'Const', attr: { value: { tensor: held } } }] },
    weightsManifest: [{ paths: [], weights: [
      { name: 'h', shape: [1], dtype: 'float32', quantization: { dtype: 'float16' } },
      { name: 'f', shape: [1], dtype: 'float32' }] }],
  };
  const shards = [Uint8Array.of(1, 2, 3), Uint8Array.of(), Uint8Array.of(4, 5, 6)];
  const pieces = encodeNodeList(json, shards)();
  shards.forEach((shard, i) => assert.equal(pieces[i + 1], shard));
  const [head] = pieces;
  const words = new DataView(head.buffer, head.byteOffset, head.byteLength);
  assert.equal(utf8Decode(head.subarray(0, 4)), 'WXNL');
  assert.deepEqual([words.getUint32(8, true), words.getUint32(12, true)], [head.length, 10]);
  assert.deepEqual([...Buffer.concat(pieces.slice(1))], [1, 2, 3, 4, 5, 6, 7, 0, 0, 0]);
});

test('what is made while the weights are on their way is what is made when they are there', () => {
  const json = {
    modelTopology: { node: [{ name: 'h', op: 'Const' }, { name: 'f', op: 'Identity', input: ['h'], attr: { T: { type: 'DT_FLOAT' } } }] },
    weightsManifest: [{ paths: [], weights: [{ name: 'h', shape: [3], dtype: 'float32' }, { name: 'g', shape: [1], dtype: 'uint8' }] }],
  };
  const shards = [Uint8Array.of(1, 2, 3, 4, 5), Uint8Array.of(6, 7, 8, 9, 10, 11, 12, 13)];
  const coming = [];
  const file = encodeNodeList(json, coming, 13);
  coming.push(...shards);
  assert.deepEqual(Buffer.concat(file()), Buffer.concat(encodeNodeList(json, shards)()));
});
