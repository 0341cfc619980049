'use strict';
// A stand-in for the logic layer of a mini-program: see README.md. CommonJS that Node 15.14 (the engine of Chrome 86) runs.

const fs = require('fs');
const path = require('path');
const v8 = require('v8');
const vm = require('vm');
const zlib = require('zlib');
const { createWXWebAssembly } = require('./wx_webassembly.js');
const { createFileSystemManager } = require('./wx_files.js');
const { createNetwork } = require('./wx_network.js');

const MOST_IN_KEY = 1 << 20, MOST_IN_STORAGE = 10 << 20;  // characters, about
// What V8 puts into a fresh context and WeChat's logic layer does not have.
const ABSENT = ['WebAssembly', 'SharedArrayBuffer', 'Atomics', 'WeakRef', 'FinalizationRegistry'];

/**
 * @param {object} options
 * @param {string} options.pluginRoot directory with plugin.json
 * @param {string} [options.alias] what the host's app.json calls the plugin; 'wxnn'
 * @param {string} [options.hostRoot] directory of the host's code package
 * @param {'instance' | 'both'} [options.resultShape] of WXWebAssembly.instantiate
 * @param {'android' | 'ios' | 'devtools'} [options.platform]
 * @param {{[url: string]: import('./wx_network.js').Answer}} [options.urls] what the network answers
 * @param {{[path: string]: Uint8Array | string}} [options.userFiles] wxfile://usr/… : bytes, or a file on disk to read them from
 * @param {{[path: string]: Uint8Array | string}} [options.packageFiles] files added to the plugin's package, likewise
 * @param {{[key: string]: unknown}} [options.storage] what the plugin's storage holds
 * @param {number} [options.timeScale] timers run that many times faster
 * @param {object} [options.faults] see README.md
 */
function createMiniProgram(options) {
  const { pluginRoot, alias = 'wxnn', hostRoot, resultShape = 'instance', platform = 'android', timeScale = 1, faults = {} } = options;
  const log = { instantiations: [], requests: [], reads: [], console: [] };
  const later = (callback, ms, ...values) => setTimeout(callback, (ms || 0) / timeScale, ...values);
  const context = createContext(later, timeScale, log);
  const program = {};
  const userFiles = toBytes(options.userFiles);
  const pluginStorage = options.storage || {};

  function createWx(root, added, user, isPlugin) {
    const files = createFileSystemManager({
      readPackage: (name) => readPackage(root, added, name),
      user,
      later: (callback) => { setImmediate(callback); },
      decode: (bytes, encoding) => Buffer.from(bytes).toString(encoding === 'binary' ? 'latin1' : encoding),
      log: log.reads,
      faults,
    });
    let temporary = 0;
    const network = createNetwork({
      urls: options.urls || {},
      later,
      cancel: clearTimeout,
      keepTemporary: (bytes) => {
        const name = `wxfile://tmp_${++temporary}`;
        user[name] = bytes;
        return name;
      },
      log: log.requests,
    });
    const storage = isPlugin ? pluginStorage : {};
    const wx = {
      request: network.request,
      downloadFile: network.downloadFile,
      getSystemInfoSync: () => ({ platform, SDKVersion: '2.30.0', version: '8.0.33', benchmarkLevel: platform === 'android' ? 30 : undefined }),
      getPerformance: () => ({ now: () => Number(process.hrtime.bigint() / BigInt(1000)) * (platform === 'devtools' ? 1e-3 : 1) }),
      setStorageSync: (key, value) => {
        const size = (held) => JSON.stringify(held).length;
        if (size(value) > MOST_IN_KEY) throw new Error('setStorage:fail entry size limit reached');
        if (size({ ...storage, [key]: value }) > MOST_IN_STORAGE) throw new Error('setStorage:fail exceed storage max size 10Mb');
        storage[key] = value;
      },
      getStorageSync: (key) => (key in storage ? storage[key] : ''),
      removeStorageSync: (key) => { delete storage[key]; },
    };
    if (!faults.noFileSystemManager) wx.getFileSystemManager = () => files;
    if (!faults.noWorker) wx.createWorker = (file, settings) => startWorker(file, settings);
    if (!isPlugin) wx.env = { USER_DATA_PATH: 'wxfile://usr' };  // absent in plugins
    return wx;
  }

  const pluginFiles = toBytes(options.packageFiles);
  const WXWebAssembly = faults.noWXWebAssembly ? undefined : createWXWebAssembly({
    read: (name) => {
      const bytes = readPackage(pluginRoot, pluginFiles, name);
      return bytes && /\.br$/.test(name) ? zlib.brotliDecompressSync(bytes) : bytes;
    },
    resultShape,
    faults,
    log: log.instantiations,
  });

  function createRequire(root, wx) {
    const modules = {};
    const globals = { wx, WXWebAssembly: root === pluginRoot ? WXWebAssembly : undefined, requirePlugin };
    const load = (file) => {
      if (modules[file]) return modules[file].exports;
      const module = modules[file] = { exports: {} };
      const names = Object.keys(globals);
      const wrapper = vm.runInContext(`(function (require, module, exports, ${names}) {${fs.readFileSync(file, 'utf8')}\n})`, context, { filename: file });
      wrapper((name) => load(resolve(root, path.dirname(file), name)), module, module.exports, ...names.map((name) => globals[name]));
      return module.exports;
    };
    return (name) => load(resolve(root, root, name));
  }

  function requirePlugin(name) {
    if (name !== alias) throw new Error(`plugin "${name}" is not declared in app.json`);
    const { main } = JSON.parse(fs.readFileSync(path.join(pluginRoot, 'plugin.json'), 'utf8'));
    return pluginRequire('./' + main);
  }

  /** One worker at a time, in a context of its own; messages are copies. */
  function startWorker(file, settings) {
    if (program.worker && !program.worker.ended) throw new Error('createWorker:fail exceed max concurrent worker');
    const bytes = readPackage(pluginRoot, pluginFiles, '/' + file);
    if (!bytes) throw new Error(`createWorker:fail no such file "${file}"`);
    const state = program.worker = { ended: false, settings, received: [] };
    const copy = (message) => v8.deserialize(v8.serialize(message));
    const listeners = { inside: [], outside: [], killed: [] };
    const inside = createContext(later, timeScale, log);
    const tell = (to, message) => {
      const copied = copy(message);
      later(() => { if (!state.ended && !(faults.workerHangs && to === listeners.outside)) to.forEach((listener) => listener(copied)); }, 1);
    };
    inside.WXWebAssembly = WXWebAssembly;
    inside.worker = { onMessage: (listener) => { listeners.inside.push(listener); }, postMessage: (message) => tell(listeners.outside, message) };
    vm.runInContext(Buffer.from(bytes).toString('utf8'), inside, { filename: file });
    state.kill = () => {
      state.ended = true;
      if (!faults.quietKill) listeners.killed.forEach((listener) => listener());
    };
    return {
      postMessage: (message) => {
        state.received.push(message.call);
        tell(listeners.inside, message);
      },
      onMessage: (listener) => { listeners.outside.push(listener); },
      onProcessKilled: (listener) => { listeners.killed.push(listener); },
      terminate: () => { state.ended = true; },
    };
  }

  const hostWx = createWx(hostRoot, {}, userFiles, false);
  const pluginRequire = createRequire(pluginRoot, createWx(pluginRoot, pluginFiles, {}, true));
  const hostRequire = hostRoot && createRequire(hostRoot, hostWx);
  return Object.assign(program, {
    /** The host's wx. */
    wx: hostWx,
    requirePlugin,
    /** A module of the host, by its path from the package's root. */
    requireHost: (name) => hostRequire('./' + name),
    /** The host's user files, and the plugin's storage. */
    user: userFiles,
    storage: pluginStorage,
    /** Runs a script in the logic layer: for tests of what is there. */
    run: (code) => vm.runInContext(code, context),
    /** What happened: instantiations {path, error}, requests {url, way, result, atOnce}, reads {path, position, length}. */
    log,
  });
}

function createContext(later, timeScale, log) {
  const context = vm.createContext({
    console: ['log', 'info', 'warn', 'error', 'debug'].reduce((all, name) => ({ ...all, [name]: (...values) => { log.console.push([name, ...values]); } }), {}),
    setTimeout: later,
    clearTimeout,
    setInterval: (callback, ms, ...values) => setInterval(callback, ms / timeScale, ...values),
    clearInterval,
  }, { codeGeneration: { strings: false, wasm: false } });
  vm.runInContext(ABSENT.map((name) => `delete globalThis.${name};`).join(''), context);
  return context;
}

/** WeChat's require: relative paths inside the package, and the helpers that WeChat's compiler to ES5 puts at its root. */
function resolve(root, directory, name) {
  if (/^@babel\/runtime\//.test(name)) return resolve(root, root, './' + name);
  if (!/^\.\.?\//.test(name)) throw new Error(`module '${name}' is not defined, require args is '${name}'`);
  let file = path.join(directory, name);
  if (!/\.js(on)?$/.test(file)) file += '.js';
  if (path.relative(root, file).startsWith('..') || !fs.existsSync(file)) throw new Error(`module '${name}' is not defined, require args is '${name}'`);
  return file;
}

function readPackage(root, added, name) {
  const relative = name.replace(/^\//, '');
  if (added['/' + relative]) return added['/' + relative];
  if (!root) return undefined;
  const file = path.join(root, relative);
  return fs.existsSync(file) && fs.statSync(file).isFile() ? new Uint8Array(fs.readFileSync(file)) : undefined;
}

function toBytes(files) {
  const result = {};
  for (const name of Object.keys(files || {})) {
    result[name] = typeof files[name] === 'string' ? new Uint8Array(fs.readFileSync(files[name])) : files[name];
  }
  return result;
}

module.exports = { createMiniProgram };
