'use strict';
// Plugin and demo through WeChat's own packer and compilers: what goes in comes out, nothing else does, and the packed plugin finds
// the same faces, bit for bit, on engines like those of phones.

const assert = require('node:assert/strict');
const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const test = require('node:test');
const { faultsOf, listFiles } = require('../../tools/packaging.js');
const { BINARIES, ROOT, requireBuilt } = require('../plugin/programs.js');
const { runOn } = require('../simulator/engines.js');
const { pack } = require('./wechat_packer.js');

const COMPILERS = path.join(path.dirname(require.resolve('miniprogram-compiler/package.json')), 'bin/linux');
const DROPPED = /\.(ts|gitignore)$|(^|\/)\.gitignore$/;  // sources and git's own: not meant for the package

/** A copy of the project as git and tools/build leave it, without what is not WeChat's. */
function copyProject(t) {
  for (const name of BINARIES) requireBuilt(`plugin/wasm/${name}`, 'tools/build');
  requireBuilt('plugin/index.js', 'node tools/bundle.js');
  execFileSync(process.execPath, [path.join(ROOT, 'tools/demo_files.js')]);  // icons and models, which git has not
  const project = fs.mkdtempSync(path.join(os.tmpdir(), 'wxnn-project-'));
  t.after(() => fs.rmSync(project, { recursive: true }));
  for (const name of ['project.config.json', 'plugin', 'miniprogram']) fs.cpSync(path.join(ROOT, name), path.join(project, name), { recursive: true });
  return project;
}

const expected = (project, folder) => listFiles(path.join(project, folder)).map((name) => `${folder}/${name}`).filter((name) => !DROPPED.test(name));
const inFolder = (files, folder) => [...files.keys()].filter((name) => name.startsWith(folder + '/')).sort();

test('the plugin and the demo as WeChat packs them', async (t) => {
  const project = copyProject(t);
  for (const type of ['miniProgramPlugin', 'miniProgram']) {
    if (type === 'miniProgram') {  // a host has the plugin from WeChat, by a version
      const file = path.join(project, 'miniprogram/app.json');
      fs.writeFileSync(file, fs.readFileSync(file, 'utf8').replace('"dev"', '"1.0.0"'));
    }
    const packed = await pack(project, type);
    // A mini-program's package begins in its own root, a plugin's holds both.
    const files = type === 'miniProgram' ? new Map([...packed].map(([name, bytes]) => [`miniprogram/${name}`, bytes])) : packed;
    for (const folder of type === 'miniProgram' ? ['miniprogram'] : ['plugin', 'miniprogram']) {
      const names = expected(project, folder);
      assert.deepEqual(inFolder(files, folder).filter((name) => name !== 'miniprogram/project.config.json'), names, `${type}: ${folder}`);
      for (const name of names.filter((file) => /\.(br|wasm|png)$/.test(file))) {
        assert.ok(files.get(name).equals(fs.readFileSync(path.join(project, name))), `${name} is as it was`);
      }
    }
  }
  assert.deepEqual(faultsOf(path.join(project, 'plugin'), expected(project, 'plugin').map((name) => name.slice(7))), []);
});

test('the packer drops and refuses what tools/package says it does', async (t) => {
  const project = copyProject(t);
  fs.writeFileSync(path.join(project, 'plugin/weights.bin'), 'x');
  assert.ok(!(await pack(project, 'miniProgramPlugin')).has('plugin/weights.bin'));
  assert.deepEqual(faultsOf(path.join(project, 'plugin'), ['weights.bin']), ['weights.bin: WeChat\'s packer drops files that end in ".bin" without a word; data may be called .br or .wasm.']);
  fs.writeFileSync(path.join(project, 'plugin/plugin.json'), '{"main": "none.js"}');
  await assert.rejects(pack(project, 'miniProgramPlugin'), /none\.js/);
});

test('every WXML and WXSS compiles with WeChat\'s compilers', (t) => {
  const files = ['plugin', 'miniprogram'].flatMap((folder) => listFiles(path.join(ROOT, folder)).map((name) => path.join(folder, name)));
  const compile = (compiler, file, folder = ROOT) => {
    const program = path.join(COMPILERS, compiler);
    fs.chmodSync(program, 0o755);
    return execFileSync(program, compiler === 'wcc' ? ['-d', file] : ['-js', file], { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
  };
  const sheets = files.filter((name) => /\.wx(ml|ss)$/.test(name));
  assert.ok(sheets.length >= 2);
  for (const name of sheets) compile(name.endsWith('.wxml') ? 'wcc' : 'wcsc', path.basename(name), path.join(ROOT, path.dirname(name)));
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'wxnn-wxml-'));
  t.after(() => fs.rmSync(directory, { recursive: true }));
  fs.writeFileSync(path.join(directory, 'bad.wxml'), '<view>');
  fs.writeFileSync(path.join(directory, 'bad.wxss'), '.a { color: ');
  assert.throws(() => compile('wcc', 'bad.wxml', directory));
  assert.throws(() => compile('wcsc', 'bad.wxss', directory));
});

test('the npm and copy-in forms find their binaries where they are put', async (t) => {
  const { bundleAdapter } = require('../../tools/bundle.js');
  const { createMiniProgram } = require('../simulator');
  for (const name of BINARIES) requireBuilt(`plugin/wasm/${name}`, 'tools/build');
  for (const folder of ['miniprogram_npm/wxnn', 'wxnn']) {
    const host = fs.mkdtempSync(path.join(os.tmpdir(), 'wxnn-host-'));
    t.after(() => fs.rmSync(host, { recursive: true }));
    await bundleAdapter(path.join(host, folder), `/${folder}/wasm`);
    fs.cpSync(path.join(ROOT, 'plugin/wasm'), path.join(host, folder, 'wasm'), { recursive: true });
    fs.writeFileSync(path.join(host, 'plugin.json'), JSON.stringify({ main: `${folder}/index.js` }));  // the simulator's way in
    const program = createMiniProgram({ pluginRoot: host });
    const { variant, reasons } = await program.requirePlugin('wxnn').probe();
    assert.equal(variant, 'simd', reasons.join('; '));
    assert.deepEqual(program.log.instantiations.map((entry) => entry.path), [`/${folder}/wasm/wxnn-plain.wasm.br`, `/${folder}/wasm/wxnn-simd.wasm.br`]);
  }
});

/** A photo as the driver reads it: width and height as two uint32, then RGBA. */
async function writePhoto(file) {
  const photo = path.join(ROOT, '.cache/models/photos/sample1.jpg');
  requireBuilt(path.relative(ROOT, photo), 'tools/setup');
  const { data, info } = await require('sharp')(photo).resize(320).ensureAlpha().raw().toBuffer({ resolveWithObject: true });
  fs.writeFileSync(file, Buffer.concat([Buffer.from(Uint32Array.of(info.width, info.height).buffer), data]));
}

test('the packed plugin finds the same faces on Node, Node 15.14 (Chrome 86) and jsc without JIT (iOS)', async (t) => {
  const project = copyProject(t);
  const photo = path.join(project, 'photo.br');
  await writePhoto(photo);
  const model = path.join(ROOT, '.cache/models/full-sparse/model.tflite');
  requireBuilt(path.relative(ROOT, model), 'tools/setup');
  let faces;
  for (const es5 of [false, true]) {
    const files = await pack(project, 'miniProgramPlugin', { es5 });
    const pluginRoot = path.join(project, `packed-${es5}`);
    for (const name of inFolder(files, 'plugin')) {
      const file = path.join(pluginRoot, name.slice('plugin/'.length));
      fs.mkdirSync(path.dirname(file), { recursive: true });
      fs.writeFileSync(file, files.get(name));
    }
    for (const [engine, resultShape] of [['node', 'both'], ['node', 'instance'], ['node15', 'instance'], ['jsc', 'both']]) {
      await t.test(`${engine}, ${es5 ? 'compiled to ES5' : 'as it is'}, ${resultShape}`, async () => {
        const found = await runOn(engine, {
          pluginRoot, resultShape, driver: path.join(__dirname, 'faces_driver.js'), input: photo, packageFiles: { '/models/faces.br': model },
        });
        assert.ok(found.faces.length >= 1);
        assert.equal(found.variant, engine === 'node' ? 'simd' : 'plain');
        faces = faces || found.faces;
        assert.deepEqual(found.faces, faces);
      });
    }
  }
});
