'use strict';
// Bundles the adapter: plugin/src/*.ts -> plugin/index.js (mini-programs), plugin/node.js (Node), plugin/index.d.ts, and
// writes the SIMD probe. It also copies the demo's model into miniprogram/models, where tools/setup has fetched it. Takes well
// under a second; tools/build runs it.
//
//   node plugin/build.js [--readable]     --readable: not minified

const fs = require('node:fs');
const path = require('node:path');
const esbuild = require('esbuild');
const ts = require('typescript');

const source = (name) => path.join(__dirname, 'src', name);
const output = (name) => path.join(__dirname, name);
const { version } = require('../package.json');

// (module (func (export "f") (result i32) i32.const 1 i8x16.splat i8x16.extract_lane_s 0))
const SIMD_PROBE = Buffer.from('0061736d010000000105016000017f0302010007050101660000' + '0a0b0109004101fd0ffd15000b', 'hex');

function bundle(entry, file, options) {
  esbuild.buildSync({
    entryPoints: [source(entry)],
    outfile: output(file),
    bundle: true,
    format: 'cjs',
    target: 'es2018',   // what WeChat's own tools and the engines of base library 2.30.0 take
    define: { WXNN_VERSION: JSON.stringify(version) },
    minify: !process.argv.includes('--readable'),
    legalComments: 'none',
    logLevel: 'warning',
    ...options,
  });
}

/** The declarations of one file, without what it imports from its neighbours or exports of them. */
function declarationsOf(name) {
  const { outputText, diagnostics } = ts.transpileDeclaration(fs.readFileSync(source(name), 'utf8'), {
    fileName: source(name),
    compilerOptions: { strict: true, isolatedDeclarations: true, target: ts.ScriptTarget.ES2018 },
    reportDiagnostics: true,
  });
  for (const { messageText } of diagnostics || []) throw new Error(`${name}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`);
  return outputText.replace(/^(import|export) [^;]* from '\.\/[^;]*;\n/gm, '');
}

/** Under an ending that WeChat's packer keeps; the bytes stay an ordinary .tflite file. */
function copyDemoModel() {
  const model = output('../.cache/models/full-sparse/model.tflite');
  if (!fs.existsSync(model)) return;
  fs.mkdirSync(output('../miniprogram/models'), { recursive: true });
  fs.copyFileSync(model, output('../miniprogram/models/face_full_range.br'));
}

function main() {
  fs.mkdirSync(output('wasm'), { recursive: true });
  fs.writeFileSync(output('wasm/simd_probe.wasm'), SIMD_PROBE);
  bundle('index.ts', 'index.js', { platform: 'neutral' });
  bundle('node.ts', 'node.js', { platform: 'node' });
  fs.writeFileSync(output('index.d.ts'), declarationsOf('types.ts') + '\n' + declarationsOf('public.ts'));
  copyDemoModel();
}

main();
