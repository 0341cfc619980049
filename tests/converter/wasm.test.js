'use strict';
// The converter as WebAssembly: the bytes that the native one writes, the sentences that it says, and the npm package's way to it.

const { test } = require('node:test');
const assert = require('node:assert');
const { execFileSync, spawnSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { modelFile, isFetched } = require('../reference');

const root = path.join(__dirname, '../..');
const NATIVE = [path.join(root, 'build/native/wxnn_convert')];
const WASM = [process.execPath, path.join(root, 'converter/wxnn.js'), 'convert'];
const CASES = '/usr/share/libonnx-testdata/data/node';
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'wxnn-wasm-'));
test.after(() => fs.rmSync(folder, { recursive: true }));

/** What a converter writes and says. Both name the same program in their sentences here. */
function convert([program, ...first], source, options) {
  const output = path.join(folder, 'out.tflite');
  fs.rmSync(output, { force: true });
  const { status, stdout, stderr } = spawnSync(program, [...first, source, '-o', output, ...options], { encoding: 'utf8' });
  return { status, stdout, stderr: stderr.replace(/^npx wxnn convert:/, 'tools/convert:'), bytes: fs.existsSync(output) ? fs.readFileSync(output) : null };
}

function assertSame(source, options = []) {
  const [native, wasm] = [NATIVE, WASM].map((program) => convert(program, source, options));
  assert.equal(wasm.stderr, native.stderr);
  assert.equal(wasm.status, native.status);
  assert.equal(wasm.stdout, native.stdout);
  if (native.bytes === null) assert.equal(wasm.bytes, null);
  else assert.ok(native.bytes.equals(wasm.bytes), `${source} ${options.join(' ')}: the bytes differ`);
  return native;
}

// One of each kind of file and of weights; --long: all.
const FEW = ['short', 'tfjs-front', 'tfjs-mesh', 'selfie-tfjs', 'mobilenetv2-nsfw-layers'];
const { entries } = require('../../tools/models.json');
const zoo = entries.filter(({ id, format }) => /tflite|model/.test(format) && (process.env.WXNN_LONG || FEW.includes(id)));
for (const entry of zoo) {
  test(`${entry.id}: the same bytes from WebAssembly`, { skip: !isFetched(entry) && 'not fetched: tools/fetch_models.js --all' }, () => {
    const source = modelFile(entry.id);
    const { status, bytes } = assertSame(source);
    if (entry.id === 'tfjs-front' || process.env.WXNN_LONG) assertSame(source, ['--f16', '--custom-ops']);
    if (FEW.includes(entry.id)) assert.ok(status === 0 && bytes.length > 100_000);
  });
}

test('operator tests of ONNX: the same bytes from WebAssembly', () => {
  const names = fs.readdirSync(CASES).filter((_, i) => process.env.WXNN_LONG || i % 40 === 7);
  let converted = 0;
  for (const name of names) converted += assertSame(path.join(CASES, name, 'model.onnx'), ['--custom-ops']).status === 0;
  assert.ok(converted > names.length / 2, `${converted} of ${names.length} convert`);
});

test('what cannot be converted: the same sentence', () => {
  const broken = path.join(folder, 'broken.onnx');
  fs.writeFileSync(broken, 'no model');
  for (const source of [broken, path.join(folder, 'nobody.onnx'), __filename]) {
    const { status, stderr } = assertSame(source);
    assert.equal(status, 1);
    assert.match(stderr, /^tools\/convert: [^\n]+\.\n$/);
  }
});

test('npx wxnn convert from the packed npm package', () => {
  execFileSync(process.execPath, [path.join(root, 'tools/package'), '--quick', '--out', path.join(folder, 'package')], { stdio: ['ignore', 'pipe', 'pipe'] });
  const npm = (args, cwd) => execFileSync('npm', args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  const [{ filename }] = JSON.parse(npm(['pack', '--json', '--silent'], path.join(folder, 'package/npm')));
  const project = path.join(folder, 'project');
  fs.mkdirSync(project);
  npm(['install', '--offline', '--no-audit', '--no-fund', path.join(folder, 'package/npm', filename)], project);
  const npx = (...args) => spawnSync('npx', ['--offline', 'wxnn', ...args], { cwd: project, encoding: 'utf8' });
  assert.match(npx('convert', '--help').stdout, /^npx wxnn convert MODEL -o OUT\.tflite/);
  assert.match(npx('compile').stderr, /there is no command "compile"/);
  const source = path.join(CASES, 'test_relu/model.onnx');
  const { status, stderr } = npx('convert', source, '-o', 'relu.tflite');
  assert.equal(status, 0, stderr);
  assert.ok(fs.readFileSync(path.join(project, 'relu.tflite')).equals(convert(NATIVE, source, []).bytes));
});
