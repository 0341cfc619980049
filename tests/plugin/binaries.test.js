'use strict';
// The binaries of both profiles: imports, exports, features, sizes.

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const test = require('node:test');
const zlib = require('node:zlib');
const { transformSync } = require('esbuild');
const { pack } = require('../../tools/pack_wasm.js');
const { listFiles } = require('../../tools/packaging.js');
const { PLUGIN, ROOT, requireBuilt } = require('./programs.js');
const { parseModule } = require('./wasm_module.js');

// What every engine with SIMD has too. The plain build has to load on iOS 13, so it gets none of them.
const WITH_SIMD = ['simd', 'sign-ext', 'sat-float-to-int', 'bulk-memory', 'mutable-globals', 'multi-value'];
// Bytes after brotli: what may not be exceeded today; lower them as the binaries shrink. By Node's encoder (tools/build), and by ours, in
// which they are shipped (tools/pack_wasm.js; 10 s for the face operators, minutes for the others, so those with WXNN_LONG alone). The design
// asks for 170,000 for both forms of the operators of graph models (95,000 with SIMD, 75,000 without), for 300,000 for the whole package of
// the tfjs profile, and for 45,000 for the face models' alone with SIMD inside.
const BUDGETS = { plain: 93700, 'plain-tfjs': 130000, simd: 12150 };
const PACKED_BUDGETS = { plain: 90550, 'plain-tfjs': 125350, simd: 11750, faces: 43650 };
const FACES = 45000;  // by Node's encoder
const TFJS_PACKAGE = 244000;
const TABLE = '__indirect_function_table table';
const LINKERS = ['_emscripten_stack_restore function', 'emscripten_stack_get_current function'];  // of the loops
const LOOPS_MEMORY = 16384;  // the first bytes of the memory
const LARGEST_HEAP = { false: 4096, true: 32768 };   // pages of 64 KB: 256 MB; in the tfjs profile 2 GB

/** Exports that abi.md and vision_exports.cc name; those for single operators are the tfjs profile's. */
function documented(variant) {
  const abi = fs.readFileSync(path.join(ROOT, 'native/wasm/abi.md'), 'utf8');
  const vision = fs.readFileSync(path.join(ROOT, 'native/wasm/vision_exports.cc'), 'utf8');
  if (variant === 'simd') return ['_initialize', 'wxnn_loop'];
  const names = [...abi.matchAll(/^\| `(\w+)\(/gm), ...vision.matchAll(/^WXNN_EXPORT\((\w+)\)/gm)].map(([, name]) => name);
  return [...new Set(names)].filter((name) => forTfjs(variant) || !/^wxnn_(eager_|calls)/.test(name)).concat('memory').sort();
}

const forTfjs = (variant) => variant.endsWith('-tfjs');

function read(variant) {
  const file = `plugin/wasm/wxnn-${variant}.wasm.br`;
  requireBuilt(file, 'tools/build');
  const packed = fs.readFileSync(path.join(ROOT, file));
  return { packed, module: parseModule(new Uint8Array(zlib.brotliDecompressSync(packed))) };
}

for (const variant of Object.keys(BUDGETS)) {
  test(`${variant}: imports`, () => {
    const names = read(variant).module.imports.map(({ module, name, kind }) => `${module}.${name} ${kind}`).sort();
    const allowed = variant === 'simd' ? ['env.memory memory'] : ['env.wxnn_now function', 'env.wxnn_read function'];
    assert.deepEqual(names.filter((name) => !allowed.includes(name)), []);
  });

  test(`${variant}: exports are the documented functions and the memory`, () => {
    const { exports } = read(variant).module;
    assert.ok(exports.some(({ name, kind }) => TABLE === `${name} ${kind}`));
    const others = exports.filter(({ name, kind }) => ![TABLE, ...(variant === 'simd' ? LINKERS : [])].includes(`${name} ${kind}`));
    assert.deepEqual(others.filter(({ kind }) => kind !== 'function' && kind !== 'memory'), [], 'no Global: iOS cannot export it');
    assert.deepEqual(others.map(({ name }) => name).sort(), documented(variant));
  });

  test(`${variant}: features`, () => {
    const { features, memory } = read(variant).module;
    const allowed = variant.startsWith('simd') ? WITH_SIMD : ['mutable-globals'];
    assert.deepEqual([...features].filter((feature) => !allowed.includes(feature)), []);
    assert.equal(features.has('simd'), variant.startsWith('simd'));
    assert.ok(memory.initial <= 64, `the heap starts at ${memory.initial * 64} KB; 4 MB is the limit`);
    if (variant === 'simd') return;  // whatever the engine's memory may become
    assert.ok(memory.maximum <= LARGEST_HEAP[forTfjs(variant)], `the heap may grow to ${memory.maximum} pages`);
  });

  test(`${variant}: size`, () => {
    const { length } = read(variant).packed;
    assert.ok(length <= BUDGETS[variant], `${length} bytes; ${BUDGETS[variant]} is the limit`);
  });
}

test('the package with TensorFlow.js\'s profile fits its limit', () => {
  // All that tools/package --tfjs puts into a plugin: a mini-program gets every file, whichever of the two binaries it will use.
  const sizeOf = (file) => (/^components.*js$/.test(file) ? transformSync(fs.readFileSync(path.join(PLUGIN, file), 'utf8'), { minify: true, target: 'es2018' }).code.length
    : fs.statSync(path.join(PLUGIN, file)).size);
  const files = listFiles(PLUGIN).filter((file) => !/^src\/|^\.|\.ts$|^wasm\/(?!wxnn-(plain-tfjs|simd)\.wasm)|^models\//.test(file));
  const all = files.reduce((sum, file) => sum + sizeOf(file), 0);
  assert.ok(all <= TFJS_PACKAGE, `${all} bytes (${files.map((file) => `${file} ${sizeOf(file)}`)}); ${TFJS_PACKAGE} is the limit`);
});

for (const [variant, limit] of Object.entries(PACKED_BUDGETS)) {
  const skip = variant === 'faces' || process.env.WXNN_LONG ? false : 'tools/test --long';
  test(`${variant}: size as it is shipped`, { skip }, () => {
    const file = variant === 'faces' ? 'build/simd/wxnn-simd-faces.wasm' : `build/${variant.split('-')[0]}/wxnn-${variant}.wasm`;
    requireBuilt(file, 'tools/build');
    const { length } = pack(fs.readFileSync(path.join(ROOT, file)));
    assert.ok(length <= limit, `${length} bytes; ${limit} is the limit`);
  });
}

test('faces: size by brotli 11', () => {
  const file = 'build/simd/wxnn-simd-faces.wasm';
  requireBuilt(file, 'tools/build');
  const bytes = fs.readFileSync(path.join(ROOT, file));
  const { BROTLI_PARAM_QUALITY: quality, BROTLI_PARAM_SIZE_HINT: hint } = zlib.constants;
  const { length } = zlib.brotliCompressSync(bytes, { params: { [quality]: 11, [hint]: bytes.length } });
  assert.ok(length <= FACES, `${length} bytes; ${FACES} is the limit`);
});

/** A plain engine and the SIMD loops on one memory, as the adapter makes them. */
function instantiateBoth(variant) {
  const compile = (name) => new WebAssembly.Module(zlib.brotliDecompressSync(read(name).packed));
  const imports = { env: { wxnn_now: () => 0, wxnn_read: () => 0 } };
  const engine = new WebAssembly.Instance(compile(variant), imports).exports;
  new Uint8Array(engine.memory.buffer, LOOPS_MEMORY).fill(0xaa, 1 << 20);  // behind the engine's own data
  const before = new Uint8Array(engine.memory.buffer).slice();
  const loops = new WebAssembly.Instance(compile('simd'), { env: { memory: engine.memory } }).exports;
  return { engine, loops, before };
}

function placesOf({ wxnn_loop: loop }) {
  const places = [];
  for (let place; (place = loop(places.length)); ) places.push(place);
  return places;
}

for (const variant of ['plain', 'plain-tfjs']) {
  test(`${variant}: the SIMD loops fit it`, () => {
    const { engine, loops, before } = instantiateBoth(variant);
    const places = placesOf(engine);
    assert.equal(placesOf(loops).length, places.length);
    assert.ok(places.length >= 50, `${places.length} loops`);
    // Two loops that are one function without SIMD would be one with it.
    assert.equal(new Set(places).size, places.length);
    assert.ok(before.subarray(0, LOOPS_MEMORY).every((byte) => byte === 0), 'the engine has data where the loops have theirs');
    const after = new Uint8Array(engine.memory.buffer);
    assert.ok(Buffer.compare(before.subarray(LOOPS_MEMORY), after.subarray(LOOPS_MEMORY)) === 0, 'the loops have data where the engine has its own');
    assert.ok(loops.emscripten_stack_get_current() <= LOOPS_MEMORY);
  });

  test(`${variant}: a loop is called by its place alone, so that another can stand there`, () => {
    const { engine } = instantiateBoth(variant);
    const { table, called } = read(variant).module;
    assert.deepEqual(placesOf(engine).map((place, i) => (called.has(table[place]) ? i : -1)).filter((i) => i >= 0), []);
  });
}

test('simd: no heap', () => {
  assert.equal(read('simd').module.grows, false);
});

test('the parser sees features', () => {
  const module = (...code) => {
    const body = [0, ...code, 0x0b];  // no locals
    return Uint8Array.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 4, 1, 0x60, 0, 0, 3, 2, 1, 0, 10, body.length + 2, 1, body.length, ...body]);
  };
  const cases = [
    [[0x41, 0, 0x1a], []],                                  // i32.const 0; drop
    [[0x43, 0, 0, 0, 0, 0x1a], []],                         // f32.const
    [[0x02, 0x40, 0x0b], []],                               // block
    [[0x02, 0, 0x0b], ['multi-value']],                     // block of a type by index
    [[0x41, 0, 0xc0, 0x1a], ['sign-ext']],                  // i32.extend8_s
    [[0x41, 0, 0x41, 0, 0x41, 0, 0xfc, 11, 0], ['bulk-memory']],
    [[0x41, 0, 0x11, 0, 0], []],                            // call_indirect
    [[0x41, 0, 0x11, 0, 0x80, 0x80, 0], ['reference-types']],  // its padded form
    [[0x41, 0, 0xfd, 15, 0x1a], ['simd']],
    [[0xfd, 0x80, 0x02], ['relaxed-simd']],
    [[0xfe, 3, 0], ['threads']],
  ];
  for (const [code, features] of cases) assert.deepEqual([...parseModule(module(...code)).features], features, String(code));
  assert.throws(() => parseModule(module(0x41, 0, 0x1a).slice(0, -2)), /ends/);
  assert.throws(() => parseModule(module(0xff)), /opcode 0xff/);
  assert.throws(() => parseModule(Uint8Array.of(1, 2, 3)), /no WebAssembly binary/);
});
