'use strict';
// Bundles the adapter: plugin/src -> plugin/index.js (mini-programs) with its parts, the worker's script, build/node/index.js (Node),
// build/web/wxnn.js (web pages, with its binaries beside it), plugin/index.d.ts. Takes well under a second;
// tools/build runs it.
//
//   node tools/bundle.js [--readable]     --readable: not minified

const fs = require('node:fs');
const path = require('node:path');
const zlib = require('node:zlib');
const esbuild = require('esbuild');
const ts = require('typescript');
const PRIVATE_NAMES = require('./private_names');

const source = (name) => path.join(__dirname, '../plugin/src', name);
const output = (name) => path.join(__dirname, '../plugin', name);
const { version } = require('../package.json');
const { libVersion } = require('../project.config.json');  // the minimum base library, said there alone

/** Kinds of binaries, as their names end: operators that models of phones use, every operator. Here both are at hand. */
const PROFILES = ['', '-tfjs'];

const BINARIES = ['wxnn-plain.wasm.br', 'wxnn-plain-tfjs.wasm.br', 'wxnn-simd.wasm.br'];

/** Parts in files of their own: entry -> file. index.js requires them when they are asked for (src/parts.ts). */
const PARTS = { 'download.ts': 'download.js', 'tfjs/index.ts': 'tfjs.js', 'worker/index.ts': 'worker.js' };

/** Names in src/index.ts's list: the places at which parts find what index.js has already. */
function sharedNames() {
  return /^const shared = \[(.*?)\];$/ms.exec(fs.readFileSync(source('index.ts'), 'utf8'))[1].match(/\w+/g);
}

/** Imports of modules that index.js consists of: parts take them from there. A name that is not in the list is refused by esbuild. */
const sharedModules = {
  name: 'shared modules',
  setup(build) {
    const names = sharedNames();
    const text = fs.readFileSync(source('index.ts'), 'utf8');
    const modules = {};
    for (const [, imported, module] of text.matchAll(/^import \{ (.*) \} from '\.\/(\w+)';$/gm)) {
      modules[module] = imported.split(', ').filter((name) => names.includes(name));
    }
    build.onResolve({ filter: /^\.\.?\// }, ({ path: name, resolveDir }) => {
      const module = path.relative(source('.'), path.join(resolveDir, name));
      return module in modules && modules[module].length ? { path: module, namespace: 'shared' } : undefined;
    });
    build.onLoad({ filter: /./, namespace: 'shared' }, ({ path: module }) =>
      ({ contents: modules[module].map((name) => `export const ${name} = $[${names.indexOf(name)}];`).join('\n') }));
  },
};

function bundle(entry, file, { wasmDirectory = '/wasm', profiles = PROFILES, ...options }) {
  return esbuild.build({
    entryPoints: [source(entry)],
    outfile: file,
    bundle: true,
    format: 'cjs',
    target: 'es2018',   // what WeChat's own tools and the engines of base library 2.30.0 take
    define: { WXNN_VERSION: JSON.stringify(version), WXNN_WASM: JSON.stringify(wasmDirectory), WXNN_PROFILE: JSON.stringify(profiles[0]), WXNN_LARGER: String(profiles.length > 1), WXNN_BASE_LIBRARY: JSON.stringify(libVersion), WXNN_TEXT_CODER: String(/^(node|browser)$/.test(options.platform)) },
    minify: !process.argv.includes('--readable'),
    legalComments: 'none',
    logLevel: 'warning',
    mangleProps: new RegExp(`^(${PRIVATE_NAMES.join('|')})$`),
    mangleCache: shortNames(),
    ...options,
  });
}

/** Private name -> short one: capitals, which nobody else calls a property, then two characters. */
function shortNames() {
  const letters = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZ'], all = letters.concat(letters.map((letter) => letter.toLowerCase()));
  const short = [...letters, ...all.map((letter) => `$${letter}`), ...all.map((letter) => `_${letter}`)];
  return Object.fromEntries(PRIVATE_NAMES.map((name, i) => [name, short[i]]));
}

/** A part is a function of the shared names that gives the part's exports. */
async function bundlePart(entry, folder) {
  const file = path.join(folder, PARTS[entry]);
  const { outputFiles: [{ text }] } = await bundle(entry, file, { platform: 'neutral', format: 'esm', plugins: [sharedModules], write: false });
  const [exported, names] = /export\s*\{([^}]*)\};\s*$/.exec(text);
  const given = names.split(',').map((one) => one.trim().split(' as ')).map(([local, name = local]) => `${name}:${local}`);
  fs.writeFileSync(file, `"use strict";module.exports=function($){${text.slice(0, -exported.length)}return{${given}}};\n`);
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

/** The adapter for web pages, an ES module; its binaries are the plugin's, without brotli. */
async function bundleForWeb(folder) {
  await bundle('web.ts', path.join(folder, 'wxnn.js'), { platform: 'browser', format: 'esm', target: 'es2020' });
  for (const file of ['threads/wxnn-threads.js', 'threads/wxnn-threads.wasm', 'simd/wxnn-relaxed.wasm']) {
    const built = output(`../build/${file}`);
    if (fs.existsSync(built)) fs.copyFileSync(built, path.join(folder, path.basename(file)));
  }
  for (const file of fs.readdirSync(output('wasm'))) {
    const bytes = fs.readFileSync(output(`wasm/${file}`));
    fs.writeFileSync(path.join(folder, file.replace(/\.br$/, '')), file.endsWith('.br') ? zlib.brotliDecompressSync(bytes) : bytes);
  }
}

/** The adapter for mini-programs, whose binaries lie in `wasmDirectory` of the code package: those of `profiles`, the smaller ones first. */
async function bundleAdapter(folder, wasmDirectory, profiles = PROFILES) {
  const external = Object.values(PARTS).map((file) => './' + file);
  fs.mkdirSync(folder, { recursive: true });
  await Promise.all([
    bundle('index.ts', path.join(folder, 'index.js'), { platform: 'neutral', external, wasmDirectory, profiles }),
    ...Object.keys(PARTS).map((entry) => bundlePart(entry, folder)),
  ]);
}

/** The script that a host puts into its workers' folder, for the binaries of `profiles`. */
function bundleWorker(file, profiles = PROFILES) {
  return bundle('worker/worker.ts', file, { platform: 'neutral', profiles });
}

async function main() {
  fs.mkdirSync(output('wasm'), { recursive: true });
  // WeChat packs whatever lies there, also what an older checkout has built.
  for (const file of fs.readdirSync(output('wasm'))) if (!BINARIES.includes(file)) fs.rmSync(output(`wasm/${file}`));
  await Promise.all([
    bundleAdapter(output('.'), '/wasm'),
    bundle('node.ts', output('../build/node/index.js'), { platform: 'node' }),
    bundleWorker(output('../build/worker/wxnn.js')),
    bundleForWeb(output('../build/web')),
  ]);
  fs.writeFileSync(output('index.d.ts'), ['types.ts', 'types_tfjs.ts', 'public.ts'].map(declarationsOf).join('\n'));
}

if (require.main === module) {
  main().catch((error) => {
    if (!error.errors) console.error(error);  // esbuild has said it
    process.exit(1);
  });
}

module.exports = { bundleAdapter, bundleWorker };
