'use strict';
// Runs the plugin's bundle on engines like those of phones: node15 (V8 8.6: Chrome 86, the floor on Android), jsc (JavaScriptCore
// without JIT: iOS's logic layer), and the Node that runs the tests.
//
// A driver is a CommonJS file without require that exports `function (wxnn, input)`, which gives a promise of something JSON can hold.

const { execFile } = require('child_process');
const fs = require('fs');
const os = require('os');
const path = require('path');
const { promisify } = require('util');
const zlib = require('zlib');

const run = promisify(execFile);
const ROOT = path.join(__dirname, '../..');
const NODE15 = path.join(ROOT, '.cache/engines/node15/bin/node');
const LIMIT = { maxBuffer: 1 << 26, timeout: 300000 };

/**
 * @param {'node' | 'node15' | 'jsc'} engine
 * @param {object} options
 * @param {string} options.pluginRoot
 * @param {string} options.driver file
 * @param {{[path: string]: string}} [options.packageFiles] package path -> file on disk
 * @param {'instance' | 'both'} [options.resultShape]
 * @param {string} [options.input] file whose bytes the driver gets
 * @returns {Promise<unknown>} what the driver gave
 */
async function runOn(engine, options) {
  if (engine === 'jsc') return runInJsc(options);
  const binary = engine === 'node15' ? NODE15 : process.execPath;
  if (!fs.existsSync(binary)) throw new Error('Node 15.14 is missing from .cache/engines: run tools/setup.');
  const { stdout } = await run(binary, [path.join(__dirname, 'run_driver.js'), JSON.stringify(options)], LIMIT);
  return JSON.parse(stdout);
}

/** The jsc shell has neither files by path nor zlib nor vm, so a script is made that brings all it needs. */
async function runInJsc({ pluginRoot, driver, packageFiles = {}, resultShape = 'instance', input }) {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'wxnn-jsc-'));
  try {
    const files = { ...packageFiles };
    for (const name of fs.readdirSync(path.join(pluginRoot, 'wasm'))) {
      const bytes = fs.readFileSync(path.join(pluginRoot, 'wasm', name));
      files[`/wasm/${name}`] = path.join(directory, name);
      fs.writeFileSync(files[`/wasm/${name}`], name.endsWith('.br') ? zlib.brotliDecompressSync(bytes) : bytes);
    }
    const script = path.join(directory, 'script.js');
    fs.writeFileSync(script, jscScript(pluginRoot, driver, files, resultShape, input));
    const { stdout } = await run('jsc', [script], { ...LIMIT, env: { ...process.env, JSC_useJIT: '0' } });
    const { result, error } = JSON.parse(stdout);
    if (error) throw new Error(error);
    return result;
  } finally {
    fs.rmSync(directory, { recursive: true });
  }
}

function jscScript(pluginRoot, driver, files, resultShape, input) {
  const { main } = JSON.parse(fs.readFileSync(path.join(pluginRoot, 'plugin.json'), 'utf8'));
  const scripts = {};
  for (const name of fs.readdirSync(pluginRoot, { recursive: true })) {
    if (name.endsWith('.js')) scripts[name] = fs.readFileSync(path.join(pluginRoot, name), 'utf8');
  }
  const module = (file) => `(function () { var module = {exports: {}}, exports = module.exports;
${fs.readFileSync(file, 'utf8')}
return module.exports; })()`;
  const absent = ['WebAssembly', 'SharedArrayBuffer', 'Atomics', 'performance', 'readFile', 'read', 'load', 'print', 'eval'];
  return `'use strict';
var FILES = ${JSON.stringify(files)};
var shell = { engine: WebAssembly, readFile: readFile, print: print };
function readPackage(name) {
  var file = FILES['/' + name.replace(/^\\//, '')];
  return file && shell.readFile(file, 'binary');
}
var WXWebAssembly = ${module(path.join(__dirname, 'wx_webassembly.js'))}.createWXWebAssembly({
  read: readPackage, engine: shell.engine, resultShape: ${JSON.stringify(resultShape)} });
var fileSystem = ${module(path.join(__dirname, 'wx_files.js'))}.createFileSystemManager({
  readPackage: readPackage, user: {}, later: function (callback) { Promise.resolve().then(callback); },
  decode: function () { throw 'this simulator decodes no texts'; } });
var wx = { getFileSystemManager: function () { return fileSystem; } };
var drive = ${module(driver)};
var SCRIPTS = ${JSON.stringify(scripts)}, modules = {};
function requireScript(name) {
  function requireBeside(relative) {
    var parts = /^@babel/.test(relative) ? [] : name.split('/').slice(0, -1);
    relative.split('/').forEach(function (part) {
      if (part === '..') parts.pop();
      else if (part !== '.') parts.push(part);
    });
    return requireScript(parts.join('/').replace(/(\\.js)?$/, '.js'));
  }
  if (!modules[name]) {
    modules[name] = { exports: {} };
    (new Function('module', 'exports', 'require', 'wx', 'WXWebAssembly', ${JSON.stringify(absent.slice(0, -1).join())}, SCRIPTS[name]))(modules[name], modules[name].exports, requireBeside, wx, WXWebAssembly);
  }
  return modules[name].exports;
}
var wxnn = requireScript(${JSON.stringify(main)});
drive(wxnn, ${input ? `shell.readFile(${JSON.stringify(input)}, 'binary')` : 'undefined'}).then(function (result) { print(JSON.stringify({ result: result })); },
                 function (error) { print(JSON.stringify({ error: String(error && error.message || error) })); });
`;
}

module.exports = { runOn };
